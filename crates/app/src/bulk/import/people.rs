//! Lines about people and integrations: their accounts, settings and memberships.
//!
//! An account that is there keeps its password, its roles and whether it is active; the file can only add to what it may
//! do. So whoever imports cannot lock anybody out, themself included.

use std::collections::BTreeMap;

use rialto_model::bulk::{self, Read};
use rialto_model::{
    ChannelId, ChannelMember, DomainEvent, Millis, Origin, Scope, TeamId, TeamMember, User, UserId, roles,
};
use rialto_store::{Tx, bots, channel_members, channels, imports, team_members, users};

use super::prepare::Prepared;
use super::{Batching, Refused, refused};
use crate::bots::MAX_DESCRIPTION;
use crate::bulk::{DISPLAY, EMAIL_INTERVAL, FAVORITE, THEME, TUTORIAL, props_in};
use crate::channel_members::{join_defaults, member_row};
use crate::users::profile::{self, CUSTOM_STATUS};

const MEMBER: &str = "system_user";

impl Batching<'_> {
    pub(super) async fn user(
        &mut self,
        tx: &mut Tx,
        number: i64,
        line: &bulk::User,
        prepared: &Prepared,
    ) -> Result<(), Refused> {
        let username = line.username.trim().to_lowercase();
        let before = users::get_by_username(tx, &username).await?;
        if before.as_ref().is_some_and(|user| user.is_bot || !user.is_local()) {
            return refused(format!("{username:?} is no person of this server"));
        }
        let is_new = before.is_none();
        let before = before.unwrap_or_else(|| self.blank(tx, &username, prepared));
        let mut user = before.clone();
        user.email = line.email.trim().to_lowercase();
        for (given, kept) in [
            (&line.nickname, &mut user.nickname),
            (&line.first_name, &mut user.first_name),
            (&line.last_name, &mut user.last_name),
            (&line.position, &mut user.position),
        ] {
            if let Some(text) = given {
                kept.clone_from(text);
            }
        }
        if let Some(locale) = line.locale.as_ref().filter(|locale| !locale.is_empty()) {
            user.locale.clone_from(locale);
        }
        user.timezone = line.timezone.clone().unwrap_or(user.timezone);
        if let Some(props) = line.notify_props.as_ref().filter(|props| !props.is_empty()) {
            let mut all = user.notify_props.clone();
            all.extend(props_in(props));
            user.notify_props = all;
        }
        if let Some(status) = &line.custom_status {
            user.props.insert(CUSTOM_STATUS.to_owned(), serde_json::Value::Object(status.clone()).to_string());
        }
        if is_new {
            user.delete_at = line.delete_at.and_then(Millis::non_zero);
        }
        self.add_roles(number, &mut user, line.roles.as_deref().unwrap_or_default(), is_new);
        profile::check(&user).map_err(|why| Refused::Why(why.to_string()))?;
        self.save(tx, before, user, is_new, prepared).await?;
        let id = self.person(tx, &username).await?;
        self.settings(tx, id, line)?;
        for team in line.teams.iter().flatten() {
            self.team_of(tx, number, id, team).await?;
        }
        Ok(())
    }

    pub(super) async fn bot(
        &mut self,
        tx: &mut Tx,
        number: i64,
        line: &bulk::Bot,
        prepared: &Prepared,
    ) -> Result<(), Refused> {
        let username = line.username.trim().to_lowercase();
        let before = users::get_by_username(tx, &username).await?;
        let others = |user: &User| !user.is_bot || !user.is_local() || user.id == self.app.system_user;
        if before.as_ref().is_some_and(others) {
            return refused(format!("{username:?} is no account of an integration of this server"));
        }
        let is_new = before.is_none();
        let before = before.unwrap_or_else(|| self.blank(tx, &username, prepared));
        let mut user = User { is_bot: true, email: format!("{username}@localhost"), ..before.clone() };
        if let Some(name) = &line.display_name {
            user.first_name.clone_from(name);
        }
        if let Some(description) = &line.description {
            if description.chars().count() > MAX_DESCRIPTION {
                return refused(format!("the description of {username:?} is too long"));
            }
            user.bot_description.clone_from(description);
        }
        if is_new {
            user.delete_at = line.delete_at.and_then(Millis::non_zero);
            user.notify_props = BTreeMap::new();
        }
        profile::check(&user).map_err(|why| Refused::Why(why.to_string()))?;
        let id = user.id;
        self.save(tx, before, user, is_new, prepared).await?;
        let owner = users::get_by_username(tx, &line.owner.trim().to_lowercase()).await?;
        let owner = match owner.filter(|owner| owner.is_local() && !owner.is_bot) {
            Some(owner) => owner.id,
            // Looked after by administrators.
            None if is_new => {
                self.warnings.push((number, format!("there is no {:?} to look after {username:?}", line.owner)));
                self.app.system_user
            }
            None => return Ok(()),
        };
        Ok(bots::set(tx, &id, Some(&owner)).await?)
    }

    /// An account with nothing in it but its name.
    fn blank(&self, tx: &Tx, username: &str, prepared: &Prepared) -> User {
        User {
            id: prepared.user.unwrap_or_else(|| self.app.ids.id(UserId::from_random)),
            create_at: tx.now(),
            update_at: tx.now(),
            delete_at: None,
            username: username.to_owned(),
            email: String::new(),
            email_verified: true,
            nickname: String::new(),
            first_name: String::new(),
            last_name: String::new(),
            position: String::new(),
            roles: MEMBER.to_owned(),
            locale: "en".to_owned(),
            timezone: BTreeMap::new(),
            props: BTreeMap::new(),
            notify_props: rialto_model::user::default_notify_props(),
            remote_id: None,
            remote_username: String::new(),
            remote_update_at: Millis(0),
            is_bot: false,
            bot_description: String::new(),
            last_password_update: tx.now(),
            picture_at: Millis(0),
        }
    }

    fn add_roles(&mut self, number: i64, user: &mut User, given: &str, is_new: bool) {
        let mut held: Vec<String> = Vec::new();
        if !is_new {
            held = user.roles.split_ascii_whitespace().map(str::to_owned).collect();
        }
        for role in given.split_ascii_whitespace() {
            if !roles::BUILT_IN.iter().any(|known| known.name == role) {
                self.warnings.push((number, format!("there is no role {role:?} here")));
            } else if !held.iter().any(|one| one == role) {
                held.push(role.to_owned());
            }
        }
        if held.is_empty() {
            held.push(MEMBER.to_owned());
        }
        user.roles = held.join(" ");
    }

    /// Without a password nobody can sign in before an administrator has set one: nobody would know it either way.
    async fn save(
        &mut self,
        tx: &mut Tx,
        before: User,
        mut user: User,
        is_new: bool,
        prepared: &Prepared,
    ) -> Result<(), Refused> {
        if users::get_by_email(tx, &user.email).await?.is_some_and(|other| other.id != user.id) {
            return refused(format!("the address of {:?} belongs to somebody else", user.username));
        }
        let picture = prepared.portrait.filter(|_| prepared.user == Some(user.id));
        if is_new {
            user.picture_at = picture.map_or(Millis(0), |picture| picture.at);
            users::insert(tx, &user, &prepared.hash).await?;
            tx.record(Scope::Server, Origin::Local, DomainEvent::UserCreated { user: user.id });
            return Ok(());
        }
        if user == before && picture.is_none() {
            return Ok(());
        }
        user.update_at = before.update_at.next_version(tx.now());
        users::update(tx, &user).await?;
        if let Some(picture) = picture.filter(|picture| picture.at > user.picture_at) {
            rialto_store::pictures::set(tx, &user.id, picture.at, user.update_at).await?;
        }
        tx.record(Scope::Server, Origin::Local, DomainEvent::UserUpdated { user: user.id });
        if user.roles != before.roles {
            tx.record(Scope::Server, Origin::Local, DomainEvent::UserRolesChanged { user: user.id });
        }
        self.app.sessions.forget_user(&user.id);
        Ok(())
    }

    /// What somebody has set here already stays.
    fn settings(&self, tx: &mut Tx, user: UserId, line: &bulk::User) -> Result<(), Refused> {
        let shown = &line.display;
        let named = [
            &shown.military_time,
            &shown.name_format,
            &shown.collapse_previews,
            &shown.message_display,
            &shown.channel_display_mode,
            &shown.show_unread_section,
        ];
        let own = [
            (THEME, "", &shown.theme),
            (TUTORIAL, user.as_str(), &shown.tutorial_step),
            (EMAIL_INTERVAL.0, EMAIL_INTERVAL.1, &shown.email_interval),
        ];
        let named = DISPLAY.iter().zip(named).map(|((category, name), value)| (*category, *name, value));
        for (category, name, value) in named.chain(own) {
            let Some(value) = value.as_ref().filter(|value| !value.is_empty()) else { continue };
            if value.chars().count() > 20_000 {
                return refused(format!("the setting {category} {name} is too long"));
            }
            imports::add_preference(tx, &user, category, name, value)?;
        }
        Ok(())
    }

    async fn team_of(&mut self, tx: &mut Tx, number: i64, user: UserId, line: &bulk::UserTeam) -> Result<(), Refused> {
        let Some(team) = self.team_called(tx, &line.name).await?.filter(|team| team.delete_at.is_none()) else {
            self.warnings.push((number, format!("a place in the team {:?} is left out: it is not here", line.name)));
            return Ok(());
        };
        let roles = line.roles.as_deref().unwrap_or_default();
        let has = |role: &str| roles.split_ascii_whitespace().any(|one| one == role);
        let member = TeamMember {
            team_id: team.id,
            user_id: user,
            create_at: tx.now(),
            delete_at: None,
            scheme_admin: has("team_admin"),
            scheme_user: !has("team_guest"),
            scheme_guest: has("team_guest"),
        };
        if team_members::insert(tx, &member).await? {
            let event = DomainEvent::TeamMemberAdded { team: team.id, user };
            tx.record(Scope::Team(team.id), Origin::Local, event);
            if line.channels.is_none() {
                join_defaults(tx, &team.id, user, member.scheme_admin).await?;
            }
        } else if let Some(known) = team_members::get(tx, &team.id, &user).await?
            && member.scheme_admin
            && !known.scheme_admin
        {
            team_members::update(tx, &TeamMember { scheme_admin: true, ..known }).await?;
            let event = DomainEvent::TeamMemberUpdated { team: team.id, user };
            tx.record(Scope::Team(team.id), Origin::Local, event);
        }
        if let Some(theme) = line.theme.as_ref().filter(|theme| !theme.is_empty()) {
            imports::add_preference(tx, &user, THEME, team.id.as_str(), theme)?;
        }
        for channel in line.channels.iter().flatten() {
            self.channel_of(tx, number, (team.id, &line.name), user, channel).await?;
        }
        Ok(())
    }

    async fn channel_of(
        &mut self,
        tx: &mut Tx,
        number: i64,
        (team, team_name): (TeamId, &str),
        user: UserId,
        line: &bulk::UserChannel,
    ) -> Result<(), Refused> {
        let Some(place) = self.place(tx, team, &line.name).await? else {
            let what = format!("a place in the channel {:?} of {team_name:?} is left out: it is not here", line.name);
            self.warnings.push((number, what));
            return Ok(());
        };
        if place.is_copy {
            let what = format!("a place in the channel {:?} of another organisation is left out", line.name);
            self.warnings.push((number, what));
            return Ok(());
        }
        self.member(tx, place.id, user, (line.roles.as_deref(), line.notify_props.as_ref()), line.read).await?;
        if line.favorite == Some(true) {
            imports::add_preference(tx, &user, FAVORITE, place.id.as_str(), "true")?;
        }
        Ok(())
    }

    /// Makes somebody a member, who has read what the line says, or everything. A member stays as they are, but that they
    /// may become an administrator of the channel.
    pub(super) async fn member(
        &mut self,
        tx: &mut Tx,
        channel: ChannelId,
        user: UserId,
        (roles, props): (Option<&str>, Option<&BTreeMap<String, String>>),
        read: Read,
    ) -> Result<(), Refused> {
        let has = |role: &str| roles.unwrap_or_default().split_ascii_whitespace().any(|one| one == role);
        let Some(row) = channels::get(tx, &channel).await? else { return refused("the channel is gone") };
        let mut member = ChannelMember {
            scheme_admin: has("channel_admin"),
            scheme_user: !has("channel_guest"),
            scheme_guest: has("channel_guest"),
            last_viewed_at: read.last_viewed_at.map_or(tx.now(), |at| Millis(at.max(0))),
            msg_count: read.msg_count.unwrap_or(row.total_msg_count).max(0),
            mention_count: read.mention_count.unwrap_or(0).max(0),
            mention_count_root: read.mention_count_root.or(read.mention_count).unwrap_or(0).max(0),
            ..member_row(channel, user, tx.now())
        };
        member.msg_count_root = match read.msg_count {
            Some(all) => read.msg_count_root.unwrap_or(all).max(0),
            None => row.total_msg_count_root,
        };
        if let Some(props) = props {
            member.notify_props.extend(props_in(props));
        }
        if channel_members::insert(tx, &member).await? {
            if read.msg_count.is_some() {
                let counts = (member.msg_count, member.msg_count_root);
                imports::note_read(tx, &self.job, &channel, &user, counts)?;
            }
            let event = DomainEvent::ChannelMemberAdded { channel, user, by: None };
            tx.record(Scope::Channel(channel), Origin::Local, event);
        } else if member.scheme_admin
            && let Some(known) = channel_members::get(tx, &channel, &user).await?.filter(|known| !known.scheme_admin)
        {
            let known = ChannelMember { scheme_admin: true, last_update_at: tx.now(), ..known };
            channel_members::update(tx, &known).await?;
            tx.record(Scope::Channel(channel), Origin::Local, DomainEvent::ChannelMemberUpdated { channel, user });
        }
        Ok(())
    }
}
