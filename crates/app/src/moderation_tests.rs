//! Moderating a channel: what it takes from people here, and that it takes nothing from people elsewhere.

use rialto_model::{ChannelId, DomainEvent, Millis, Moderated, Moderation, Permission, PostId, Whom};
use rialto_store::Db;
use rialto_store::testing::both;

use crate::access::Denied;
use crate::channels::Error;
use crate::moderation::{self, Change};
use crate::posts::{self, NewPost, PostPatch};
use crate::sharing_scene::{Person, Scene, id, incoming_post, incoming_reaction, with_posts, with_reactions};
use crate::{channel_members, reactions};

async fn set(scene: &Scene, channel: &ChannelId, whom: Whom, what: Moderated, allowed: bool) -> Moderation {
    scene.tick();
    let change = Change { whom, what, allowed };
    moderation::patch(&scene.app, &scene.admin.actor, channel, [change]).await.unwrap()
}

fn text(message: &str) -> NewPost {
    NewPost { message: message.to_owned(), ..NewPost::default() }
}

/// What of the four somebody may do in our channel, by doing it: writing, reacting, adding somebody.
async fn may(scene: &Scene, who: &Person, post: &PostId, newcomer: &Person) -> [bool; 3] {
    scene.tick();
    let (app, actor) = (&scene.app, &who.actor);
    let wrote = match posts::create(app, actor, &scene.channel, text("hello")).await {
        Ok(_) => true,
        Err(posts::Error::Denied(Denied::Forbidden(Permission::CreatePost))) => false,
        Err(error) => panic!("{error}"),
    };
    let reacted = match reactions::add(app, actor, post, "wave").await {
        Ok(_) => true,
        Err(reactions::Error::Denied(Denied::Forbidden(Permission::AddReaction))) => false,
        Err(error) => panic!("{error}"),
    };
    let added = match channel_members::add(app, actor, &scene.channel, &[newcomer.id]).await {
        Ok(_) => true,
        Err(channel_members::Error::Denied(Denied::Forbidden(Permission::ManagePublicChannelMembers))) => false,
        Err(error) => panic!("{error}"),
    };
    [wrote, reacted, added]
}

/// SC-018, behaviour 4.4.1: each thing is taken from ordinary members at once, by itself, and comes back; administrators
/// of the channel and of the system keep it.
#[tokio::test]
async fn each_thing_is_taken_by_itself_and_comes_back() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let post = scene.post(&scene.bob, "first").await;
        channel_members::set_roles(&scene.app, &scene.admin.actor, &scene.channel, &scene.bob.id, true).await.unwrap();
        for (place, what) in
            [Moderated::CreatePost, Moderated::CreateReactions, Moderated::ManageMembers].into_iter().enumerate()
        {
            let newcomer = scene.person(&format!("newcomer{place}")).await;
            set(&scene, &scene.channel, Whom::Members, what, false).await;
            let mut expected = [true; 3];
            expected[place] = false;
            assert_eq!(may(&scene, &scene.ann, &post.id, &newcomer).await, expected, "{what:?}");
            for exempt in [&scene.bob, &scene.admin] {
                assert_eq!(may(&scene, exempt, &post.id, &newcomer).await, [true; 3], "{what:?}");
            }
            set(&scene, &scene.channel, Whom::Members, what, true).await;
            assert_eq!(may(&scene, &scene.ann, &post.id, &newcomer).await, [true; 3], "{what:?}");
        }
        // What is taken from guests is theirs alone.
        set(&scene, &scene.channel, Whom::Guests, Moderated::CreatePost, false).await;
        assert_eq!(may(&scene, &scene.ann, &post.id, &scene.bob).await, [true; 3]);
    })
    .await;
}

