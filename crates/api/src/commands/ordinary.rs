//! The other slash commands of the server: short ways to what the API offers anyway (client-api 5.6).

use rialto_app::channels::ChannelPatch;
use rialto_app::posts::NewPost;
use rialto_app::statuses::Presence;
use rialto_app::{Denied, SessionUser, channel_members, channels, posts, sessions, statuses, teams, users};
use rialto_federation::Federation;
use rialto_model::{Channel, Permission};

use super::autocomplete::{Argument, ArgumentKind, CommandSpec};
use super::execute::{Answer, Refused};
use super::own_commands::own_commands;
use super::place::Place;
use super::table::{code, escape};

/// A command without sub-commands and flags.
#[derive(Debug)]
pub(super) struct Ordinary {
    /// Without slash.
    pub(super) trigger: &'static str,
    hint: &'static str,
    description: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Presence(Presence),
    Header,
    Help,
    Invite,
    Join,
    Kick,
    Leave,
    Logout,
    Me,
    Purpose,
    Rename,
    Shrug,
}

const ORDINARY: &[Ordinary] = &[
    one("away", "", "Appear as away", Kind::Presence(Presence::Away)),
    one("dnd", "", "Get no notifications until you are back online", Kind::Presence(Presence::DoNotDisturb)),
    one("header", "[text]", "Change the header of this channel", Kind::Header),
    one("help", "", "List the commands", Kind::Help),
    one("invite", "@[username]", "Add somebody to this channel", Kind::Invite),
    one("join", "~[channel]", "Join a public channel of this team", Kind::Join),
    one("kick", "@[username]", "Remove somebody from this channel", Kind::Kick),
    one("leave", "", "Leave this channel", Kind::Leave),
    one("logout", "", "Sign out", Kind::Logout),
    one("me", "[message]", "Say what you are doing", Kind::Me),
    one("offline", "", "Appear as offline", Kind::Presence(Presence::Offline)),
    one("online", "", "Appear as online", Kind::Presence(Presence::Online)),
    one("open", "~[channel]", "Join a public channel of this team", Kind::Join),
    one("purpose", "[text]", "Change the purpose of this channel", Kind::Purpose),
    one("remove", "@[username]", "Remove somebody from this channel", Kind::Kick),
    one("rename", "[text]", "Change the display name of this channel", Kind::Rename),
    one("shrug", "[message]", "Say it with a shrug", Kind::Shrug),
];

const fn one(trigger: &'static str, hint: &'static str, description: &'static str, kind: Kind) -> Ordinary {
    Ordinary { trigger, hint, description, kind }
}

/// The command with this trigger.
pub(super) fn find(trigger: &str) -> Option<&'static Ordinary> {
    ORDINARY.iter().find(|command| command.trigger == trigger)
}

/// What completion and the list of commands show of them.
pub fn ordinary_commands() -> impl Iterator<Item = CommandSpec> {
    ORDINARY.iter().map(|command| CommandSpec {
        trigger: command.trigger,
        hint: command.hint,
        description: command.description,
        permission: None,
        arguments: if command.hint.is_empty() {
            Vec::new()
        } else {
            let kind = ArgumentKind::Text { hint: command.hint };
            vec![Argument { flag: None, help: command.description, required: true, kind }]
        },
        sub_commands: Vec::new(),
    })
}

