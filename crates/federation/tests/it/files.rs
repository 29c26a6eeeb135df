//! Files across servers: whole, once, in any order with their posts, and never what a side does not want.

use bytes::Bytes;
use rialto_app::{Settings, files, posts};
use rialto_model::{ChannelId, FileId, FileInfo, PeerProfile, Post};
use tokio::io::AsyncReadExt;

use crate::harness::{Fault, Network, Pair, Person, Server, connect, eventually, share};

/// Bytes that differ everywhere.
fn noise(length: usize) -> Bytes {
    let mut state = 1u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

async fn upload(server: &Server, who: &Person, channel: &ChannelId, name: &str, bytes: &Bytes) -> FileInfo {
    files::take_bytes(server.app(), &who.actor, channel, name, bytes.clone()).await.unwrap()
}

async fn post_with(server: &Server, who: &Person, channel: &ChannelId, ids: Vec<FileId>) -> Post {
    server.tick();
    let new = posts::NewPost { message: "see this".to_owned(), file_ids: ids, ..Default::default() };
    posts::create(server.app(), &who.actor, channel, new).await.unwrap()
}

async fn read(server: &Server, who: &Person, file: &FileId) -> Option<Vec<u8>> {
    let (_, mut open) = files::open(server.app(), &who.actor, file).await.ok()?;
    let mut all = Vec::new();
    open.read_to_end(&mut all).await.unwrap();
    Some(all)
}

/// SC-006, SC-014.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_the_same_on_both_sides_and_stay_when_the_other_is_gone() {
    let pair = Pair::new().await;
    let bytes = noise(3 << 20);
    let file = upload(&pair.alpha, &pair.ann, &pair.channel, "map.bin", &bytes).await;
    let small = upload(&pair.alpha, &pair.ann, &pair.channel, "note.txt", &Bytes::from_static(b"note")).await;
    let post = post_with(&pair.alpha, &pair.ann, &pair.channel, vec![file.id, small.id]).await;
    let copy = pair.beta.arrives(&post.id).await;
    assert_eq!(copy.file_ids, [file.id, small.id]);
    for (id, expected) in [(file.id, bytes.as_ref()), (small.id, b"note".as_slice())] {
        let held = eventually("the file arrives", async || read(&pair.beta, &pair.bob, &id).await).await;
        assert!(held == expected, "{} bytes of {}", held.len(), expected.len());
    }
    let back = upload(&pair.beta, &pair.bob, &pair.channel, "answer.txt", &Bytes::from_static(b"answer")).await;
    let reply = post_with(&pair.beta, &pair.bob, &pair.channel, vec![back.id]).await;
    pair.alpha.arrives(&reply.id).await;
    let held = eventually("the answer arrives", async || read(&pair.alpha, &pair.ann, &back.id).await).await;
    assert_eq!(held, b"answer");
    pair.network.fail(|_| Some(Fault::Refused));
    assert!(read(&pair.beta, &pair.bob, &file.id).await.is_some());
}

/// E-062.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_transfer_goes_on_where_it_ended() {
    let pair = Pair::new().await;
    let bytes = noise(2 << 20);
    let mut cuts = 0;
    pair.network.fail(move |sent| {
        (sent.topic == "file" && cuts < 2).then(|| {
            cuts += 1;
            Fault::Cut(700_000)
        })
    });
    let file = upload(&pair.alpha, &pair.ann, &pair.channel, "map.bin", &bytes).await;
    let post = post_with(&pair.alpha, &pair.ann, &pair.channel, vec![file.id]).await;
    // The message does not wait.
    pair.beta.arrives(&post.id).await;
    let held = eventually("the file arrives", async || {
        pair.network.clock.advance(200);
        // Its worker sleeps by the wall's clock; asking again is what a contact does.
        pair.alpha.app().bus.queue_files(pair.remote);
        read(&pair.beta, &pair.bob, &file.id).await
    })
    .await;
    assert!(held == bytes);
    let lengths: Vec<u64> = pair
        .network
        .log()
        .iter()
        .filter(|sent| sent.topic == "file")
        .map(|sent| sent.payload["length"].as_u64().unwrap())
        .collect();
    assert_eq!(lengths.len(), 3, "{lengths:?}");
    assert!(lengths[1] < lengths[0] && lengths[2] < lengths[1], "each went on where the last one ended: {lengths:?}");
}

