//! Lines about places: teams, channels, conversations; and emoji, which are everywhere.

use std::collections::BTreeSet;

use rialto_model::bulk;
use rialto_model::names::{check_channel_name, check_team_name};
use rialto_model::{
    Channel, ChannelId, ChannelKind, CustomEmoji, DomainEvent, Millis, Origin, Scope, Team, TeamId, TeamKind, User,
    UserId,
};
use rialto_store::{Tx, channels, emoji as emoji_rows, imports, teams, users};

use super::prepare::Prepared;
use super::{Batching, Place, Refused, refused};
use crate::bulk::{FAVORITE, SHOWN_DIRECT, SHOWN_GROUP};
use crate::channels::{DEFAULT_CHANNEL, blank, record_update};
use crate::direct_channels;

/// Usernames as conversations are looked up by.
pub(super) fn sorted(names: &[String]) -> Vec<String> {
    let names: BTreeSet<String> = names.iter().map(|name| name.trim().to_lowercase()).collect();
    names.into_iter().collect()
}

fn within(what: &str, text: &str, min: usize, max: usize) -> Result<(), Refused> {
    let fits = (min..=max).contains(&text.chars().count());
    if fits { Ok(()) } else { refused(format!("{what} must have {min} to {max} characters")) }
}

impl Batching<'_> {
    pub(super) async fn emoji(
        &mut self,
        tx: &mut Tx,
        number: i64,
        line: &bulk::Emoji,
        prepared: &Prepared,
    ) -> Result<(), Refused> {
        if let Err(why) = rialto_model::emoji::check_custom_name(&line.name) {
            self.warnings.push((number, format!("the emoji {:?} is left out: its name {why}", line.name)));
            return Ok(());
        }
        let Some((id, mime_type)) = prepared.emoji else { return Ok(()) };
        if !emoji_rows::by_names(tx, [&line.name]).await?.is_empty() {
            return Ok(());
        }
        let emoji = CustomEmoji {
            id,
            creator_id: self.app.system_user,
            name: line.name.clone(),
            mime_type: mime_type.to_owned(),
            create_at: tx.now(),
            update_at: tx.now(),
            delete_at: None,
        };
        emoji_rows::insert(tx, &emoji).await?;
        tx.record(Scope::Server, Origin::Local, DomainEvent::EmojiAdded(emoji));
        Ok(())
    }

    pub(super) async fn team(&mut self, tx: &mut Tx, number: i64, line: &bulk::Team) -> Result<(), Refused> {
        let name = line.name.trim().to_lowercase();
        check_team_name(&name).map_err(|why| Refused::Why(format!("the team's name {why}")))?;
        within("display_name", &line.display_name, 1, 64)?;
        within("description", line.description.as_deref().unwrap_or_default(), 0, 255)?;
        let kind = match line.kind.as_str() {
            "O" => TeamKind::Open,
            "I" => TeamKind::Invite,
            other => return refused(format!("there are no teams of type {other:?}")),
        };
        if let Some(before) = teams::get_by_name(tx, &name).await? {
            if before.delete_at.is_some() {
                self.warnings.push((number, format!("the team {name:?} is archived here and stays as it is")));
                return Ok(());
            }
            let mut team = Team { display_name: line.display_name.clone(), kind, ..before.clone() };
            team.description = line.description.clone().unwrap_or(team.description);
            team.allow_open_invite = line.allow_open_invite.unwrap_or(team.allow_open_invite);
            if team != before {
                team.update_at = before.update_at.next_version(tx.now());
                teams::update(tx, &team).await?;
                tx.record(Scope::Team(team.id), Origin::Local, DomainEvent::TeamUpdated { team: team.id });
            }
            return Ok(());
        }
        let team = Team {
            id: self.app.ids.id(TeamId::from_random),
            create_at: tx.now(),
            update_at: tx.now(),
            delete_at: None,
            name,
            display_name: line.display_name.clone(),
            description: line.description.clone().unwrap_or_default(),
            email: String::new(),
            kind,
            allow_open_invite: line.allow_open_invite.unwrap_or_default(),
            invite_id: self.app.ids.token(),
        };
        teams::insert(tx, &team).await?;
        tx.record(Scope::Team(team.id), Origin::Local, DomainEvent::TeamCreated { team: team.id });
        // The one channel every team has, whatever the file holds.
        let channel = Channel {
            id: self.app.ids.id(ChannelId::from_random),
            team_id: Some(team.id),
            kind: ChannelKind::Public,
            name: DEFAULT_CHANNEL.to_owned(),
            display_name: "Town Square".to_owned(),
            ..blank(tx.now())
        };
        self.new_channel(tx, &channel).await
    }

    async fn new_channel(&mut self, tx: &mut Tx, channel: &Channel) -> Result<(), Refused> {
        channels::insert(tx, channel).await?;
        let created = DomainEvent::ChannelCreated { channel: channel.id, creator: channel.creator_id };
        tx.record(Scope::Channel(channel.id), Origin::Local, created);
        Ok(())
    }

    pub(super) async fn channel(&mut self, tx: &mut Tx, number: i64, line: &bulk::Channel) -> Result<(), Refused> {
        let Some(team) = self.team_called(tx, &line.team).await? else {
            return refused(format!("there is no team called {:?}", line.team));
        };
        check_channel_name(&line.name).map_err(|why| Refused::Why(format!("the channel's name {why}")))?;
        within("display_name", &line.display_name, 1, 64)?;
        within("header", line.header.as_deref().unwrap_or_default(), 0, 1024)?;
        within("purpose", line.purpose.as_deref().unwrap_or_default(), 0, 250)?;
        let kind = match line.kind.as_str() {
            "O" => ChannelKind::Public,
            "P" => ChannelKind::Private,
            other => return refused(format!("there are no channels of type {other:?} in teams")),
        };
        let is_default = line.name == DEFAULT_CHANNEL;
        if is_default && kind != ChannelKind::Public {
            return refused("the default channel of a team is public");
        }
        let archived_at = line.deleted_at.and_then(Millis::non_zero).filter(|_| !is_default);
        let Some(before) = channels::get_by_name(tx, Some(&team.id), &line.name).await? else {
            let channel = Channel {
                id: self.app.ids.id(ChannelId::from_random),
                team_id: Some(team.id),
                kind,
                name: line.name.clone(),
                display_name: line.display_name.clone(),
                header: line.header.clone().unwrap_or_default(),
                purpose: line.purpose.clone().unwrap_or_default(),
                delete_at: archived_at,
                ..blank(tx.now())
            };
            return self.new_channel(tx, &channel).await;
        };
        if before.origin.is_some() {
            let what = format!("the channel {:?} belongs to another organisation and stays as it is", line.name);
            self.warnings.push((number, what));
            return Ok(());
        }
        let mut channel = Channel { kind, display_name: line.display_name.clone(), ..before.clone() };
        channel.header = line.header.clone().unwrap_or(channel.header);
        channel.purpose = line.purpose.clone().unwrap_or(channel.purpose);
        if channel != before {
            channel.update_at = before.update_at.next_version(tx.now());
            channels::update(tx, &channel).await?;
            record_update(tx, &channel, Origin::Local);
        }
        Ok(())
    }

    /// A channel of a team that lines name; None if there is none.
    pub(super) async fn place(&mut self, tx: &mut Tx, team: TeamId, name: &str) -> Result<Option<Place>, Refused> {
        let key = (team, name.to_owned());
        if let Some(place) = self.names.channels.get(&key) {
            return Ok(Some(*place));
        }
        let Some(found) = channels::get_by_name(tx, Some(&team), name).await? else { return Ok(None) };
        let place = Place { id: found.id, is_copy: found.origin.is_some() };
        self.names.channels.insert(key, place);
        Ok(Some(place))
    }

    /// The conversation of these people, made if there is none.
    pub(super) async fn conversation(
        &mut self,
        tx: &mut Tx,
        members: &[String],
        header: &str,
        read: &[bulk::Participant],
    ) -> Result<ChannelId, Refused> {
        let key = sorted(members);
        if let Some(id) = self.names.conversations.get(&key) {
            return Ok(*id);
        }
        let kind = match key.len() {
            1 | 2 => ChannelKind::Direct,
            count if direct_channels::GROUP.contains(&count) => ChannelKind::Group,
            _ => return refused("a conversation has 1 to 8 members"),
        };
        let mut people = BTreeSet::new();
        for name in &key {
            people.insert(self.person(tx, name).await?);
        }
        let name = direct_channels::name(kind, &people);
        let id = match channels::get_by_name(tx, None, &name).await? {
            Some(channel) => channel.id,
            None => {
                let ids: Vec<UserId> = people.iter().copied().collect();
                let found: Vec<User> = users::list_by_ids(tx, &ids).await?;
                let channel = Channel {
                    id: self.app.ids.id(ChannelId::from_random),
                    kind,
                    name,
                    display_name: match kind {
                        ChannelKind::Group => direct_channels::usernames(&found),
                        _ => String::new(),
                    },
                    header: header.to_owned(),
                    ..blank(tx.now())
                };
                self.new_channel(tx, &channel).await?;
                for name in &key {
                    let user = self.person(tx, name).await?;
                    let own = read.iter().find(|one| one.username.trim().to_lowercase() == *name);
                    let read = own.map(|one| one.read).unwrap_or_default();
                    self.member(tx, channel.id, user, (None, None), read).await?;
                }
                channel.id
            }
        };
        self.names.conversations.insert(key, id);
        Ok(id)
    }

    pub(super) async fn direct_channel(&mut self, tx: &mut Tx, line: &bulk::DirectChannel) -> Result<(), Refused> {
        let read = line.participants.as_deref().unwrap_or_default();
        let members: Vec<String> = match &line.members {
            Some(members) if !members.is_empty() => members.clone(),
            _ => read.iter().map(|one| one.username.clone()).collect(),
        };
        let header = line.header.as_deref().unwrap_or_default();
        within("header", header, 0, 1024)?;
        let id = self.conversation(tx, &members, header, read).await?;
        let mut ids = Vec::new();
        for name in sorted(&members) {
            ids.push(self.person(tx, &name).await?);
        }
        for name in line.favorited_by.iter().flatten() {
            let user = self.person(tx, name).await?;
            imports::add_preference(tx, &user, FAVORITE, id.as_str(), "true")?;
        }
        for name in line.shown_by.iter().flatten() {
            let user = self.person(tx, name).await?;
            match ids.as_slice() {
                [alone] => imports::add_preference(tx, &user, SHOWN_DIRECT, alone.as_str(), "true")?,
                [one, other] => {
                    let with = if *one == user { other } else { one };
                    imports::add_preference(tx, &user, SHOWN_DIRECT, with.as_str(), "true")?;
                }
                _ => imports::add_preference(tx, &user, SHOWN_GROUP, id.as_str(), "true")?,
            }
        }
        Ok(())
    }
}
