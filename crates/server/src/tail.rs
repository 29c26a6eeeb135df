//! The node's one reader of the event log: everybody else is told what it has delivered.

use std::sync::Arc;
use std::time::Duration;

use rialto_app::{App, configuration, sessions};
use rialto_model::Recorded;
use rialto_store::log::Tail;
use tokio::sync::mpsc;

/// Batches a consumer may lag behind before the tail waits for it.
const BACKLOG: usize = 64;
/// Between attempts while the database does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Whoever wants every event: the hub, the federation service.
#[derive(Default)]
pub struct Consumers(Vec<mpsc::Sender<Arc<[Recorded]>>>);

impl Consumers {
    /// One more; it gets every event from the tail's start on, in order.
    pub fn add(&mut self) -> mpsc::Receiver<Arc<[Recorded]>> {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        self.0.push(sender);
        receiver
    }
}

/// Delivers events for ever. What remembers sign-ins hears of them first, so that nobody is told something by a
/// session that has just ended.
pub async fn follow(app: App, mut tail: Tail, mut consumers: Consumers) {
    app.bus.settle(tail.cursor());
    loop {
        match tail.next().await {
            Ok(events) => {
                sessions::forget(&app, &events);
                configuration::follow(&app, &events).await;
                let events: Arc<[Recorded]> = events.into();
                let mut gone = Vec::new();
                for (place, consumer) in consumers.0.iter().enumerate() {
                    if consumer.send(Arc::clone(&events)).await.is_err() {
                        gone.push(place);
                    }
                }
                gone.into_iter().rev().for_each(|place| drop(consumers.0.remove(place)));
                app.bus.settle(tail.cursor());
            }
            Err(error) => {
                tracing::error!(%error, "the event log could not be read");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
