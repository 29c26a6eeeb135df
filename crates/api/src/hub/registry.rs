//! Who listens, and what they may hear: connections, and the memberships of the people behind them.
//!
//! Memberships are read when a person's first connection registers and follow the log from there on, so a listener
//! hears nothing past the event that ended its access (INV-11).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rialto_app::frames::Listener;
use rialto_model::{ChannelId, ConnectionId, DomainEvent, Millis, Permission, Scope, SessionId, TeamId, UserId};

use super::connection::{Connection, Ended};
use super::frame::Frame;

/// What of a person decides which form of an event they get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewer {
    /// System administrators get more.
    pub is_admin: bool,
    /// Others hear only of people they share a channel with.
    pub sees_everyone: bool,
    /// Those who manage connections or shares hear of connections.
    pub sees_connections: bool,
}

impl Viewer {
    /// From the person's system roles.
    pub fn new(user: &rialto_model::User) -> Self {
        let held = rialto_model::PermissionSet::of_roles(user.system_roles());
        let manages = [Permission::ManageSecureConnections, Permission::ManageSharedChannels];
        Self {
            is_admin: held.allows(Permission::ManageSystem),
            sees_everyone: held.allows(Permission::ViewMembers),
            sees_connections: manages.into_iter().any(|permission| held.allows(permission)),
        }
    }
}

#[derive(Debug)]
struct Person {
    viewer: Viewer,
    connections: Vec<Arc<Connection>>,
    channels: HashSet<ChannelId>,
    teams: HashSet<TeamId>,
}

/// Connections one person may have, those waiting for their client to come back included.
const MOST_PER_PERSON: usize = 64;

/// The listeners of a node.
#[derive(Debug, Default)]
pub struct Registry {
    connections: HashMap<ConnectionId, Arc<Connection>>,
    people: HashMap<UserId, Person>,
    channels: HashMap<ChannelId, HashSet<UserId>>,
    teams: HashMap<TeamId, HashSet<UserId>>,
}

impl Registry {
    /// Whether any connection of the person is known, attached or not.
    pub fn knows(&self, user: &UserId) -> bool {
        self.people.contains_key(user)
    }

    /// Whether a socket of the person is attached.
    pub fn is_attached(&self, user: &UserId) -> bool {
        self.people.get(user).is_some_and(|person| person.connections.iter().any(|one| one.is_attached()))
    }

    /// People with a socket.
    pub fn attached(&self) -> Vec<UserId> {
        self.people.keys().filter(|user| self.is_attached(user)).copied().collect()
    }

    /// Whether anybody listens who does not see everyone.
    pub fn has_restricted_listeners(&self) -> bool {
        self.restricted_listeners().next().is_some()
    }

    /// Those who do not see everyone.
    pub fn restricted_listeners(&self) -> impl Iterator<Item = UserId> {
        self.people.iter().filter(|(_, person)| !person.viewer.sees_everyone).map(|(user, _)| *user)
    }

    /// Whether a connected person belongs to one of these channels.
    pub fn shares_channel(&self, user: &UserId, channels: &[ChannelId]) -> bool {
        self.people.get(user).is_some_and(|person| channels.iter().any(|channel| person.channels.contains(channel)))
    }

    /// Connected people who belong to any of these channels.
    pub fn members_of(&self, channels: &[ChannelId]) -> HashSet<UserId> {
        channels.iter().filter_map(|channel| self.channels.get(channel)).flatten().copied().collect()
    }

    /// The connection called `id`, if it is `user`'s.
    pub fn connection(&self, id: &ConnectionId, user: &UserId) -> Option<&Arc<Connection>> {
        self.connections.get(id).filter(|connection| connection.user() == *user)
    }

    /// Adds a connection. Of somebody [known](Registry::knows) the memberships held are newer than, or equal to, those
    /// of `listener` as far as the log has been followed, so they stay.
    pub fn add(&mut self, connection: Arc<Connection>, listener: &Listener) {
        let user = connection.user();
        self.make_room(&user);
        self.connections.insert(connection.id(), Arc::clone(&connection));
        let person = self.people.entry(user).or_insert_with(|| Person {
            viewer: Viewer::new(&listener.user),
            connections: Vec::new(),
            channels: listener.channels.iter().copied().collect(),
            teams: listener.teams.iter().copied().collect(),
        });
        if person.connections.is_empty() {
            for channel in &person.channels {
                self.channels.entry(*channel).or_default().insert(user);
            }
            for team in &person.teams {
                self.teams.entry(*team).or_default().insert(user);
            }
        }
        person.connections.push(connection);
    }

    /// Ends a connection of somebody who has too many, one that nobody is attached to if there is one.
    fn make_room(&mut self, user: &UserId) {
        let Some(person) = self.people.get(user).filter(|person| person.connections.len() >= MOST_PER_PERSON) else {
            return;
        };
        let detached = person.connections.iter().find(|connection| !connection.is_attached());
        if let Some(connection) = detached.or(person.connections.first()).cloned() {
            connection.end(Ended::Crowded);
            self.forget(&connection);
        }
    }

    /// Sets what decides about the form of events for a person.
    pub fn set_viewer(&mut self, user: &UserId, viewer: Viewer) {
        if let Some(person) = self.people.get_mut(user) {
            person.viewer = viewer;
        }
    }

