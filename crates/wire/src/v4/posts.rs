//! Posts and lists of them. Source: client-api 2.3 and 5.5.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.3")]

use std::collections::BTreeMap;

use rialto_model::{ChannelId, FileId, LinkKind, LinkPreview, Millis, PostId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::acknowledgements::{Acknowledgement, Priority};
use super::files::FileInfo;
use super::reactions::Reaction;
use super::threads::Participant;
use crate::lenient::{is_zero, or_absent, or_default, well_formed};
use crate::post_props;

/// A post.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Post {
    pub id: PostId,
    pub create_at: i64,
    pub update_at: i64,
    pub edit_at: i64,
    pub delete_at: i64,
    pub is_pinned: bool,
    pub user_id: UserId,
    pub channel_id: ChannelId,
    /// Empty in a root post.
    pub root_id: String,
    pub original_id: String,
    pub message: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub props: Map<String, Value>,
    pub hashtags: String,
    pub file_ids: Vec<FileId>,
    pub pending_post_id: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub has_reactions: bool,
    /// Empty in a local post.
    pub remote_id: String,
    pub reply_count: i64,
    pub last_reply_at: i64,
    /// null unless loaded.
    pub participants: Option<Vec<Participant>>,
    /// Only where a client that folds threads asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_following: Option<bool>,
    pub metadata: Metadata,
}

/// What comes with a post; every member may be missing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Metadata {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub embeds: Vec<Embed>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acknowledgements: Vec<Acknowledgement>,
}

/// Something that is shown below a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Embed {
    /// A message that another one links to.
    Permalink {
        /// Empty.
        #[serde(default)]
        url: String,
        data: LinkedPost,
    },
    /// A page that says what it is.
    #[serde(rename = "opengraph")]
    OpenGraph { url: String, data: OpenGraph },
    /// A picture.
    Image { url: String },
}

impl Embed {
    /// A message that another one links to.
    pub fn permalink(data: LinkedPost) -> Self {
        Embed::Permalink { url: String::new(), data }
    }

    /// What is known of a page a message links to; None if that is nothing.
    pub fn page(preview: &LinkPreview) -> Option<Self> {
        let url = preview.url.clone();
        match preview.kind {
            LinkKind::Nothing => None,
            LinkKind::Image => Some(Embed::Image { url }),
            LinkKind::Page => {
                let picture = |url: &String| OpenGraphImage { url: url.clone(), secure_url: String::new() };
                let images = Some(&preview.image).filter(|url| !url.is_empty()).map(picture).into_iter().collect();
                let data = OpenGraph {
                    kind: "website".to_owned(),
                    url: url.clone(),
                    title: preview.title.clone(),
                    description: preview.description.clone(),
                    site_name: preview.site_name.clone(),
                    images,
                };
                Some(Embed::OpenGraph { url, data })
            }
        }
    }
}

/// What a page says of itself, in the words of the Open Graph protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenGraph {
    #[serde(rename = "type")]
    pub kind: String,
    pub url: String,
    pub title: String,
    pub description: String,
    pub site_name: String,
    pub images: Vec<OpenGraphImage>,
}

/// A picture of a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenGraphImage {
    pub url: String,
    /// Always empty: the one above is used.
    pub secure_url: String,
}

/// A message, and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkedPost {
    pub post_id: PostId,
    pub post: Box<Post>,
    /// Empty in direct and group channels.
    pub team_name: String,
    pub channel_display_name: String,
    pub channel_type: String,
    pub channel_id: ChannelId,
}

