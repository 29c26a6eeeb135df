//! The cross-write matrix: every kind of item × every owner × every relation B can have to the channel. What must come
//! of a cell is computed from three questions, so that no cell is decided by what happened to come out.

use std::collections::BTreeMap;

use rialto_testkit::client::{Answer, text};
use rialto_testkit::ids::{fresh, now_ms};
use rialto_testkit::peer::author::reaction_object;
use serde_json::{Value, json};

use super::case::{Case, Record, case, fail, http, listed, not_shared};
use super::rig::{PROFILE, Rig};

/// Where the frame is addressed, and where the rows it names live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Ours, shared read and write.
    Shared,
    /// Ours, shared read-only.
    ReadOnly,
    /// B's own.
    Theirs,
    /// Shared with C alone.
    Partner,
    /// Not shared.
    Private,
    /// Another team's.
    OtherTeam,
    /// Shared, and archived.
    Archived,
    /// Shared once.
    Ended,
    /// Two local people's.
    Direct,
    /// Nowhere.
    Unknown,
}

use Place::{Archived, Direct, Ended, OtherTeam, Partner, Private, ReadOnly, Shared, Theirs, Unknown};

const PLACES: [Place; 10] = [Shared, ReadOnly, Theirs, Partner, Private, OtherTeam, Archived, Ended, Direct, Unknown];

/// Whose name or row an item uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    /// An ordinary person here.
    Local,
    /// Our administrator.
    Admin,
    /// C's person.
    Partners,
    /// An id nobody has.
    Nobody,
    /// B's own.
    Own,
}

use Owner::{Admin, Nobody, Own, Partners};

const OTHERS: [Owner; 3] = [Owner::Local, Admin, Partners];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Profile,
    NewPost,
    Edit,
    Deletion,
    Pin,
    Props,
    Reply,
    Reaction,
    Removal,
    Join,
    Leave,
    File,
}

use Item::{Deletion, Edit, File, Join, Leave, NewPost, Pin, Profile, Props, Reaction, Removal, Reply};

/// Items that name a person, and nothing that exists before.
const BY_PERSON: [Item; 5] = [Profile, NewPost, Join, Leave, File];
/// Items that name a post.
const ON_POST: [Item; 7] = [Edit, Deletion, Pin, Props, Reply, Reaction, Removal];

fn channel(rig: &Rig, place: Place, unknown: &str) -> String {
    let c = &rig.channels;
    match place {
        Shared => &c.shared,
        ReadOnly => &c.read_only,
        Theirs => &c.theirs,
        Partner => &c.partner,
        Private => &c.private,
        OtherTeam => &c.other_team,
        Archived => &c.archived,
        Ended => &c.ended,
        Direct => &c.direct,
        Unknown => unknown,
    }
    .to_owned()
}

/// A post of a place that is not B's; nothing where there is none.
fn foreign_post(rig: &Rig, place: Place) -> Option<String> {
    let p = &rig.posts;
    let id = match place {
        Shared => &p.annas,
        ReadOnly => &p.read_only,
        Theirs => &p.annas_theirs,
        Partner => &p.partner,
        Private => &p.private,
        OtherTeam => &p.other_team,
        Direct => &p.direct,
        Archived | Ended | Unknown => return None,
    };
    Some(id.clone())
}

/// A post of a place that is B's.
fn own_post(rig: &Rig, place: Place) -> Option<String> {
    match place {
        Shared => Some(rig.posts.mallorys.clone()),
        Theirs => Some(rig.posts.theirs.clone()),
        Archived => Some(rig.posts.archived.clone()),
        Ended => Some(rig.posts.ended.clone()),
        _ => None,
    }
}

fn person(rig: &Rig, owner: Owner) -> String {
    match owner {
        Owner::Local => rig.anna.id.clone(),
        Admin => rig.hub.admin.id.clone(),
        Partners => rig.carl.clone(),
        Own => rig.mallory.clone(),
        Nobody => fresh(),
    }
}