/// Carries `command` out. `text` is what follows the trigger.
pub(super) async fn run(
    federation: &Federation,
    actor: &SessionUser,
    place: &Place,
    command: &Ordinary,
    text: &str,
) -> Result<Answer, Refused> {
    let app = &federation.app;
    let channel = place.channel();
    let needs_text = !command.hint.is_empty() && !matches!(command.kind, Kind::Shrug);
    if needs_text && text.is_empty() {
        return Err(Refused::Told(format!("Type {}.", code(&format!("/{} {}", command.trigger, command.hint)))));
    }
    match command.kind {
        Kind::Presence(presence) => {
            let set = statuses::set(app, actor, &actor.user_id, presence, 0).await;
            set.map_err(|error| Refused::Fault(error.to_string()))?;
            Ok(Answer::text(format!("You are shown as {} now.", in_words(presence))))
        }
        Kind::Header | Kind::Purpose | Kind::Rename => {
            let mut patch = ChannelPatch::default();
            let (slot, what) = match command.kind {
                Kind::Header => (&mut patch.header, "header"),
                Kind::Purpose => (&mut patch.purpose, "purpose"),
                _ => (&mut patch.display_name, "display name"),
            };
            *slot = Some(text.to_owned());
            channels::patch(app, actor, &channel.id, patch).await.map_err(|error| of_channel(error, what))?;
            // The channel itself is told by a system message.
            Ok(Answer::default())
        }
        Kind::Help => Ok(Answer::text(help(place))),
        Kind::Invite | Kind::Kick => member(federation, actor, place, command, text).await,
        Kind::Join => join(federation, actor, place, text).await,
        Kind::Leave => {
            channel_members::remove(app, actor, &channel.id, &actor.user_id).await.map_err(of_member)?;
            let goto = match place.team {
                Some(team) => address(federation, actor, &team, channels::DEFAULT_CHANNEL).await,
                None => None,
            };
            Ok(Answer { goto, ..Answer::default() })
        }
        Kind::Logout => {
            let ended = sessions::revoke(app, actor, &actor.user_id, &actor.session_id).await;
            ended.map_err(|error| Refused::Fault(error.to_string()))?;
            Ok(Answer { goto: Some("/login".to_owned()), ..Answer::default() })
        }
        Kind::Me => {
            // Clients take the asterisks off again where they know the type, others show them as emphasis.
            let props = serde_json::json!({ "message": text }).to_string();
            say(federation, actor, place, format!("*{text}*"), "me", props).await
        }
        Kind::Shrug => {
            let gap = if text.is_empty() { "" } else { " " };
            say(federation, actor, place, format!("{text}{gap}¯\\\\\\_(ツ)\\_/¯"), "", String::new()).await
        }
    }
}

fn in_words(presence: Presence) -> &'static str {
    match presence {
        Presence::Online => "online",
        Presence::Away => "away",
        Presence::DoNotDisturb => "not to be disturbed",
        Presence::Offline => "offline",
    }
}