impl From<&rialto_model::Post> for Post {
    /// A deleted or hidden post keeps its place but loses text, props, files and metadata. Files, reactions and the
    /// client's pending id are added by the methods below.
    fn from(post: &rialto_model::Post) -> Self {
        let gone_at = post.gone_at();
        let is_gone = gone_at.is_some();
        let mut props = if is_gone { Map::new() } else { post_props::parse(&post.props) };
        post_props::remove_integrations(&mut props);
        Post {
            id: post.id,
            create_at: post.create_at.0,
            update_at: post.update_at.0,
            edit_at: Millis::or_zero(post.edit_at),
            delete_at: Millis::or_zero(gone_at),
            is_pinned: post.is_pinned,
            user_id: post.user_id,
            channel_id: post.channel_id,
            root_id: post.root_id.map_or_else(String::new, |id| id.to_string()),
            original_id: String::new(),
            message: if is_gone { String::new() } else { post.message.clone() },
            kind: post.kind.clone(),
            props,
            hashtags: if is_gone { String::new() } else { post.hashtags.clone() },
            file_ids: Vec::new(),
            pending_post_id: String::new(),
            has_reactions: post.has_reactions && !is_gone,
            remote_id: post.remote_id.map_or_else(String::new, |id| id.to_string()),
            reply_count: post.reply_count,
            last_reply_at: post.last_reply_at.0,
            participants: None,
            is_following: None,
            metadata: Metadata::default(),
        }
    }
}

impl Post {
    /// What a post said before an edit: a post of its own, which `original_id` ties to the one it was.
    #[must_use]
    pub fn of_version<'a>(
        post: &rialto_model::Post,
        version: &rialto_model::PostVersion,
        files: impl IntoIterator<Item = &'a rialto_model::FileInfo>,
    ) -> Post {
        let mut props = post_props::parse(&version.props);
        post_props::remove_integrations(&mut props);
        let earlier = Post {
            id: version.id,
            original_id: version.post_id.to_string(),
            update_at: version.replaced_at.0,
            edit_at: Millis::or_zero(version.edit_at),
            is_pinned: false,
            message: version.message.clone(),
            props,
            hashtags: version.hashtags.clone(),
            has_reactions: false,
            reply_count: 0,
            last_reply_at: 0,
            ..Post::from(post)
        };
        Post { delete_at: version.replaced_at.0, ..earlier.with_files(files) }
    }

    /// With its reactions; ignored on a deleted post.
    #[must_use]
    pub fn with_reactions<'a>(mut self, reactions: impl IntoIterator<Item = &'a rialto_model::Reaction>) -> Post {
        if self.delete_at == 0 {
            self.metadata.reactions = reactions.into_iter().map(Reaction::from).collect();
            self.has_reactions = !self.metadata.reactions.is_empty();
        }
        self
    }

    /// With those of its files that are here; ignored on a deleted post.
    #[must_use]
    pub fn with_files<'a>(mut self, files: impl IntoIterator<Item = &'a rialto_model::FileInfo>) -> Post {
        if self.delete_at == 0 {
            self.metadata.files = files.into_iter().map(FileInfo::from).collect();
            self.file_ids = self.metadata.files.iter().map(|file| file.id).collect();
        }
        self
    }

    /// With what is known of the page it links to; ignored on a deleted post.
    #[must_use]
    pub fn with_page(mut self, preview: Option<&LinkPreview>) -> Post {
        if self.delete_at == 0 {
            self.metadata.embeds.extend(preview.and_then(Embed::page));
        }
        self
    }

    /// With its priority and who has acknowledged it; ignored on a deleted post.
    #[must_use]
    pub fn with_priority<'a>(
        mut self,
        priority: Option<&rialto_model::Priority>,
        acknowledgements: impl IntoIterator<Item = &'a rialto_model::Acknowledgement>,
    ) -> Post {
        if self.delete_at == 0 {
            self.metadata.priority = priority.map(Priority::from);
            self.metadata.acknowledgements = acknowledgements.into_iter().map(Acknowledgement::from).collect();
        }
        self
    }

    /// With what clients that fold threads show of the thread it begins.
    #[must_use]
    pub fn with_thread(mut self, is_following: bool, participants: Vec<Participant>) -> Post {
        self.is_following = Some(is_following);
        self.participants = Some(participants);
        self
    }

    /// With the id by which its author's client knows it.
    #[must_use]
    pub fn with_pending_id(mut self, pending_post_id: &str) -> Post {
        pending_post_id.clone_into(&mut self.pending_post_id);
        self
    }
}

