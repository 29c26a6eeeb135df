//! One server of a test: an application on a SQLite file, its sender and receiver, its reader of the log.

use std::sync::Arc;

use rialto_app::files::disk::Disk;
use rialto_app::settings::Policy;
use rialto_app::{App, Clock, IdSource, Keys, Settings};
use rialto_federation::{Federation, receive, service};
use rialto_model::{
    Channel, ChannelId, ChannelKind, PeerProfile, Post, PostId, Reaction, Recorded, RemoteCluster, RemoteId, Share,
    Team, TeamId, TeamKind, User, UserId,
};
use rialto_store::log::Tail;
use rialto_store::{Db, channel_members, channels, posts, reactions, remotes, shares, teams, users};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::network::{Network, Wire};
use super::people::{self, Person};

struct Running {
    app: App,
    federation: Federation,
    tail: JoinHandle<()>,
    service: JoinHandle<()>,
}

/// What a server stands on.
enum Ground {
    /// A SQLite file of its own.
    File,
    /// A database of the test's.
    Given(Db),
    /// A SQLite file of its own without threads, for tests whose time is virtual.
    Virtual,
}

impl Ground {
    fn open(&self, directory: &std::path::Path) -> Db {
        let path = directory.join("rialto.db");
        match self {
            Ground::File => Db::open_sqlite(&path).unwrap(),
            Ground::Given(db) => db.clone(),
            Ground::Virtual => Db::open_sqlite_inline(&path).unwrap(),
        }
    }
}

/// What SQLite keeps a database in.
const DATABASE_FILES: [&str; 3] = ["rialto.db", "rialto.db-wal", "rialto.db-shm"];

/// A server.
pub struct Server {
    /// Also its name among the others.
    pub name: &'static str,
    /// Its address.
    pub site: String,
    /// The clock of all servers.
    pub clock: Clock,
    /// Who may do everything.
    pub admin: Person,
    /// The team everybody is in.
    pub team: TeamId,
    network: Arc<Network>,
    directory: tempfile::TempDir,
    ground: Ground,
    settings: Settings,
    seed: u64,
    starts: u64,
    running: Option<Running>,
}

/// What people call a server.
pub fn title(name: &str) -> String {
    let mut title = name.to_owned();
    title[..1].make_ascii_uppercase();
    title
}

impl Server {
    /// A fresh server with an administrator and a team; `seed` decides its ids.
    pub async fn new(network: &Arc<Network>, name: &'static str, seed: u64) -> Self {
        Self::with(network, name, seed, |_| {}).await
    }

    /// The same with other settings.
    pub async fn with(
        network: &Arc<Network>,
        name: &'static str,
        seed: u64,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        Self::make(network, name, seed, (Ground::File, network.clock.clone()), change).await
    }

    /// A fresh server on an empty database of the test's.
    pub async fn on(network: &Arc<Network>, name: &'static str, seed: u64, db: Db) -> Self {
        Self::make(network, name, seed, (Ground::Given(db), network.clock.clone()), |_| {}).await
    }

    /// A fresh server whose time is the runtime's, which has to be paused, and whose clock may be set wrongly.
    pub async fn virtually(
        network: &Arc<Network>,
        name: &'static str,
        seed: u64,
        clock: Clock,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        Self::make(network, name, seed, (Ground::Virtual, clock), change).await
    }

    async fn make(
        network: &Arc<Network>,
        name: &'static str,
        seed: u64,
        (ground, clock): (Ground, Clock),
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let site = format!("https://{name}.example.org");
        let mut settings = Settings { site_url: Some(site.clone()), ..Settings::default() };
        settings.workspaces.enable_shared_channels = true;
        settings.workspaces.private_peers = Policy::Allow;
        change(&mut settings);
        let directory = tempfile::tempdir().unwrap();
        let place = (ground.open(directory.path()), Disk::new(directory.path().join("files")));
        let running = start(network, name, &site, place, &settings, &clock, IdSource::seeded(seed)).await;
        let team = make_team(&running.app, name).await;
        let admin = people::make(&running.app, &team, "admin", "system_user system_admin").await;
        Self {
            name,
            site,
            clock,
            admin,
            team,
            network: Arc::clone(network),
            directory,
            ground,
            settings,
            seed,
            starts: 1,
            running: Some(running),
        }
    }