/// SC-018: what goes with a thing goes with it: pinning with writing, taking a reaction back with reacting, removing
/// with adding. Joining a public channel and leaving one stay.
#[tokio::test]
async fn what_goes_with_a_thing_goes_with_it() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let app = &scene.app;
        let own = scene.post(&scene.ann, "mine").await;
        reactions::add(app, &scene.ann.actor, &own.id, "wave").await.unwrap();
        for what in Moderated::ALL {
            set(&scene, &scene.channel, Whom::Members, what, false).await;
        }
        let pinned = posts::set_pinned(app, &scene.ann.actor, &own.id, true).await.unwrap_err();
        assert!(matches!(pinned, posts::Error::Denied(Denied::Forbidden(Permission::CreatePost))), "{pinned}");
        let back = reactions::remove(app, &scene.ann.actor, &scene.ann.id, &own.id, "wave").await.unwrap_err();
        assert!(matches!(back, reactions::Error::Denied(Denied::Forbidden(Permission::RemoveReaction))), "{back}");
        let removed = channel_members::remove(app, &scene.ann.actor, &scene.channel, &scene.bob.id).await.unwrap_err();
        assert!(matches!(removed, channel_members::Error::Denied(Denied::Forbidden(_))), "{removed}");
        let carol = scene.person("carol").await;
        scene.join(&carol, &scene.channel).await;
        channel_members::remove(app, &carol.actor, &scene.channel, &carol.id).await.unwrap();
        posts::delete(app, &scene.ann.actor, &own.id).await.unwrap();
    })
    .await;
}

/// SC-018, SC-106: administrators moderate, nobody else; a change is told once and noted, none is neither.
#[tokio::test]
async fn administrators_moderate_and_it_is_noted() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        channel_members::set_roles(&scene.app, &scene.admin.actor, &scene.channel, &scene.ann.id, true).await.unwrap();
        let change = Change { whom: Whom::Members, what: Moderated::CreatePost, allowed: false };
        let refused = moderation::patch(&scene.app, &scene.ann.actor, &scene.channel, [change]).await.unwrap_err();
        assert!(matches!(refused, Error::Denied(Denied::Forbidden(_))), "{refused}");
        let refused = moderation::get(&scene.app, &scene.ann.actor, &scene.channel).await.unwrap_err();
        assert!(matches!(refused, Error::Denied(Denied::Forbidden(_))), "{refused}");
        let head = scene.head().await;
        let set_to = set(&scene, &scene.channel, Whom::Members, Moderated::CreatePost, false).await;
        assert_eq!(set(&scene, &scene.channel, Whom::Members, Moderated::CreatePost, false).await, set_to);
        assert_eq!(moderation::get(&scene.app, &scene.admin.actor, &scene.channel).await.unwrap(), set_to);
        let told: Vec<DomainEvent> = scene.recorded_since(head).await.into_iter().map(|one| one.event).collect();
        assert_eq!(told, [DomainEvent::ChannelModerated { channel: scene.channel }]);
        let sql = "SELECT actor || ' ' || result || ' ' || channel_id || ' ' || detail FROM audit WHERE action = 'moderate_channel'";
        let noted: Vec<String> = scene.view().await.fetch_all(sql, &[]).await.unwrap();
        let detail = "plans: members without create_post; guests unrestricted";
        assert_eq!(noted, [format!("{} ok {} {detail}", scene.admin.id, scene.channel)]);
        let direct = crate::direct_channels::open(&scene.app, &scene.admin.actor, &scene.admin.id, &scene.ann.id).await;
        let refused = moderation::patch(&scene.app, &scene.admin.actor, &direct.unwrap().id, [change]).await;
        assert!(matches!(refused, Err(Error::DirectOrGroup)));
    })
    .await;
}

/// SC-019, behaviour 4.4: people of other organisations write and react in a channel where members here may do neither;
/// a moderation here is no word to anybody elsewhere.
#[tokio::test]
async fn people_elsewhere_are_not_moderated_from_here() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let peer = scene.peer("globex").await;
        scene.share(&peer).await;
        scene.guest(&peer, 1).await;
        let said = scene.post(&scene.ann, "before").await;
        let head = scene.head().await;
        for what in Moderated::ALL {
            set(&scene, &scene.channel, Whom::Members, what, false).await;
        }
        assert!(scene.changes(&peer, head).await.is_empty(), "nothing of it travels");
        let outcome = scene.take(&peer, with_posts([incoming_post(10, 1)])).await;
        assert_eq!(outcome.refused_posts, []);
        assert_eq!(scene.row(&id(10)).await.unwrap().user_id, id(1));
        scene.take(&peer, with_reactions([incoming_reaction(said.id, 1, "wave", 50)])).await;
        assert_eq!(reactions::list(&scene.app, &scene.ann.actor, &said.id).await.unwrap().len(), 1);
    })
    .await;
}