/// What is sent: the member of the message and the item in it, and the id an error list would name.
fn item(rig: &Rig, kind: Item, to: &str, user: &str, post: &str) -> (Value, &'static str, String) {
    let late = now_ms() + 60_000;
    match kind {
        Profile => (json!({"users": {user: rig.person(user, "renamed")}}), "user_errors", user.to_owned()),
        NewPost => {
            let new = rig.post(to, user);
            let id = text(&new["id"]);
            (json!({"posts": [new]}), "post_errors", id)
        }
        Edit | Deletion | Pin | Props => {
            let mut changed = rig.edit(post, to, user);
            match kind {
                Deletion => changed["delete_at"] = json!(late + 1),
                Pin => changed["is_pinned"] = json!(true),
                Props => changed["props"] = json!({"override_username": "admin", "from_webhook": "true"}),
                _ => {}
            }
            (json!({"posts": [changed]}), "post_errors", post.to_owned())
        }
        Reply => {
            let mut new = rig.post(to, user);
            new["root_id"] = json!(post);
            let id = text(&new["id"]);
            (json!({"posts": [new]}), "post_errors", id)
        }
        Reaction | Removal => {
            let emoji = if kind == Reaction { "rocket" } else { "eyes" };
            let mut reaction = reaction_object(post, user, emoji, kind == Reaction, PROFILE);
            reaction["update_at"] = json!(late);
            (json!({"reactions": [reaction]}), "reaction_errors", post.to_owned())
        }
        Join | Leave => {
            let change = json!({"channel_id": to, "user_id": user, "is_add": kind == Join, "remote_id": "",
                "change_time": late});
            (json!({"membership_changes": [change]}), "", String::new())
        }
        File => (Value::Null, "", String::new()),
    }
}

async fn send(rig: &Rig, kind: Item, to: &str, user: &str, content: Value) -> Answer {
    if kind != File {
        return rig.sync(to, content).await;
    }
    let session = json!({"id": fresh(), "type": "attachment", "create_at": 0, "user_id": user, "channel_id": to,
        "filename": "a.txt", "file_size": 3, "file_offset": 0, "remote_id": rig.remote_id, "req_file_id": fresh()});
    rig.evil.frame(&rig.remote_id, "sharedchannel_upload", session).await
}

/// The word of ruling 8.4 an item is refused with in a channel B takes part in, or nothing if the item is B's to send.
fn refusal(kind: Item, to: Place, owner: Owner, row: Option<(Place, Owner)>) -> Option<&'static str> {
    let written = matches!(kind, NewPost | Edit | Pin | Props | Reply | Reaction | Removal | File);
    match kind {
        // People and who is where: whose they are decides, also where B may only read.
        Profile => (owner != Own && owner != Nobody).then_some("not_owner"),
        Join | Leave => (owner != Own).then_some("no_user"),
        Deletion | Edit | Pin | Props => match row {
            Some((place, Own)) if place == to => (written && to == ReadOnly).then_some("read_only"),
            _ => Some("not_owner"),
        },
        NewPost | Reply | Reaction | Removal | File if to == ReadOnly => Some("read_only"),
        File => (owner != Own).then_some("not_owner"),
        NewPost | Reply | Reaction | Removal if owner != Own => Some("not_owner"),
        Reply => (row.map(|(place, _)| place) != Some(to)).then_some("no_root"),
        Reaction | Removal => (row.map(|(place, _)| place) != Some(to)).then_some("no_post"),
        NewPost => None,
    }
}

/// The word the audit log counts an item under.
fn counted(kind: Item) -> &'static str {
    match kind {
        Profile | Join | Leave => "user",
        Reaction | Removal => "reaction",
        _ => "post",
    }
}

struct Cell {
    kind: Item,
    to: Place,
    owner: Owner,
    /// Place and owner of the post it names.
    row: Option<(Place, Owner, String)>,
}

impl Cell {
    fn name(&self) -> String {
        let row = self.row.as_ref().map(|(place, owner, _)| format!(", post of {owner:?} in {place:?}"));
        format!("{:?} by {:?} to {:?}{}", self.kind, self.owner, self.to, row.unwrap_or_default())
    }
}

fn cells(rig: &Rig) -> Vec<Cell> {
    let mut all = Vec::new();
    for to in PLACES {
        for kind in BY_PERSON {
            for owner in OTHERS.into_iter().chain([Own]) {
                all.push(Cell { kind, to, owner, row: None });
            }
        }
        for kind in ON_POST {
            for owner in OTHERS.into_iter().chain([Own]) {
                for place in PLACES {
                    // A frame for a channel that is closed to B is refused before its rows are looked at: one row of the
                    // channel itself is enough there, all others are tried through the open ones.
                    let open = matches!(to, Shared | ReadOnly | Theirs);
                    if !open && place != to {
                        continue;
                    }
                    for (whose, id) in [(Owner::Local, foreign_post(rig, place)), (Own, own_post(rig, place))] {
                        if let Some(id) = id {
                            all.push(Cell { kind, to, owner, row: Some((place, whose, id)) });
                        }
                    }
                }
            }
        }
    }
    all
}

