//! Files under way whose message goes before they have arrived.

use bytes::Bytes;
use rialto_app::{files, posts};
use rialto_wire::federation::topic;

use crate::harness::{Fault, Pair, eventually, settle};

/// E-063: a message deleted while its file is under way takes the file with it: what had arrived is forgotten, and the
/// rest is not sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_under_way_goes_with_its_message() {
    let Pair { network, alpha, beta, remote, channel, ann, .. } = Pair::new().await;
    network.fail(|sent| (sent.topic == "file").then_some(Fault::Cut(700_000)));
    let bytes: Bytes = (0..2_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let file = files::take_bytes(alpha.app(), &ann.actor, &channel, "map.bin", bytes).await.unwrap();
    alpha.tick();
    let new = posts::NewPost { message: "see this".to_owned(), file_ids: vec![file.id], ..Default::default() };
    let post = posts::create(alpha.app(), &ann.actor, &channel, new).await.unwrap();
    beta.arrives(&post.id).await;
    let begun = async || rialto_store::files::get_upload_of(&mut beta.view().await, &file.id).await.unwrap();
    let cut = || network.log().iter().any(|sent| sent.topic == "file" && sent.fault.is_some());
    eventually("a part has arrived", async || begun().await.filter(|_| cut())).await;
    alpha.delete(&ann, &post.id).await;
    eventually("the message is gone there", async || beta.post_row(&post.id).await?.gone_at()).await;
    assert_eq!(begun().await, None);
    let start = network.count();
    network.heal();
    network.clock.advance(60_000);
    alpha.app().bus.queue_files(remote);
    settle(&[&alpha, &beta], &channel).await;
    let late = |sent: &&crate::harness::Sent| sent.topic == "file" || sent.topic == topic::UPLOAD;
    assert_eq!(network.log()[start..].iter().filter(late).count(), 0, "the rest is not sent");
    assert!(files::open(alpha.app(), &ann.actor, &file.id).await.is_err());
}