/// Posts in an order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PostList {
    /// Newest first.
    pub order: Vec<PostId>,
    /// May hold more than `order`: roots of the replies in it.
    pub posts: BTreeMap<PostId, Post>,
    /// Empty at the newest.
    pub next_post_id: String,
    /// Empty at the oldest.
    pub prev_post_id: String,
    /// Thread calls only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_next: Option<bool>,
    pub first_inaccessible_post_time: i64,
}

impl PostList {
    /// A list of posts, newest first.
    pub fn new(posts: impl IntoIterator<Item = Post>) -> PostList {
        let mut list = PostList::default();
        for post in posts {
            list.order.push(post.id);
            list.posts.insert(post.id, post);
        }
        list
    }

    /// Adds posts that replies need, without giving them a place of their own.
    #[must_use]
    pub fn with_context(mut self, posts: impl IntoIterator<Item = Post>) -> PostList {
        for post in posts {
            self.posts.entry(post.id).or_insert(post);
        }
        self
    }

    /// Says what comes after and before; None at the ends.
    #[must_use]
    pub fn with_cursors(mut self, next: Option<PostId>, prev: Option<PostId>) -> PostList {
        self.next_post_id = next.map_or_else(String::new, |id| id.to_string());
        self.prev_post_id = prev.map_or_else(String::new, |id| id.to_string());
        self
    }
}

/// A post list as search answers it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PostSearchResults {
    #[serde(flatten)]
    pub list: PostList,
    /// Post id to matched terms, or null.
    pub matches: Option<BTreeMap<PostId, Vec<String>>>,
}

/// `POST /posts`. Id, author, owner and times are ours to give (T-39361), so they have no member here; `create_at`
/// counts only for administrators.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewPost {
    #[serde(deserialize_with = "or_default")]
    pub channel_id: String,
    #[serde(deserialize_with = "or_default")]
    pub message: String,
    #[serde(deserialize_with = "or_default")]
    pub root_id: String,
    #[serde(deserialize_with = "well_formed")]
    pub file_ids: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub props: Map<String, Value>,
    #[serde(deserialize_with = "or_default")]
    pub pending_post_id: String,
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    #[serde(deserialize_with = "or_default")]
    pub create_at: i64,
    #[serde(deserialize_with = "or_default")]
    pub metadata: NewMetadata,
}

/// The one part of a new post's metadata that is its author's to say.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewMetadata {
    #[serde(deserialize_with = "or_absent")]
    pub priority: Option<Priority>,
}

/// `PUT /posts/P`, the whole post: text, props and pin are taken, everything else must not differ or is ignored.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PostUpdate {
    /// Must be the id in the path.
    #[serde(deserialize_with = "or_default")]
    pub id: String,
    #[serde(deserialize_with = "or_default")]
    pub message: String,
    #[serde(deserialize_with = "or_default")]
    pub is_pinned: bool,
    /// null: stays.
    pub props: Option<Map<String, Value>>,
    /// null: stays.
    pub file_ids: Option<Vec<String>>,
}

/// `PUT /posts/P/patch`: what is None stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PostPatch {
    pub message: Option<String>,
    pub is_pinned: Option<bool>,
    pub props: Option<Map<String, Value>>,
    pub file_ids: Option<Vec<String>>,
}

/// `POST /posts/ephemeral`.
#[derive(Debug, Clone, Deserialize)]
pub struct NewEphemeralPost {
    pub user_id: String,
    pub post: NewPost,
}

/// `POST /teams/T/posts/search`, `POST /posts/search`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PostSearch {
    #[serde(deserialize_with = "or_default")]
    pub terms: String,
    #[serde(deserialize_with = "or_default")]
    pub is_or_search: bool,
    /// Seconds.
    #[serde(deserialize_with = "or_default")]
    pub time_zone_offset: i64,
    #[serde(deserialize_with = "or_default")]
    pub include_deleted_channels: bool,
    #[serde(deserialize_with = "or_absent")]
    pub page: Option<i64>,
    #[serde(deserialize_with = "or_absent")]
    pub per_page: Option<i64>,
}

