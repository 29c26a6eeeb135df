//! Slash commands that programs answer.

use crate::{ItemId, Millis, TeamId, UserId};

/// A slash command of a team, which a program answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlashCommand {
    /// Names it.
    pub id: ItemId,
    /// Tells the program that it is we who call.
    pub token: String,
    /// Who made it.
    pub creator_id: UserId,
    /// Where it can be given.
    pub team_id: TeamId,
    /// The word after the slash, lower case.
    pub trigger: String,
    /// The program is called by GET instead of POST.
    pub by_get: bool,
    /// Shown as the author of its answers where the server allows that; empty for none.
    pub username: String,
    /// Shown as the picture of its answers where the server allows that; empty for none.
    pub icon_url: String,
    /// It is offered while typing.
    pub auto_complete: bool,
    /// What it does, for the list.
    pub auto_complete_desc: String,
    /// Its arguments, for the list.
    pub auto_complete_hint: String,
    /// Its name.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// Where the program is.
    pub url: String,
    /// When it was made.
    pub create_at: Millis,
    /// When it was changed last.
    pub update_at: Millis,
}

/// What a program may still write about one giving of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandReply {
    /// The secret in the address it was told.
    pub id: ItemId,
    /// Which command.
    pub command_id: ItemId,
    /// Who gave it.
    pub user_id: UserId,
    /// Where.
    pub channel_id: crate::ChannelId,
    /// In which thread.
    pub root_id: Option<crate::PostId>,
    /// How many answers are left.
    pub remaining: i64,
    /// Until when.
    pub expire_at: Millis,
}
