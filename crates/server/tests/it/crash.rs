//! Killing one of two sharing servers again and again under load: nothing acknowledged is lost, nothing is doubled.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rialto_testkit::{Client, Database, LONG, Organisation, connect, share, wait_for};
use serde_json::{Value, json};

/// Numbers that repeat with the seed; printed, so that a failing run can be looked at again.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// What people must find afterwards: id to (text, deleted, reactions as (user, emoji)).
type Expected = BTreeMap<String, (String, bool, BTreeSet<(String, String)>)>;

/// One person writing on one server, through its crashes.
struct Writer {
    person: Client,
    channel: String,
    seed: Seeded,
    expected: Expected,
}

impl Writer {
    /// Writes posts, edits, deletes and reacts; whatever is not answered is tried again until it is.
    async fn run(mut self) -> Expected {
        let mut own: Vec<String> = Vec::new();
        for number in 0..150 {
            let text = format!("{} {number}", self.person.username);
            own.push(self.write(&text, number).await);
        }
        // Distinct posts, so that what is expected does not depend on an order between edit and delete.
        for number in 0..20 {
            let post = own[number * 3].clone();
            let text = format!("{} {number}, edited", self.person.username);
            self.repeat("PUT", &format!("/posts/{post}/patch"), Some(json!({"message": text})), &[200]).await;
            self.expected.get_mut(&post).unwrap().0 = text;
        }
        for number in 0..10 {
            let post = own[number * 3 + 1].clone();
            // The second time it may be gone already: the first answer was lost, not the deletion.
            self.repeat("DELETE", &format!("/posts/{post}"), None, &[200, 404]).await;
            self.expected.get_mut(&post).unwrap().1 = true;
        }
        for number in 0..30 {
            let post = own[number * 3 + 2].clone();
            let emoji = ["rocket", "tada", "smile"][self.seed.below(3) as usize];
            let body = json!({"user_id": self.person.id, "post_id": post, "emoji_name": emoji});
            self.repeat("POST", "/reactions", Some(body), &[200, 201]).await;
            let key = (self.person.id.clone(), emoji.to_owned());
            self.expected.get_mut(&post).unwrap().2.insert(key);
        }
        self.expected
    }

    async fn write(&mut self, text: &str, number: usize) -> String {
        // With the same pending id a repetition is the same post (wire of the client API).
        let pending = format!("{}:{number}", self.person.id);
        let body = json!({"channel_id": self.channel, "message": text, "pending_post_id": pending});
        let post = self.repeat("POST", "/posts", Some(body), &[201]).await;
        let id = post["id"].as_str().unwrap().to_owned();
        self.expected.insert(id.clone(), (text.to_owned(), false, BTreeSet::new()));
        id
    }

    async fn repeat(&self, method: &str, path: &str, body: Option<Value>, accepted: &[u16]) -> Value {
        let method: rialto_testkit::Method = method.parse().unwrap();
        wait_for(&format!("{method} {path} to be answered"), LONG, async || {
            let answer = self.person.try_call(method.clone(), path, body.as_ref()).await.ok()?;
            if answer.status >= 500 {
                return None;
            }
            assert!(accepted.contains(&answer.status), "{answer}");
            Some(answer.body)
        })
        .await
    }
}