/// `GET /posts/P/info`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostInfo {
    pub channel_id: ChannelId,
    pub channel_type: String,
    pub channel_display_name: String,
    pub has_joined_channel: bool,
    pub team_id: String,
    pub team_type: String,
    pub team_display_name: String,
    pub has_joined_team: bool,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::lenient::to_text;
    use rialto_model::RemoteId;

    pub(crate) fn sample() -> rialto_model::Post {
        rialto_model::Post {
            id: PostId::from_random([1; 16]),
            channel_id: ChannelId::from_random([2; 16]),
            user_id: UserId::from_random([3; 16]),
            root_id: Some(PostId::from_random([4; 16])),
            create_at: Millis(10),
            update_at: Millis(11),
            edit_at: Some(Millis(12)),
            delete_at: None,
            hidden_at: None,
            is_pinned: true,
            kind: "me".into(),
            message: "canary".into(),
            props: r#"{"a":"canary","attachments":[{"actions":[{"integration":{"url":"secret"}}]}]}"#.into(),
            hashtags: "#canary".into(),
            file_ids: Vec::new(),
            remote_id: Some(RemoteId::from_random([5; 16])),
            remote_update_at: Millis(13),
            reply_count: 6,
            last_reply_at: Millis(14),
            has_reactions: true,
        }
    }

    fn reaction() -> rialto_model::Reaction {
        rialto_model::Reaction {
            user_id: UserId::from_random([3; 16]),
            post_id: PostId::from_random([1; 16]),
            channel_id: ChannelId::from_random([2; 16]),
            emoji_name: "canary".into(),
            create_at: Millis(1),
            update_at: Millis(2),
            delete_at: None,
            remote_id: None,
        }
    }

    #[test]
    fn what_buttons_call_stays_here() {
        let text = to_text(&Post::from(&sample()));
        assert!(text.contains("canary") && !text.contains("secret"), "{text}");
    }

    #[test]
    fn deleted_and_hidden_posts_are_empty() {
        for gone in [
            rialto_model::Post { delete_at: Some(Millis(20)), ..sample() },
            rialto_model::Post { hidden_at: Some(Millis(20)), ..sample() },
        ] {
            let post = Post::from(&gone).with_reactions([&reaction()]);
            let text = to_text(&post);
            assert_eq!(post.delete_at, 20);
            assert!(!text.contains("canary") && text.contains(r#""metadata":{}"#), "{text}");
            assert!(text.contains(r#""props":{}"#) && text.contains(r#""file_ids":[]"#), "{text}");
        }
    }

    #[test]
    fn reactions_come_in_the_metadata() {
        let post = Post::from(&sample()).with_reactions([&reaction()]).with_pending_id("u:1");
        assert_eq!((post.metadata.reactions.len(), post.has_reactions), (1, true));
        assert_eq!(post.pending_post_id, "u:1");
        assert!(!Post::from(&sample()).with_reactions([]).has_reactions);
    }

    #[test]
    fn empty_lists_are_lists() {
        assert_eq!(
            to_text(&PostList::default()),
            r#"{"order":[],"posts":{},"next_post_id":"","prev_post_id":"","first_inaccessible_post_time":0}"#
        );
        assert!(to_text(&PostSearchResults::default()).ends_with(r#""matches":null}"#));
    }

    #[test]
    fn roots_are_in_the_map_only() {
        let reply = Post::from(&sample());
        let root = Post { id: PostId::from_random([4; 16]), root_id: String::new(), ..reply.clone() };
        let list = PostList::new([reply.clone()]).with_context([root, reply]).with_cursors(None, None);
        assert_eq!((list.order.len(), list.posts.len()), (1, 2));
    }

    #[test]
    fn go_clients_send_null_and_zero() {
        let text = r#"{"id":"","create_at":0,"user_id":"","channel_id":"c","root_id":"","message":"m","props":null,
            "file_ids":null,"participants":null,"metadata":null,"type":"","remote_id":"x","is_pinned":false}"#;
        let new: NewPost = serde_json::from_str(text).unwrap();
        assert_eq!((new.message.as_str(), new.props.len(), new.file_ids.len()), ("m", 0, 0));
        let update: PostUpdate = serde_json::from_str(text).unwrap();
        assert_eq!((update.message.as_str(), update.props), ("m", None));
    }
}
