//! Passwords and codes are repeated nowhere: not in answers, not in the log, not in the audit log (SC-105).

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::loopback::{Net, Organisation, code_in};

/// Keeps everything that is logged, at every level and by every crate.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<String>>);

impl Visit for Everything {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

const PASSWORD: &str = "canary-Pass-7391";

/// SC-044, SC-045, SC-105, E-168.
#[tokio::test]
async fn the_typed_line_is_logged_nowhere_and_its_secrets_are_not_repeated() {
    let log = Everything::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    tracing::info!("the subscriber listens");
    let net = Net::default();
    let (a, b) = (Organisation::start(&net, "acme", 1).await, Organisation::start(&net, "globex", 2).await);
    let (town_a, town_b) = (a.channel("town").await, b.channel("town").await);
    let made = a.command(&town_a, &format!("/secure-connection create --name globex --password {PASSWORD}")).await;
    assert!(!made.contains(PASSWORD));
    let code = code_in(&made);
    let accept = "/secure-connection accept --name acme";
    let mut answers = Vec::new();
    for line in [
        // Wrong in every way a line can be: none repeats what may be a secret.
        format!("/secure-connection create --name other --password {PASSWORD} {PASSWORD}"),
        format!("/secure-connection create --name other --password \"{PASSWORD}"),
        format!("/secure-connection create --name other --password {PASSWORD} --password other"),
        format!("/secure-connection create --name a/b --password {PASSWORD}"),
        format!("{accept} --password {PASSWORD} --invite {code} --unknown"),
        format!("{accept} --password not-{PASSWORD} --invite {code}"),
        format!("{accept} --password {PASSWORD} --invite {code}"),
        format!("{accept} --password {PASSWORD} --invite {code}"),
    ] {
        answers.push(b.command(&town_b, &line).await);
    }
    assert!(answers[6].contains("Invitation accepted"), "{}", answers[6]);
    answers.push(a.command(&town_a, "/secure-connection status").await);
    answers.push(b.command(&town_b, "/secure-connection status --connectionID acme").await);
    let start = &code[..40];
    for answer in &answers {
        assert!(!answer.contains(PASSWORD) && !answer.contains(start), "{answer}");
    }
    let logged = log.0.lock().unwrap();
    assert!(logged.contains("the subscriber listens"));
    for secret in [PASSWORD, start] {
        assert!(!logged.contains(secret), "{secret} was logged");
    }
    for side in [&a, &b] {
        let bytes =
            std::fs::read_dir(side.data()).unwrap().flat_map(|file| std::fs::read(file.unwrap().path()).unwrap());
        let stored = String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned();
        assert!(stored.contains("globex"), "the database is what was read");
        for secret in [PASSWORD, start] {
            assert!(!stored.contains(secret), "{secret} was stored");
        }
    }
}
