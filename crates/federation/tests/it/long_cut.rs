//! Twenty minutes without a network, on a virtual clock: everything done meanwhile on both sides is on both sides within
//! a minute of the network's return, in order and once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use bytes::Bytes;
use rialto_app::{Settings, direct_channels, files, posts};
use rialto_model::{ChannelId, FileId, Post, PostId, UserId};
use rialto_store::posts as post_rows;
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

use crate::harness::{Fault, Network, Person, Server, eventually, share, trust, virtual_clock};

const CUT: Duration = Duration::from_secs(20 * 60);
const CHANNELS: usize = 5;
const MESSAGES: usize = 300;
const EDITS: usize = 40;
const DELETIONS: usize = 20;
const REACTIONS: usize = 60;
const FILES: usize = 10;

struct Side {
    server: Server,
    /// Who writes, and somebody who has never written to the other side's second person.
    people: [Person; 2],
}

/// What has to be on both sides in the end.
#[derive(Default)]
struct Expected {
    /// By channel, in the order of writing: id and final text, None if it was deleted.
    said: BTreeMap<ChannelId, Vec<(PostId, Option<String>)>>,
    reactions: Vec<(PostId, UserId, &'static str)>,
    files: Vec<(FileId, Vec<u8>)>,
}

async fn side(network: &Arc<Network>, name: &'static str, seed: u64, begun: Instant) -> Side {
    let clock = virtual_clock(begun, Arc::new(AtomicI64::new(0)));
    let plain = |_: &mut Settings| {};
    let server = Server::virtually(network, name, seed, clock, plain).await;
    let people = [server.person(&format!("{name}-one")).await, server.person(&format!("{name}-two")).await];
    Side { server, people }
}

async fn write(server: &Server, who: &Person, channel: &ChannelId, text: &str, file_ids: Vec<FileId>) -> Post {
    let new = posts::NewPost { message: text.to_owned(), file_ids, ..Default::default() };
    posts::create(server.app(), &who.actor, channel, new).await.unwrap()
}

/// Every message of people in a channel, oldest first, those that were deleted without a text.
async fn holds(server: &Server, channel: &ChannelId) -> Vec<(PostId, Option<String>)> {
    let mut view = server.view().await;
    let page = post_rows::page(&mut view, channel, true, 0, 10_000).await.unwrap();
    let own = page.into_iter().rev().filter(|post| !post.is_system());
    own.map(|post| (post.id, post.gone_at().is_none().then_some(post.message))).collect()
}

async fn bytes_of(server: &Server, who: &Person, file: &FileId) -> Option<Vec<u8>> {
    let (_, mut open) = files::open(server.app(), &who.actor, file).await.ok()?;
    let mut all = Vec::new();
    open.read_to_end(&mut all).await.ok()?;
    Some(all)
}

impl Expected {
    /// What is not yet as it has to be; None once all is.
    async fn lacks(&self, side: &Side) -> Option<String> {
        let name = side.server.name;
        for (channel, said) in &self.said {
            let there = holds(&side.server, channel).await;
            // What was written and deleted during the cut never came, or came as deleted.
            let shown = |list: &[(PostId, Option<String>)]| -> Vec<(PostId, Option<String>)> {
                list.iter().filter(|(_, text)| text.is_some()).cloned().collect()
            };
            if shown(&there) != shown(said) {
                return Some(format!("{name} has {} of {} messages", shown(&there).len(), shown(said).len()));
            }
        }
        for (post, user, emoji) in &self.reactions {
            if !side.server.reactions(post).await.contains(&(*user, (*emoji).to_owned())) {
                return Some(format!("{name} lacks a reaction"));
            }
        }
        for (file, bytes) in &self.files {
            if bytes_of(&side.server, &side.people[0], file).await.as_ref() != Some(bytes) {
                return Some(format!("{name} lacks a file"));
            }
        }
        None
    }
}

/// SC-093, SC-094, SC-095, SC-096, E-035 to E-038, E-110: 300 messages, 40 edits, 20 deletions, 60 reactions, 10 files in
/// five channels, and direct messages, one conversation first opened during the cut.
#[tokio::test(start_paused = true)]
async fn a_cut_of_twenty_minutes_is_made_good_within_a_minute() {
    let begun = Instant::now();
    let network = Network::new();
    let sides = [side(&network, "alpha", 1, begun).await, side(&network, "beta", 2, begun).await];
    let [alpha, beta] = &sides;
    let remote = trust(&alpha.server, &beta.server).await;
    let mut channels = Vec::new();
    for n in 0..CHANNELS {
        // Both are at home somewhere.
        let (home, guest) = if n % 2 == 0 { (alpha, beta) } else { (beta, alpha) };
        let both: Vec<&Person> = home.people.iter().collect();
        let channel = home.server.channel(&format!("plans-{n}"), &both).await;
        share(&home.server, &guest.server, &channel, &remote).await;
        for person in &guest.people {
            guest.server.join(person, &channel).await;
        }
        channels.push(channel);
    }
    let mut expected = Expected::default();
    let mut old = Vec::new();
    for (n, channel) in channels.iter().enumerate() {
        let by = &sides[n % 2];
        let post = write(&by.server, &by.people[0], channel, &format!("before {n}"), Vec::new()).await;
        expected.said.entry(*channel).or_default().push((post.id, Some(post.message.clone())));
        old.push(post);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let known = beta.server.user(&alpha.people[0].user.id).await.expect("alpha's people are known to beta");
    let opened = direct_channels::open(beta.server.app(), &beta.people[0].actor, &beta.people[0].user.id, &known.id);
    let old_talk = opened.await.unwrap().id;
    let hello = write(&beta.server, &beta.people[0], &old_talk, "hello", Vec::new()).await;
    expected.said.entry(old_talk).or_default().push((hello.id, Some("hello".to_owned())));
    tokio::time::sleep(Duration::from_secs(30)).await;
    for side in &sides {
        assert_eq!(expected.lacks(side).await, None, "both begin alike");
    }

    network.fail(|_| Some(Fault::Refused));
    let cut = Instant::now();
    during(&sides, &channels, &mut expected, &old, old_talk).await;
    // Links lead to the same message over there (SC-096).
    let target = &old[0];
    let link =
        |side: &Side| format!("https://{}.example.org/{}-team/pl/{}", side.server.name, side.server.name, target.id);
    let linking =
        write(&alpha.server, &alpha.people[0], &channels[0], &format!("see {}", link(alpha)), Vec::new()).await;
    assert!(cut.elapsed() < CUT, "all that took {:?}", cut.elapsed());
    tokio::time::sleep(CUT - cut.elapsed()).await;
    for (channel, said) in &expected.said {
        let whole = |list: &[(PostId, Option<String>)]| list.len() == said.len();
        let (here, there) = (holds(&alpha.server, channel).await, holds(&beta.server, channel).await);
        assert!(!(whole(&here) && whole(&there)), "nothing got through");
    }

    network.heal();
    let healed = Instant::now();
    let whole = Duration::from_secs(60);
    loop {
        let mut lacking = Vec::new();
        for side in &sides {
            let mut wanted = Expected { said: expected.said.clone(), ..Expected::default() };
            wanted.reactions.clone_from(&expected.reactions);
            wanted.files.clone_from(&expected.files);
            let read = format!("see {}", link(side));
            wanted.said.get_mut(&channels[0]).unwrap().push((linking.id, Some(read)));
            lacking.extend(wanted.lacks(side).await);
        }
        if lacking.is_empty() {
            break;
        }
        assert!(healed.elapsed() < whole, "after {:?}: {lacking:?}", healed.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("made good within {:?}", healed.elapsed());
    counted(&sides, &expected, &linking).await;
}

/// What both sides do during the cut, spread over most of it.
async fn during(sides: &[Side; 2], channels: &[ChannelId], expected: &mut Expected, old: &[Post], old_talk: ChannelId) {
    let pause = Duration::from_millis(2_000);
    let mut said: Vec<(usize, Post)> = Vec::new();
    for n in 0..MESSAGES {
        let (place, channel) = (n % 2, channels[(n / 2) % CHANNELS]);
        let by = &sides[place];
        let mut file_ids = Vec::new();
        if n % (MESSAGES / FILES) == 7 {
            let bytes: Vec<u8> = (0..50_000usize).map(|at| u8::try_from((at * 7 + n) % 251).unwrap()).collect();
            let name = format!("file-{n}.bin");
            let file =
                files::take_bytes(by.server.app(), &by.people[0].actor, &channel, &name, Bytes::from(bytes.clone()));
            let file = file.await.unwrap();
            file_ids.push(file.id);
            expected.files.push((file.id, bytes));
        }
        let post = write(&by.server, &by.people[0], &channel, &format!("message {n}"), file_ids).await;
        expected.said.entry(channel).or_default().push((post.id, Some(post.message.clone())));
        said.push((place, post));
        tokio::time::sleep(pause).await;
    }
    assert_eq!(expected.files.len(), FILES);
    let change = |expected: &mut Expected, post: &Post, text: Option<String>| {
        let list = expected.said.get_mut(&post.channel_id).unwrap();
        list.iter_mut().find(|(id, _)| *id == post.id).unwrap().1 = text;
    };
    // Some of what was there before, and some of what is new; some of it more than once.
    for n in 0..EDITS {
        let (place, post) = if n < CHANNELS { (n % 2, &old[n]) } else { (said[n * 5].0, &said[n * 5].1) };
        let by = &sides[place];
        by.server.edit(&by.people[0], &post.id, &format!("draft {n}")).await;
        let text = format!("edited {n}");
        by.server.edit(&by.people[0], &post.id, &text).await;
        change(expected, post, Some(text));
        tokio::time::sleep(pause).await;
    }
    for n in 0..DELETIONS {
        let (place, post) = &said[n * 5 + 201];
        if post.file_ids.is_empty() {
            sides[*place].server.delete(&sides[*place].people[0], &post.id).await;
            change(expected, post, None);
        }
        tokio::time::sleep(pause).await;
    }
    for n in 0..REACTIONS {
        // Each side to its own, for nothing else has come yet; and to what was there before.
        let (place, id) = if n < CHANNELS { (n % 2, old[n].id) } else { (said[n].0, said[n].1.id) };
        let by = &sides[place];
        by.server.react(&by.people[0], &id, "rocket").await;
        by.server.react(&by.people[1], &id, "wave").await;
        by.server.unreact(&by.people[1], &id, "wave").await;
        expected.reactions.push((id, by.people[0].user.id, "rocket"));
        tokio::time::sleep(pause).await;
    }
    let [alpha, beta] = sides;
    for (by, text) in [(alpha, "are you there?"), (beta, "are *you* there?")] {
        let post = write(&by.server, &by.people[0], &old_talk, text, Vec::new()).await;
        expected.said.entry(old_talk).or_default().push((post.id, Some(text.to_owned())));
        tokio::time::sleep(pause).await;
    }
    // A conversation nobody had opened before.
    let there = beta.people[1].user.id;
    let other = alpha.server.user(&there).await.expect("beta's people are known to alpha");
    let own = &alpha.people[1];
    let talk = direct_channels::open(alpha.server.app(), &own.actor, &own.user.id, &other.id).await.unwrap().id;
    let post = write(&alpha.server, own, &talk, "we have not met", Vec::new()).await;
    expected.said.entry(talk).or_default().push((post.id, Some(post.message.clone())));
}

/// Counters say what there is: what was deleted before it came was never a message on the other side.
async fn counted(sides: &[Side; 2], expected: &Expected, linking: &Post) {
    for side in sides {
        for (channel, said) in &expected.said {
            let mut view = side.server.view().await;
            let mut counted = 0;
            for (id, text) in said {
                let row = post_rows::get(&mut view, id).await.unwrap();
                let written_here = row.as_ref().is_some_and(|row| row.remote_id.is_none());
                counted += i64::from(text.is_some() || written_here);
            }
            counted += i64::from(*channel == linking.channel_id);
            drop(view);
            let row = side.server.channel_row(channel).await.unwrap();
            assert_eq!(row.total_msg_count, counted, "{} counts {}", side.server.name, row.name);
        }
    }
}

/// E-033, E-034, SC-093: a cut of less than five minutes is told to nobody, one of more is, on both sides, once; either is
/// made good by itself.
#[tokio::test(start_paused = true)]
async fn a_cut_is_told_after_five_minutes_and_not_before() {
    let begun = Instant::now();
    let network = Network::new();
    let sides = [side(&network, "alpha", 1, begun).await, side(&network, "beta", 2, begun).await];
    let [alpha, beta] = &sides;
    let remote = trust(&alpha.server, &beta.server).await;
    let channel = alpha.server.channel("plans", &[&alpha.people[0]]).await;
    share(&alpha.server, &beta.server, &channel, &remote).await;
    beta.server.join(&beta.people[0], &channel).await;
    for (seconds, told) in [(290, 0), (310, 2)] {
        // The clock of an outage begins with the last ping that got through.
        let pings = network.log().iter().filter(|sent| sent.topic == "ping").count();
        eventually("both have just been reached", async || {
            let log = network.log();
            let since: Vec<_> = log.iter().filter(|sent| sent.topic == "ping").skip(pings).collect();
            (["alpha", "beta"].iter().all(|name| since.iter().any(|sent| sent.from == *name))).then_some(())
        })
        .await;
        network.fail(|_| Some(Fault::Refused));
        let said = write(&alpha.server, &alpha.people[0], &channel, &format!("after {seconds} s"), Vec::new()).await;
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        network.heal();
        beta.server.arrives(&said.id).await;
        for side in &sides {
            eventually("as much is told as is to be", async || {
                let notices = side.server.notices(&channel).await;
                let found = notices.iter().filter(|text| text.contains("The connection to")).count();
                assert!(found <= told, "{seconds} s: {notices:?}");
                (found == told).then_some(())
            })
            .await;
        }
    }
}
