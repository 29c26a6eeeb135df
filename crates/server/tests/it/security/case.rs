//! One case: its attacks, the five things that are checked after each, and the lines it adds to the document.

use std::path::{Path, PathBuf};

use rialto_testkit::client::Answer;
use rialto_testkit::digest::rows;
use rialto_testkit::{Database, both};
use serde_json::{Value, json};

use super::rig::{CANARY, Rig};

/// What the audit log must say of an attack.
#[derive(Debug, Clone, Copy)]
pub enum Record<'a> {
    /// One line: a whole frame refused with this code.
    Frame(&'a str),
    /// One line: items refused, as `kind code number`.
    Items(&'a str),
    /// One line of this action, however often it is tried within a minute: a peer we know tried it.
    Once(&'a str),
    /// So many lines of this action, one a request.
    Many(&'a str, usize),
    /// No line: nobody known did it, or a local person was refused as any other request is.
    Stranger,
    /// Lines of this action that failed, and no others: somebody here tried to administer what is not theirs (SC-106).
    Tried(&'a str),
    /// No line: it was success that changes nothing, or is to be repeated later.
    Nothing,
}

/// A case on one database.
pub struct Case {
    pub rig: Rig,
    id: &'static str,
    database: Database,
    lines: Vec<Value>,
}

/// Runs a case on both databases, each on a stage of its own.
pub async fn case(id: &'static str, mut attack: impl AsyncFnMut(&mut Case)) {
    both(async |database| {
        let mut case = Case { rig: Rig::start(database).await, id, database, lines: Vec::new() };
        attack(&mut case).await;
        case.end().await;
    })
    .await;
}

impl Case {
    /// An attack that must fail: `attack` sends it, checks the answer and says in a few words what it was.
    pub async fn refused(&mut self, sent: &str, record: Record<'_>, attack: impl AsyncFnOnce(&Rig) -> String) {
        let before = self.rig.digest().await;
        let noted = rows(&self.rig.hub.server, "audit").await.len();
        let answer = attack(&self.rig).await;
        let changes = before.differences(&self.rig.digest().await);
        assert!(changes.is_empty(), "{}: {sent} changed\n{}", self.id, changes.join("\n"));
        let said = rows(&self.rig.hub.server, "audit").await.split_off(noted);
        let record = self.check_record(sent, record, &said);
        self.line(sent, &answer, ["yes", "yes", "yes", "yes"], record);
    }

    #[track_caller]
    fn check_record(&self, sent: &str, record: Record<'_>, said: &[rialto_testkit::digest::Row]) -> &'static str {
        let plain = |row: &rialto_testkit::digest::Row, column: &str| row[column].trim_matches('"').to_owned();
        for row in said {
            assert!(!row.values().any(|value| value.contains(CANARY)), "content in the audit log: {row:?}");
        }
        let what = format!("{}: audit after {sent}: {said:?}", self.id);
        match record {
            Record::Stranger | Record::Nothing => {
                assert!(said.is_empty(), "{what}");
                if matches!(record, Record::Stranger) { "none: no peer" } else { "none: no refusal" }
            }
            Record::Tried(action) => {
                assert!(!said.is_empty(), "{what}");
                let failed = |row| plain(row, "action") == action && plain(row, "result") == "fail";
                assert!(said.iter().all(failed), "{what}");
                "the attempt"
            }
            Record::Once(action) => {
                assert_eq!(said.len(), 1, "{what}");
                let line = (plain(&said[0], "action"), plain(&said[0], "result"), plain(&said[0], "remote_id"));
                assert_eq!(line, (action.to_owned(), "fail".to_owned(), self.rig.remote_id.clone()), "{what}");
                "one line"
            }
            Record::Many(action, number) => {
                assert_eq!(said.len(), number, "{what}");
                assert!(said.iter().all(|row| plain(row, "action") == action), "{what}");
                "one line a request"
            }
            Record::Frame(expected) | Record::Items(expected) => {
                assert_eq!(said.len(), 1, "{what}");
                assert_eq!(plain(&said[0], "remote_id"), self.rig.remote_id, "{what}");
                let (action, column) = if matches!(record, Record::Frame(_)) {
                    ("frame_refused", "result")
                } else {
                    ("sync_refused", "detail")
                };
                assert_eq!(
                    (plain(&said[0], "action").as_str(), plain(&said[0], column).as_str()),
                    (action, expected),
                    "{what}"
                );
                "one line"
            }
        }
    }

    /// Something of the same form that is allowed, to see that the refusals beside it have the right reason. Ends the
    /// silence that was checked so far.
    pub async fn allowed(&mut self, sent: &str, act: impl AsyncFnOnce(&Rig) -> String) {
        self.rig.assert_silence().await;
        let answer = act(&self.rig).await;
        self.rig.restart_silence().await;
        self.line(sent, &answer, ["allowed", "allowed", "allowed", "allowed"], "");
    }

    fn line(&mut self, sent: &str, answer: &str, held: [&str; 4], record: &str) {
        assert!(!answer.is_empty() && !sent.contains('|') && !answer.contains('|'), "{sent}: {answer}");
        self.lines.push(json!({"case": self.id, "sent": sent, "answer": answer, "held": held, "record": record}));
    }

    async fn end(self) {
        self.rig.assert_silence().await;
        assert!(!self.lines.is_empty(), "{}: nothing was tried", self.id);
        let log = self.rig.hub.server.log();
        assert!(!log.contains(CANARY), "{}: content in the log", self.id);
        assert!(!log.contains("panicked"), "{}: {}", self.id, self.rig.hub.server.log_end(30));
        let folder = results();
        std::fs::create_dir_all(&folder).unwrap();
        let text: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(folder.join(format!("{}.{:?}.jsonl", self.id, self.database)), text).unwrap();
    }
}

/// Where cases leave what they saw, for `scripts/attack-suite.mjs`.
fn results() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("attack-suite")
}

/// The whole frame was refused because the channel is not shared: the same words for every reason (ruling 29).
#[track_caller]
pub fn not_shared(answer: &Answer, channel: &str) -> String {
    let expected = json!({"status": "FAIL", "payload": null,
        "err": format!("cannot process sync message; channel is no longer shared: {channel}")});
    assert_eq!((answer.status, &answer.body), (200, &expected), "{answer}");
    "FAIL, no longer shared".to_owned()
}

/// The frame was refused for good (ruling 28).
#[track_caller]
pub fn fail(answer: &Answer) -> String {
    assert_eq!((answer.status, answer.body["status"].as_str()), (200, Some("FAIL")), "{answer}");
    assert!(answer.body["payload"].is_null(), "{answer}");
    "FAIL".to_owned()
}

/// The message was taken, but for exactly these items, which `member` lists.
#[track_caller]
pub fn listed(answer: &Answer, member: &str, ids: &[&str]) -> String {
    assert_eq!((answer.status, answer.body["status"].as_str()), (200, Some("OK")), "{answer}");
    assert_eq!(answer.body["payload"][member], json!(ids), "{answer}");
    format!("OK, {member} lists it")
}

/// The message was taken without a word.
#[track_caller]
pub fn in_silence(answer: &Answer) -> String {
    assert_eq!((answer.status, answer.body["status"].as_str()), (200, Some("OK")), "{answer}");
    for member in ["post_errors", "reaction_errors", "user_errors"] {
        let errors = &answer.body["payload"][member];
        assert!(errors.is_null() || *errors == json!([]), "{answer}");
    }
    "OK, ignored".to_owned()
}

/// An HTTP error with this status.
#[track_caller]
pub fn http(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer}");
    assert!(!answer.error_id().is_empty(), "{answer}");
    status.to_string()
}