async fn run(case: &mut Case, cell: &Cell, unknown: &str) {
    let to = channel(&case.rig, cell.to, unknown);
    let user = person(&case.rig, cell.owner);
    let post = cell.row.as_ref().map(|(_, _, id)| id.clone()).unwrap_or_default();
    let row = cell.row.as_ref().map(|(place, owner, _)| (*place, *owner));
    let (content, member, id) = item(&case.rig, cell.kind, &to, &user, &post);
    let kind = cell.kind;
    let name = cell.name();
    match cell.to {
        Archived => {
            case.refused(&name, Record::Nothing, async |rig| http(&send(rig, kind, &to, &user, content).await, 503))
                .await;
        }
        Partner | Private | OtherTeam | Ended | Direct | Unknown => {
            case.refused(&name, Record::Frame("not_shared"), async |rig| {
                let answer = send(rig, kind, &to, &user, content).await;
                if kind == File { fail(&answer) } else { not_shared(&answer, &to) }
            })
            .await;
        }
        Shared | ReadOnly | Theirs => {
            let Some(code) = refusal(kind, cell.to, cell.owner, row) else { return };
            let line = format!("{} {code} 1", counted(kind));
            let record = if kind == File { Record::Frame(code) } else { Record::Items(&line) };
            case.refused(&name, record, async |rig| {
                let answer = send(rig, kind, &to, &user, content).await;
                match kind {
                    File => fail(&answer),
                    Join | Leave => {
                        assert_eq!((answer.status, &answer.body["status"]), (200, &json!("OK")), "{answer}");
                        "OK, without effect".to_owned()
                    }
                    _ => listed(&answer, member, &[&id]),
                }
            })
            .await;
        }
    }
}

/// INV-1 to INV-4, G-18, G-19, G-48, E-081: every cell that is not B's is refused by its answer, its rows, the log.
#[tokio::test]
async fn everything_that_is_not_the_peers_is_refused() {
    case("cross-write", async |case| {
        let unknown = fresh();
        let all = cells(&case.rig);
        let mut refused: BTreeMap<Item, usize> = BTreeMap::new();
        for cell in &all {
            let row = cell.row.as_ref().map(|(place, owner, _)| (*place, *owner));
            let open = matches!(cell.to, Shared | ReadOnly | Theirs);
            if !open || refusal(cell.kind, cell.to, cell.owner, row).is_some() {
                *refused.entry(cell.kind).or_default() += 1;
            }
            run(case, cell, &unknown).await;
        }
        assert_eq!(refused.len(), BY_PERSON.len() + ON_POST.len(), "{refused:?}");
        assert!(refused.values().sum::<usize>() > 400, "{refused:?}");
    })
    .await;
}

/// The same items where they are B's: each has its effect, so the refusals beside it had the right reason.
#[tokio::test]
async fn what_is_the_peers_passes() {
    case("cross-write-own", async |case| {
        for place in [Shared, Theirs] {
            let to = channel(&case.rig, place, "");
            let user = case.rig.mallory.clone();
            let post = own_post(&case.rig, place).unwrap();
            for kind in [Profile, NewPost, Edit, Pin, Props, Reply, Reaction, Removal, File, Leave, Join, Deletion] {
                let (content, member, id) = item(&case.rig, kind, &to, &user, &post);
                case.allowed(&format!("{kind:?} by Own to {place:?}, on a post of Own"), async |rig| {
                    let before = rig.digest().await;
                    let mut content = content;
                    if let Some(posts) = content["posts"].as_array_mut() {
                        // Each a later version than the one before.
                        posts[0]["update_at"] = json!(now_ms() + 120_000 + kind as i64 * 1_000);
                    }
                    let answer = send(rig, kind, &to, &user, content).await;
                    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("OK")), "{answer}");
                    if !member.is_empty() {
                        assert_eq!(answer.body["payload"][member], json!([]), "{id}: {answer}");
                    }
                    let removal_of_nothing = kind == Removal && place == Shared;
                    let changed = !before.differences(&rig.digest().await).is_empty();
                    assert!(changed || removal_of_nothing, "{kind:?} had no effect");
                    "OK, with effect".to_owned()
                })
                .await;
            }
        }
    })
    .await;
}