/// M-17, E-060, E-061.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_side_does_not_want_stays_out_and_its_message_arrives() {
    let pair = Pair::new().await;
    let mut settings = Settings::clone(&pair.beta.app().settings.get());
    settings.files.max_bytes = 1_000;
    settings.files.blocked.insert("exe".to_owned());
    pair.beta.app().settings.set(settings);
    let mut told = pair.alpha.app().bus.volatile();
    let large = upload(&pair.alpha, &pair.ann, &pair.channel, "large.bin", &noise(2_000)).await;
    let blocked = upload(&pair.alpha, &pair.ann, &pair.channel, "setup.EXE", &noise(10)).await;
    let fine = upload(&pair.alpha, &pair.ann, &pair.channel, "fine.txt", &noise(10)).await;
    let post = post_with(&pair.alpha, &pair.ann, &pair.channel, vec![large.id, blocked.id, fine.id]).await;
    pair.beta.arrives(&post.id).await;
    eventually("the one that fits arrives", async || read(&pair.beta, &pair.bob, &fine.id).await).await;
    let mut texts = Vec::new();
    while texts.len() < 2 {
        if let rialto_app::Volatile::Ephemeral { user, message, .. } = told.recv().await.unwrap() {
            assert_eq!(user, pair.ann.user.id);
            texts.push(message);
        }
    }
    texts.sort();
    assert!(texts[0].contains("large.bin") && texts[0].contains("too large"), "{texts:?}");
    assert!(texts[1].contains("setup.EXE") && texts[1].contains("blocked"), "{texts:?}");
    for id in [large.id, blocked.id] {
        assert!(read(&pair.beta, &pair.bob, &id).await.is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mattermost_gets_files_before_their_post_and_other_posts_meanwhile() {
    let pair = Pair::new().await;
    // Beta is taken for a Mattermost until it is pinged again, a minute later.
    pair.alpha.take_for(&pair.remote, PeerProfile::Mattermost11).await;
    pair.network.fail(|sent| (sent.topic == "file").then_some(Fault::Status(503)));
    let file = upload(&pair.alpha, &pair.ann, &pair.channel, "map.bin", &noise(100)).await;
    let post = post_with(&pair.alpha, &pair.ann, &pair.channel, vec![file.id]).await;
    let later = pair.alpha.post(&pair.ann, &pair.channel, "later").await;
    pair.beta.arrives(&later.id).await;
    assert!(pair.beta.post_row(&post.id).await.is_none(), "it waits for its file");
    pair.network.heal();
    eventually("the post follows its file", async || {
        pair.network.clock.advance(200);
        pair.alpha.app().bus.queue_files(pair.remote);
        pair.beta.post_row(&post.id).await
    })
    .await;
    assert_eq!(read(&pair.beta, &pair.bob, &file.id).await.unwrap(), noise(100));
}

/// E-064.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_reaches_a_third_server_through_the_home() {
    let network = Network::new();
    let (home, beta, gamma) = (
        Server::new(&network, "alpha", 1).await,
        Server::new(&network, "beta", 2).await,
        Server::new(&network, "gamma", 3).await,
    );
    let (ann, bob, cid) = (home.person("ann").await, beta.person("bob").await, gamma.person("cid").await);
    let (to_beta, to_gamma) = (connect(&home, &beta).await, connect(&home, &gamma).await);
    let channel = home.channel("plans", &[&ann]).await;
    share(&home, &beta, &channel, &to_beta).await;
    share(&home, &gamma, &channel, &to_gamma).await;
    beta.join(&bob, &channel).await;
    gamma.join(&cid, &channel).await;
    let bytes = noise(50_000);
    let file = upload(&beta, &bob, &channel, "map.bin", &bytes).await;
    let post = post_with(&beta, &bob, &channel, vec![file.id]).await;
    gamma.arrives(&post.id).await;
    let held = eventually("the file arrives", async || read(&gamma, &cid, &file.id).await).await;
    assert!(held == bytes);
    // Taken out of the message, it is gone everywhere (E-146).
    beta.tick();
    let patch = posts::PostPatch { file_ids: Some(Vec::new()), ..Default::default() };
    posts::edit(beta.app(), &bob.actor, &post.id, patch).await.unwrap();
    for (server, person) in [(&home, &ann), (&gamma, &cid)] {
        eventually("the file is gone", async || read(server, person, &file.id).await.is_none().then_some(())).await;
    }
}

/// E-147: bytes that crossed once over a connection do not cross again for another channel, and who does not
/// belong to that one does not see it there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_bytes_cross_a_connection_once() {
    let pair = Pair::new().await;
    let private = rialto_app::channels::NewChannel {
        team: pair.alpha.team,
        kind: rialto_model::ChannelKind::Private,
        name: "another".to_owned(),
        display_name: "Another".to_owned(),
        header: String::new(),
        purpose: String::new(),
    };
    let other = rialto_app::channels::create(pair.alpha.app(), &pair.alpha.admin.actor, private).await.unwrap().id;
    let add = async |server: &Server, person: &Person| {
        let (app, admin) = (server.app(), &server.admin.actor);
        rialto_app::channel_members::add(app, admin, &other, &[person.user.id]).await.unwrap();
    };
    add(&pair.alpha, &pair.ann).await;
    share(&pair.alpha, &pair.beta, &other, &pair.remote).await;
    let bella = pair.beta.person("bella").await;
    add(&pair.beta, &bella).await;
    let bytes = noise(300_000);
    let first = upload(&pair.alpha, &pair.ann, &pair.channel, "map.bin", &bytes).await;
    post_with(&pair.alpha, &pair.ann, &pair.channel, vec![first.id]).await;
    eventually("the file arrives", async || read(&pair.beta, &pair.bob, &first.id).await).await;
    let crossed = |pair: &Pair| pair.network.log().iter().filter(|sent| sent.topic == "file").count();
    assert_eq!(crossed(&pair), 1);
    let again = upload(&pair.alpha, &pair.ann, &other, "forwarded.bin", &bytes).await;
    let post = post_with(&pair.alpha, &pair.ann, &other, vec![again.id]).await;
    let held = eventually("it is there as well", async || read(&pair.beta, &bella, &again.id).await).await;
    assert!(held == bytes);
    assert_eq!(pair.beta.arrives(&post.id).await.file_ids, [again.id]);
    assert_eq!(crossed(&pair), 1, "the bytes were there");
    assert!(read(&pair.beta, &pair.bob, &again.id).await.is_none(), "he is not in the other channel");
    // Other bytes come over as ever.
    let different = upload(&pair.alpha, &pair.ann, &other, "map.bin", &noise(300_001)).await;
    post_with(&pair.alpha, &pair.ann, &other, vec![different.id]).await;
    eventually("the other file arrives", async || read(&pair.beta, &bella, &different.id).await).await;
    assert_eq!(crossed(&pair), 2);
}