fn help(place: &Place) -> String {
    let own = own_commands();
    let allowed = own.iter().filter(|spec| spec.permission.is_none_or(|needed| place.permissions().allows(needed)));
    let own = allowed.map(|spec| (spec.trigger, spec.hint, spec.description));
    let ordinary = ORDINARY.iter().map(|command| (command.trigger, command.hint, command.description));
    let mut all: Vec<_> = own.chain(ordinary).collect();
    all.sort_unstable();
    let lines = all.into_iter().map(|(trigger, hint, description)| {
        format!("* {} – {description}", code(format!("/{trigger} {hint}").trim_end()))
    });
    std::iter::once("#### Commands".to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
}

async fn say(
    federation: &Federation,
    actor: &SessionUser,
    place: &Place,
    message: String,
    kind: &str,
    props: String,
) -> Result<Answer, Refused> {
    let new = NewPost { message, root_id: place.root, kind: kind.to_owned(), props, ..NewPost::default() };
    match posts::create(&federation.app, actor, &place.channel().id, new).await {
        Ok(_) => Ok(Answer { in_channel: true, ..Answer::default() }),
        Err(posts::Error::Denied(Denied::Store(error)) | posts::Error::Store(error)) => Err(error.into()),
        Err(posts::Error::Denied(denied)) => Err(Refused::Told(of_denied(&denied))),
        Err(
            refused @ (posts::Error::Archived
            | posts::Error::Root
            | posts::Error::TooLong { .. }
            | posts::Error::TooManyFiles
            | posts::Error::Empty
            | posts::Error::Props
            | posts::Error::Kind
            | posts::Error::NotAuthor
            | posts::Error::TooLate
            | posts::Error::Priority
            | posts::Error::Reminder(_)
            | posts::Error::SystemPost),
        ) => Err(Refused::Told(format!("This was not said: {refused}."))),
    }
}

/// Where clients find a channel, if they can see its team.
async fn address(
    federation: &Federation,
    actor: &SessionUser,
    team: &rialto_model::TeamId,
    channel: &str,
) -> Option<String> {
    let seen = teams::get(&federation.app, actor, team).await.ok()?;
    Some(format!("/{}/channels/{channel}", seen.team.name))
}

async fn join(federation: &Federation, actor: &SessionUser, place: &Place, text: &str) -> Result<Answer, Refused> {
    let app = &federation.app;
    let name = text.trim_start_matches('~').to_lowercase();
    let unknown = || Refused::Told(format!("There is no channel {} in this team that you can join.", code(&name)));
    let team = place.team.ok_or_else(unknown)?;
    let found: Channel = match channels::get_by_name(app, actor, &team, &name, false).await {
        Ok(found) => found,
        Err(channels::Error::Store(error) | channels::Error::Denied(Denied::Store(error))) => return Err(error.into()),
        Err(_) => return Err(unknown()),
    };
    match channel_members::add(app, actor, &found.id, &[actor.user_id]).await {
        // A private channel is joined by those who are in it already: they only go there.
        Ok(_) => {}
        Err(channel_members::Error::Denied(Denied::Forbidden(_)))
            if channel_members::get(app, actor, &found.id, &actor.user_id).await.is_ok() => {}
        Err(error) => return Err(of_member(error)),
    }
    Ok(Answer { goto: address(federation, actor, &team, &found.name).await, ..Answer::default() })
}

async fn member(
    federation: &Federation,
    actor: &SessionUser,
    place: &Place,
    command: &Ordinary,
    text: &str,
) -> Result<Answer, Refused> {
    let app = &federation.app;
    let name = text.trim_start_matches('@').to_lowercase();
    let user = match users::get_by_username(app, actor, &name).await {
        Ok(user) => user,
        Err(users::Error::Store(error)) => return Err(error.into()),
        Err(_) => return Err(Refused::Told(format!("There is nobody called {}.", code(&name)))),
    };
    let channel = &place.channel().id;
    if matches!(command.kind, Kind::Invite) {
        if channel_members::add(app, actor, channel, &[user.id]).await.map_err(of_member)?.is_empty() {
            return Err(Refused::Told(format!(
                "{} belongs to another organisation, which was asked to add them.",
                code(&name)
            )));
        }
    } else {
        channel_members::remove(app, actor, channel, &user.id).await.map_err(of_member)?;
    }
    Ok(Answer::default())
}

fn of_denied(denied: &Denied) -> String {
    match denied {
        Denied::Forbidden(needed) => lacks(*needed),
        Denied::ReadOnlyShare => "This channel is shared with us read-only.".to_owned(),
        Denied::Closed(why) => format!("Nobody can write here: {why}."),
        Denied::Paused => "This channel is archived.".to_owned(),
        Denied::Absent(what) => format!("There is no such {what}."),
        Denied::Store(_) => "This did not work.".to_owned(),
    }
}

fn lacks(needed: Permission) -> String {
    format!("You need the permission `{}` for that.", needed.name())
}

fn of_channel(error: channels::Error, what: &str) -> Refused {
    match error {
        channels::Error::Store(error) | channels::Error::Denied(Denied::Store(error)) => error.into(),
        channels::Error::Denied(denied) => Refused::Told(of_denied(&denied)),
        channels::Error::Length { min, max, .. } => {
            Refused::Told(format!("The {what} must have {min} to {max} characters."))
        }
        refused @ (channels::Error::Name(_)
        | channels::Error::NameTaken
        | channels::Error::Archived
        | channels::Error::NotArchived
        | channels::Error::TooMany { .. }
        | channels::Error::DeletionOff
        | channels::Error::MembersElsewhere
        | channels::Error::DefaultChannel
        | channels::Error::DirectOrGroup) => Refused::Told(format!("The {what} was not changed: {refused}.")),
    }
}

fn of_member(error: channel_members::Error) -> Refused {
    match error {
        channel_members::Error::Store(error) | channel_members::Error::Denied(Denied::Store(error)) => error.into(),
        channel_members::Error::Denied(denied) => Refused::Told(of_denied(&denied)),
        channel_members::Error::AskOrganisation { organisation } => {
            Refused::Told(format!("People of **{0}** are added there. Ask **{0}** to add them.", escape(&organisation)))
        }
        channel_members::Error::NotShared { organisation } => Refused::Told(format!(
            "This channel is not shared with **{}**, so none of its people can belong to it.",
            escape(&organisation)
        )),
        refused @ (channel_members::Error::NoUser
        | channel_members::Error::NotInTeam
        | channel_members::Error::Archived
        | channel_members::Error::DefaultChannel
        | channel_members::Error::DirectOrGroup) => Refused::Told(format!("Nothing was changed: {refused}.")),
    }
}
