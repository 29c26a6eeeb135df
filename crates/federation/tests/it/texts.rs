//! What texts look like on the other side: every character, every name, every link.

use rialto_app::channel_members;
use rialto_model::{Post, PostId};

use crate::harness::{Pair, eventually};

/// E-075, SC-012: what is text arrives byte by byte, in whatever script and form, and so do its edits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_are_the_same_byte_by_byte() {
    let Pair { alpha, beta, channel, ann, .. } = Pair::new().await;
    let marks = format!("Z{}", "\u{301}".repeat(10_000));
    let texts = [
        "caf\u{e9} and cafe\u{301}: composed and not",
        "שלום \u{202b}عربي\u{202c} and back",
        "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽",
        "𝒳 𐍈 🀄 \u{10ffff}",
        "tab\tand\r\nlines\u{2028}and\u{a0}spaces\u{200b}\u{feff}",
        "\u{fffd} was something else once",
        marks.as_str(),
    ];
    for (n, text) in texts.iter().enumerate() {
        let said = alpha.post(&ann, &channel, text).await;
        let heard = beta.arrives(&said.id).await;
        assert!(heard.message.as_bytes() == text.as_bytes(), "text {n}");
        let edited = format!("{text} *");
        alpha.edit(&ann, &said.id, &edited).await;
        beta.reads(&said.id, &edited).await;
    }
}

/// E-076: all of two hundred people named in one message are named by the names they have there, and each of ours is
/// called once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_people_are_called_once_each() {
    let Pair { alpha, beta, channel, ann, bob, .. } = Pair::new().await;
    let mut theirs = vec![bob];
    for n in 0..4 {
        let person = beta.person(&format!("bert{n}")).await;
        beta.join(&person, &channel).await;
        theirs.push(person);
    }
    eventually("alpha knows them", async || {
        let members = alpha.members(&channel).await;
        theirs.iter().all(|person| members.contains(&format!("{}:beta", person.user.username))).then_some(())
    })
    .await;
    let mut names: Vec<(String, String)> = Vec::new();
    for n in 0..195 {
        let person = alpha.person(&format!("person{n}")).await;
        alpha.join(&person, &channel).await;
        names.push((format!("@person{n}"), format!("@person{n}:alpha")));
    }
    for person in &theirs {
        let name = &person.user.username;
        names.push((format!("@{name}:beta"), format!("@{name}")));
    }
    let (here, there): (Vec<String>, Vec<String>) = names.into_iter().unzip();
    let said = alpha.post(&ann, &channel, &here.join(" ")).await;
    assert_eq!(beta.arrives(&said.id).await.message, there.join(" "));
    for person in &theirs {
        let member = channel_members::get(beta.app(), &person.actor, &channel, &person.user.id).await.unwrap();
        assert_eq!(member.mention_count, 1, "{}", person.user.username);
    }
}

fn link(server: &str, post: &PostId) -> String {
    format!("https://{server}.example.org/{server}-team/pl/{post}")
}

fn about(post: &Post) -> String {
    format!("as said in {} and `{}`", link("alpha", &post.id), link("alpha", &post.id))
}

/// AT-16, SC-096, E-152: a link to a message leads to the same message on the other side, also when it is quoted back;
/// one to a message of a channel that is not shared stays what it was and shows nothing of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_lead_to_the_same_message_on_both_sides() {
    let Pair { alpha, beta, channel, ann, bob, .. } = Pair::new().await;
    let shared = alpha.post(&ann, &channel, "everybody sees this").await;
    let ours = alpha.channel("ours", &[&ann]).await;
    let secret = alpha.post(&ann, &ours, "only we see this").await;
    let (both, none) = (about(&shared), about(&secret));
    let first = alpha.post(&ann, &channel, &both).await;
    let there = beta.arrives(&first.id).await.message;
    assert_eq!(there, format!("as said in {} and `{}`", link("beta", &shared.id), link("alpha", &shared.id)));
    let back = beta.post(&bob, &channel, &link("beta", &shared.id)).await;
    assert_eq!(alpha.arrives(&back.id).await.message, link("alpha", &shared.id));
    let other = alpha.post(&ann, &channel, &none).await;
    let heard = beta.arrives(&other.id).await;
    assert_eq!(heard.message, none);
    assert!(!heard.props.contains("only we") && beta.post_row(&secret.id).await.is_none());
    let plain = alpha.post(&ann, &channel, "no link, but https://alpha.example.org/about").await;
    assert_eq!(beta.arrives(&plain.id).await.message, plain.message);
}