    /// Follows what an event says about access. To be called before the event is told to anybody.
    pub fn apply(&mut self, event: &DomainEvent) {
        match event {
            DomainEvent::ChannelMemberAdded { channel, user, .. } => self.enter_channel(*channel, *user),
            DomainEvent::ChannelMemberRemoved { channel, user, .. } => {
                if let Some(person) = self.people.get_mut(user) {
                    person.channels.remove(channel);
                }
                leave(&mut self.channels, channel, user);
            }
            DomainEvent::TeamMemberAdded { team, user } => {
                if let Some(person) = self.people.get_mut(user) {
                    person.teams.insert(*team);
                    self.teams.entry(*team).or_default().insert(*user);
                }
            }
            DomainEvent::TeamMemberRemoved { team, user } => {
                if let Some(person) = self.people.get_mut(user) {
                    person.teams.remove(team);
                }
                leave(&mut self.teams, team, user);
            }
            DomainEvent::SessionsRevoked { user, session } => self.revoke(user, session.as_ref()),
            _ => {}
        }
    }

    /// Notes that a person belongs to a channel.
    pub fn enter_channel(&mut self, channel: ChannelId, user: UserId) {
        if let Some(person) = self.people.get_mut(&user) {
            person.channels.insert(channel);
            self.channels.entry(channel).or_default().insert(user);
        }
    }

    /// Nobody belongs to a channel any more, nor to one that comes under its id later (E-139).
    pub fn forget_channel(&mut self, channel: &ChannelId) {
        for user in self.channels.remove(channel).unwrap_or_default() {
            if let Some(person) = self.people.get_mut(&user) {
                person.channels.remove(channel);
            }
        }
    }

    fn revoke(&mut self, user: &UserId, session: Option<&SessionId>) {
        let Some(person) = self.people.get(user) else { return };
        let gone: Vec<_> = person
            .connections
            .iter()
            .filter(|connection| session.is_none_or(|session| connection.session() == *session))
            .cloned()
            .collect();
        for connection in gone {
            connection.end(Ended::Revoked);
            self.forget(&connection);
        }
    }

    /// Whether anybody hears of what has this scope.
    pub fn has_audience(&self, scope: Scope) -> bool {
        match scope {
            Scope::Channel(id) => self.channels.contains_key(&id),
            Scope::Team(id) => self.teams.contains_key(&id),
            Scope::User(id) => self.people.contains_key(&id),
            Scope::Server => !self.people.is_empty(),
        }
    }

    /// Queues for each person in `scope` the frame that `pick` gives them. A connection whose queue is full ends.
    pub fn send<'f>(&mut self, scope: Scope, pick: impl Fn(&UserId, &Viewer) -> Option<&'f Arc<Frame>>) {
        self.send_beside(scope, None, pick);
    }

    /// The same, but nothing to one connection, which knows already.
    pub fn send_beside<'f>(
        &mut self,
        scope: Scope,
        omitted: Option<ConnectionId>,
        pick: impl Fn(&UserId, &Viewer) -> Option<&'f Arc<Frame>>,
    ) {
        let mut fallen_behind = Vec::new();
        let mut tell = |user: &UserId, person: &Person| {
            if let Some(frame) = pick(user, &person.viewer) {
                let told = person.connections.iter().filter(|connection| omitted != Some(connection.id()));
                let behind = told.filter(|connection| !connection.push(frame));
                fallen_behind.extend(behind.cloned());
            }
        };
        let people = &self.people;
        let of = |users: Option<&HashSet<UserId>>, tell: &mut dyn FnMut(&UserId, &Person)| {
            for user in users.into_iter().flatten() {
                if let Some(person) = people.get(user) {
                    tell(user, person);
                }
            }
        };
        match scope {
            Scope::Channel(id) => of(self.channels.get(&id), &mut tell),
            Scope::Team(id) => of(self.teams.get(&id), &mut tell),
            Scope::User(id) => people.get(&id).into_iter().for_each(|person| tell(&id, person)),
            Scope::Server => people.iter().for_each(|(user, person)| tell(user, person)),
        }
        for connection in fallen_behind {
            tracing::info!(connection = %connection.id(), user = %connection.user(), "a websocket fell behind");
            self.forget(&connection);
        }
    }

    /// Forgets connections nobody came back to.
    pub fn expire(&mut self, now: Millis) {
        let stale: Vec<_> = self.connections.values().filter(|connection| connection.is_stale(now)).cloned().collect();
        for connection in stale {
            connection.end(Ended::Expired);
            self.forget(&connection);
        }
    }

    /// Ends and forgets everything.
    pub fn end_all(&mut self, why: Ended) {
        self.connections.values().for_each(|connection| connection.end(why));
        *self = Self::default();
    }

    /// Forgets a connection, and its person with the last one.
    pub fn forget(&mut self, connection: &Connection) {
        let user = connection.user();
        self.connections.remove(&connection.id());
        let Some(person) = self.people.get_mut(&user) else { return };
        person.connections.retain(|one| one.id() != connection.id());
        if !person.connections.is_empty() {
            return;
        }
        if let Some(person) = self.people.remove(&user) {
            person.channels.iter().for_each(|channel| leave(&mut self.channels, channel, &user));
            person.teams.iter().for_each(|team| leave(&mut self.teams, team, &user));
        }
    }
}

fn leave<K: std::hash::Hash + Eq>(places: &mut HashMap<K, HashSet<UserId>>, place: &K, user: &UserId) {
    if let Some(users) = places.get_mut(place) {
        users.remove(user);
        if users.is_empty() {
            places.remove(place);
        }
    }
}