    /// Its name for people.
    pub fn title(&self) -> String {
        title(self.name)
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the server runs")
    }

    pub fn app(&self) -> &App {
        &self.running().app
    }

    pub fn federation(&self) -> &Federation {
        &self.running().federation
    }

    /// Lets a little time pass, so that what follows is later than what was before.
    pub fn tick(&self) {
        self.clock.advance(10);
    }

    /// Stops at once: what its tasks were about is abandoned wherever it is; only the database stays.
    pub async fn stop(&mut self) {
        let Running { app, federation, tail, service } = self.running.take().expect("the server runs");
        self.network.detach(&self.site);
        tail.abort();
        let _ = tail.await;
        // Without its tail the service ends, and ends its senders wherever they are.
        let _ = service.await;
        drop((app, federation));
        if matches!(self.ground, Ground::Virtual) {
            // Lets go what was abandoned, or the file would be written by two.
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    /// True unless it was stopped.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Starts again on the same database.
    pub async fn start(&mut self) {
        assert!(self.running.is_none(), "the server runs already");
        // Another start must not make the ids of the first again.
        let ids = IdSource::seeded(self.seed + 1_000 * self.starts);
        self.starts += 1;
        let place = (self.ground.open(self.directory.path()), Disk::new(self.directory.path().join("files")));
        let running = start(&self.network, self.name, &self.site, place, &self.settings, &self.clock, ids).await;
        let admin = people::sign_in(&running.app, self.admin.user.clone()).await;
        self.admin = admin;
        self.running = Some(running);
    }

    /// A copy of its database, as a backup has it. It is stopped for that.
    pub async fn back_up(&mut self) -> tempfile::TempDir {
        self.stop().await;
        let copy = tempfile::tempdir().unwrap();
        for name in DATABASE_FILES {
            if self.directory.path().join(name).exists() {
                std::fs::copy(self.directory.path().join(name), copy.path().join(name)).unwrap();
            }
        }
        self.start().await;
        copy
    }

    /// Starts on a backup; `declared`: whoever does it knows that it has to be said.
    pub async fn restore(&mut self, backup: &tempfile::TempDir, declared: bool) {
        if self.is_running() {
            self.stop().await;
        }
        for name in DATABASE_FILES {
            let _ = std::fs::remove_file(self.directory.path().join(name));
            if backup.path().join(name).exists() {
                std::fs::copy(backup.path().join(name), self.directory.path().join(name)).unwrap();
            }
        }
        if declared {
            let db = self.ground.open(self.directory.path());
            let key = Keys::new([self.name.as_bytes()[0]; 32]);
            let ids = IdSource::seeded(self.seed + 500_000 * self.starts);
            rialto_app::recovery::declare(&db, &key, &self.clock, &ids).await.unwrap().expect("there is a server");
        }
        self.start().await;
    }

    /// Somebody of this server after it was started again.
    pub async fn again(&self, person: &Person) -> Person {
        people::sign_in(self.app(), person.user.clone()).await
    }

    /// A person of this server in its team.
    pub async fn person(&self, name: &str) -> Person {
        self.tick();
        people::make(self.app(), &self.team, name, "system_user").await
    }

    /// An integration's account of this server in its team.
    pub async fn bot(&self, name: &str) -> Person {
        self.tick();
        people::make_bot(self.app(), &self.team, name).await
    }

    /// A public channel made by the administrator, with these people in it.
    pub async fn channel(&self, name: &str, members: &[&Person]) -> ChannelId {
        self.tick();
        let new = rialto_app::channels::NewChannel {
            team: self.team,
            kind: ChannelKind::Public,
            name: name.to_owned(),
            display_name: name.to_owned(),
            header: "A header".to_owned(),
            purpose: "A purpose".to_owned(),
        };
        let channel = rialto_app::channels::create(self.app(), &self.admin.actor, new).await.unwrap();
        for person in members {
            self.join(person, &channel.id).await;
        }
        channel.id
    }

    /// Somebody of this server joins a channel.
    pub async fn join(&self, person: &Person, channel: &ChannelId) {
        self.tick();
        rialto_app::channel_members::add(self.app(), &person.actor, channel, &[person.user.id]).await.unwrap();
    }

    /// Somebody local who belongs to the channel.
    pub async fn speaker(&self, channel: &ChannelId) -> Person {
        let mut view = self.view().await;
        for member in channel_members::list(&mut view, channel, 0, 100).await.unwrap() {
            let user = users::get(&mut view, &member.user_id).await.unwrap().unwrap();
            if user.is_local() {
                drop(view);
                return people::sign_in(self.app(), user).await;
            }
        }
        panic!("nobody of {} is in the channel", self.name);
    }

    pub async fn post(&self, author: &Person, channel: &ChannelId, text: &str) -> Post {
        self.write(author, channel, text, None).await
    }

    pub async fn reply(&self, author: &Person, root: &Post, text: &str) -> Post {
        self.write(author, &root.channel_id, text, Some(root.root_id.unwrap_or(root.id))).await
    }

    async fn write(&self, author: &Person, channel: &ChannelId, text: &str, root_id: Option<PostId>) -> Post {
        self.tick();
        let new = rialto_app::posts::NewPost { message: text.to_owned(), root_id, ..Default::default() };
        rialto_app::posts::create(self.app(), &author.actor, channel, new).await.unwrap()
    }

    pub async fn edit(&self, author: &Person, post: &PostId, text: &str) -> Post {
        self.tick();
        let patch = rialto_app::posts::PostPatch { message: Some(text.to_owned()), ..Default::default() };
        rialto_app::posts::edit(self.app(), &author.actor, post, patch).await.unwrap()
    }

    pub async fn delete(&self, who: &Person, post: &PostId) {
        self.tick();
        rialto_app::posts::delete(self.app(), &who.actor, post).await.unwrap();
    }

    pub async fn react(&self, who: &Person, post: &PostId, emoji: &str) {
        self.tick();
        rialto_app::reactions::add(self.app(), &who.actor, post, emoji).await.unwrap();
    }

    pub async fn unreact(&self, who: &Person, post: &PostId, emoji: &str) {
        self.tick();
        rialto_app::reactions::remove(self.app(), &who.actor, &who.user.id, post, emoji).await.unwrap();
    }

    /// Something to read rows from.
    pub async fn view(&self) -> rialto_store::Snapshot {
        self.app().db.read(self.clock.now()).await.unwrap()
    }

    pub async fn post_row(&self, id: &PostId) -> Option<Post> {
        posts::get(&mut self.view().await, id).await.unwrap()
    }

    /// Waits for a post and returns its row.
    pub async fn arrives(&self, id: &PostId) -> Post {
        super::eventually("the post arrives", async || self.post_row(id).await).await
    }

    /// Waits until a post reads like this.
    pub async fn reads(&self, id: &PostId, text: &str) -> Post {
        super::eventually("the post reads as it should", async || {
            self.post_row(id).await.filter(|post| post.message == text)
        })
        .await
    }

    pub async fn user(&self, id: &UserId) -> Option<User> {
        users::get(&mut self.view().await, id).await.unwrap()
    }

    pub async fn channel_row(&self, id: &ChannelId) -> Option<Channel> {
        channels::get(&mut self.view().await, id).await.unwrap()
    }

    pub async fn remote(&self, id: &RemoteId) -> RemoteCluster {
        remotes::get(&mut self.view().await, id).await.unwrap().expect("the connection is known")
    }

    /// From now on this server takes a peer for something else than it says it is.
    pub async fn take_for(&self, id: &RemoteId, profile: PeerProfile) {
        let mut remote = self.remote(id).await;
        remote.profile = profile;
        remote.caps = String::new();
        let mut tx = self.app().db.begin(self.app().clock.now()).await.unwrap();
        remotes::update(&mut tx, &remote).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn live_share(&self, channel: &ChannelId, remote: &RemoteId) -> Option<Share> {
        shares::get_live(&mut self.view().await, channel, remote).await.unwrap()
    }

    /// Live reactions on a post: who, and what.
    pub async fn reactions(&self, post: &PostId) -> Vec<(UserId, String)> {
        let list: Vec<Reaction> = reactions::list(&mut self.view().await, &[*post]).await.unwrap();
        list.into_iter().map(|reaction| (reaction.user_id, reaction.emoji_name)).collect()
    }

    /// Usernames of a channel's members, in order.
    pub async fn members(&self, channel: &ChannelId) -> Vec<String> {
        let mut view = self.view().await;
        let mut names = Vec::new();
        for member in channel_members::list(&mut view, channel, 0, 1000).await.unwrap() {
            names.push(users::get(&mut view, &member.user_id).await.unwrap().unwrap().username);
        }
        names
    }

    /// What people wrote in a channel, oldest first: username and text, without what the server says and without what
    /// [`super::settle`] says.
    pub async fn texts(&self, channel: &ChannelId) -> Vec<(String, String)> {
        let mut view = self.view().await;
        let mut texts = Vec::new();
        for post in posts::page(&mut view, channel, false, 0, 1000).await.unwrap().into_iter().rev() {
            if !post.is_system() && !post.message.starts_with("settle ") {
                let author = users::get(&mut view, &post.user_id).await.unwrap().unwrap();
                texts.push((author.username, post.message));
            }
        }
        texts
    }

    /// What the server itself says in a channel, oldest first.
    pub async fn notices(&self, channel: &ChannelId) -> Vec<String> {
        let page = posts::page(&mut self.view().await, channel, false, 0, 1000).await.unwrap();
        page.into_iter().rev().filter(Post::is_system).map(|post| post.message).collect()
    }
}

async fn start(
    network: &Arc<Network>,
    name: &'static str,
    site: &str,
    (db, disk): (Db, Disk),
    settings: &Settings,
    clock: &Clock,
    ids: IdSource,
) -> Running {
    let key = Keys::new([name.as_bytes()[0]; 32]);
    let app = App::open(db.clone(), key, disk, settings.clone(), clock.clone(), ids).await.unwrap();
    let wire = Wire { network: Arc::clone(network), from: name };
    let federation = Federation::new(app.clone(), Arc::new(wire));
    network.attach(site, name, receive::routes(federation.clone()));
    let tail = Tail::at_head(db).await.unwrap();
    app.bus.settle(tail.cursor());
    let (sender, receiver) = mpsc::channel(64);
    let service = tokio::spawn(service::run(federation.clone(), receiver, name.to_owned()));
    let tail = tokio::spawn(follow(app.clone(), tail, sender));
    Running { app, federation, tail, service }
}

async fn follow(app: App, mut tail: Tail, events: mpsc::Sender<Arc<[Recorded]>>) {
    loop {
        let batch = tail.next().await.unwrap();
        rialto_app::sessions::forget(&app, &batch);
        if events.send(batch.into()).await.is_err() {
            return;
        }
        app.bus.settle(tail.cursor());
    }
}

async fn make_team(app: &App, name: &str) -> TeamId {
    let team = Team {
        id: app.ids.id(TeamId::from_random),
        create_at: app.clock.now(),
        update_at: app.clock.now(),
        delete_at: None,
        name: format!("{name}-team"),
        display_name: format!("Team of {name}"),
        description: String::new(),
        email: String::new(),
        kind: TeamKind::Open,
        allow_open_invite: true,
        invite_id: app.ids.token(),
    };
    let mut tx = app.db.begin(app.clock.now()).await.unwrap();
    teams::insert(&mut tx, &team).await.unwrap();
    tx.commit().await.unwrap();
    team.id
}