async fn nothing_is_lost(database: Database, seed: u64) {
    eprintln!("seed {seed}");
    let mut home = Organisation::start("acme", database).await;
    let guest = Organisation::start("globex", database).await;
    let id = connect(&home, &guest).await;
    let channel = home.channel("ops", "O").await;
    share(&home, &channel, &id, &guest).await;
    let anna = home.member_of(&channel, "anna").await;
    let gina = guest.member_of(&channel, "gina").await;
    let writer = |person: &Client, seed| Writer {
        person: person.clone(),
        channel: channel.clone(),
        seed: Seeded(seed),
        expected: Expected::new(),
    };
    let mut chance = Seeded(seed + 2);
    let crashes = async {
        for _ in 0..10 {
            // The one pause in these tests that is not a condition: the moment of the crash has to be arbitrary.
            tokio::time::sleep(Duration::from_millis(20 + chance.below(400))).await;
            home.server.kill().await;
            home.server.start().await;
        }
    };
    let (mut expected, more, ()) = tokio::join!(writer(&anna, seed).run(), writer(&gina, seed + 1).run(), crashes);
    expected.extend(more);
    assert_eq!(expected.len(), 300);
    for person in [&anna, &gina] {
        wait_for(&format!("{} to hold everything", person.url), LONG, async || {
            let held = view(person, &channel, &expected).await?;
            let missing = expected.iter().filter(|(id, content)| held.get(*id) != Some(content)).count();
            (missing == 0).then_some(())
        })
        .await;
        let held = view(person, &channel, &expected).await.unwrap();
        assert_eq!(held, expected, "nothing lost, nothing doubled on {}", person.url);
    }
}

/// What a person finds: deleted posts are absent and taken as deleted if they were expected at all.
async fn view(person: &Client, channel: &str, expected: &Expected) -> Option<Expected> {
    let posts = person.messages(channel).await;
    let mut held = Expected::new();
    for (id, post) in &posts {
        let mut reactions = BTreeSet::new();
        if post["has_reactions"] == true || !expected.get(id)?.2.is_empty() {
            reactions.extend(person.reactions(id).await);
        }
        held.insert(id.clone(), (post["message"].as_str()?.to_owned(), false, reactions));
    }
    for (id, (text, deleted, reactions)) in expected {
        if *deleted && !held.contains_key(id) {
            held.insert(id.clone(), (text.clone(), true, reactions.clone()));
        }
    }
    Some(held)
}

/// SC-101.
#[tokio::test]
async fn nothing_acknowledged_is_lost_on_sqlite() {
    nothing_is_lost(Database::Sqlite, 0x5eed_0001).await;
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_on_postgresql() {
    nothing_is_lost(Database::Postgres, 0x5eed_0002).await;
}

#[tokio::test]
async fn a_post_answered_just_before_the_crash_is_there_after_it() {
    for database in [Database::Sqlite, Database::Postgres] {
        let mut org = Organisation::start("acme", database).await;
        let mut ids = Vec::new();
        for round in 0..5 {
            let post = org.admin.write(&org.town, &format!("round {round}")).await;
            org.server.kill().await;
            ids.push(post["id"].as_str().unwrap().to_owned());
            org.server.start().await;
            org.admin.renew().await;
        }
        let held = org.admin.messages(&org.town).await;
        assert!(ids.iter().all(|id| held.contains_key(id)), "{ids:?} in {held:?}");
        assert_eq!(held.len(), ids.len());
    }
}

#[tokio::test]
async fn a_graceful_stop_answers_what_it_took() {
    for database in [Database::Sqlite, Database::Postgres] {
        let mut org = Organisation::start("acme", database).await;
        let (person, town) = (org.admin.clone(), org.town.clone());
        let writing = tokio::spawn(async move {
            let mut answered = Vec::new();
            for number in 0.. {
                let body = json!({"channel_id": town, "message": format!("post {number}")});
                match person.try_call(rialto_testkit::Method::POST, "/posts", Some(&body)).await {
                    Ok(answer) if answer.status == 201 => answered.push(answer.body["id"].as_str().unwrap().to_owned()),
                    _ => break,
                }
            }
            answered
        });
        let town = org.town.clone();
        wait_for("some posts", LONG, async || (org.admin.messages(&town).await.len() > 20).then_some(())).await;
        org.server.stop().await;
        let answered = writing.await.unwrap();
        org.server.start().await;
        org.admin.renew().await;
        let held = org.admin.messages(&town).await;
        assert!(answered.iter().all(|id| held.contains_key(id)), "{} of {}", held.len(), answered.len());
    }
}