async fn mentions_of(scene: &Scene, who: &Person) -> i64 {
    channel_members::get(&scene.app, &who.actor, &scene.channel, &who.id).await.unwrap().mention_count
}

/// SC-018, behaviour 3.4: who may not call the channel calls nobody, here or elsewhere; the text stays.
#[tokio::test]
async fn who_may_not_call_everybody_calls_nobody() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        set(&scene, &scene.channel, Whom::Members, Moderated::UseChannelMentions, false).await;
        let silent = scene.post(&scene.ann, "@channel @bob look").await;
        assert_eq!((silent.message.as_str(), mentions_of(&scene, &scene.admin).await), ("@channel @bob look", 0));
        assert_eq!(mentions_of(&scene, &scene.bob).await, 1, "whoever is named is called");
        assert_eq!(silent.props, r#"{"mentionHighlightDisabled":true}"#, "so others hear of it");
        // The mark says what is so, whatever the client says.
        let edit = PostPatch { message: Some("look".to_owned()), ..PostPatch::default() };
        assert_eq!(posts::edit(&scene.app, &scene.ann.actor, &silent.id, edit).await.unwrap().props, "{}");
        let loud = scene.post(&scene.admin, "@channel look").await;
        assert_eq!((loud.props.as_str(), mentions_of(&scene, &scene.bob).await), ("{}", 2));
    })
    .await;
}

/// E-078, behaviour 3.4: somebody elsewhere calls people here unless their own server or the moderation here says no.
#[tokio::test]
async fn a_call_from_elsewhere_follows_both_sides_rules() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let peer = scene.peer("globex").await;
        scene.share(&peer).await;
        scene.guest(&peer, 1).await;
        let call = async |n: u128, props: &str, named: Option<Vec<_>>| {
            let mut post = incoming_post(n, 1);
            post.message = "@channel look".to_owned();
            post.props = props.to_owned();
            post.create_at = Millis(scene.app.clock.now().0);
            post.mentioned = named;
            scene.take(&peer, with_posts([post])).await;
            assert_eq!(scene.row(&id(n)).await.unwrap().message, "@channel look");
            mentions_of(&scene, &scene.bob).await
        };
        assert_eq!(call(10, "{}", None).await, 1);
        assert_eq!(call(11, r#"{"mentionHighlightDisabled":true}"#, None).await, 1, "their server says no");
        set(&scene, &scene.channel, Whom::Members, Moderated::UseChannelMentions, false).await;
        assert_eq!(call(12, "{}", None).await, 1, "we say no");
        assert_eq!(call(13, "{}", Some(Vec::new())).await, 1);
        set(&scene, &scene.channel, Whom::Members, Moderated::UseChannelMentions, true).await;
        assert_eq!(call(14, "{}", Some(Vec::new())).await, 2);
    })
    .await;
}

/// SC-018, behaviour 4.3: a copy is moderated like any channel. No moderation opens one that its home shares read-only,
/// and when the share has ended, the copy's own moderation is what holds.
#[tokio::test]
async fn a_read_only_copy_stays_read_only() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let peer = scene.peer("globex").await;
        let copy = scene.copy(&peer, id(500), true).await.id;
        let write = async || {
            scene.tick();
            posts::create(&scene.app, &scene.ann.actor, &copy, text("may I?")).await
        };
        set(&scene, &copy, Whom::Members, Moderated::CreatePost, true).await;
        assert!(matches!(write().await, Err(posts::Error::Denied(Denied::ReadOnlyShare))));
        set(&scene, &copy, Whom::Members, Moderated::CreatePost, false).await;
        let refused = posts::create(&scene.app, &scene.admin.actor, &copy, text("may I?")).await;
        assert!(matches!(refused, Err(posts::Error::Denied(Denied::ReadOnlyShare))), "administrators included");
        scene.tick();
        crate::connections::remove(&scene.app, &scene.admin.actor, &peer.id).await.unwrap();
        assert!(matches!(write().await, Err(posts::Error::Denied(Denied::Forbidden(Permission::CreatePost)))));
        set(&scene, &copy, Whom::Members, Moderated::CreatePost, true).await;
        write().await.unwrap();
    })
    .await;
}
