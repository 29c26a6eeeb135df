//! Lines about people and the accounts of integrations.

use std::collections::BTreeMap;

use rialto_model::bulk::{self, Display, Line, Read, UserChannel, UserTeam};
use rialto_model::event::Preference;
use rialto_model::{ChannelMember, Millis, TeamMember, User, UserId};
use rialto_store::{bots as store_bots, exports, users};

use super::{Counts, Export, PAGE, Stop};
use crate::bulk::{DISPLAY, EMAIL_INTERVAL, FAVORITE, THEME, TUTORIAL, props_out};
use crate::users::profile::CUSTOM_STATUS;

/// What is known of the people of one page besides their accounts.
struct Beside {
    teams: Vec<TeamMember>,
    channels: Vec<ChannelMember>,
    settings: BTreeMap<UserId, Vec<Preference>>,
}

impl Beside {
    fn setting(&self, user: &UserId, category: &str, name: &str) -> Option<String> {
        let list = self.settings.get(user)?;
        let found = list.iter().find(|one| one.category == category && one.name == name)?;
        Some(found.value.clone()).filter(|value| !value.is_empty())
    }
}

/// How far a member has read, as a line says it.
pub(super) fn read(member: &ChannelMember, counts: Counts) -> Read {
    let (messages, roots) = counts.read(member.msg_count, member.msg_count_root);
    Read {
        last_viewed_at: Some(member.last_viewed_at.0),
        msg_count: Some(messages),
        msg_count_root: Some(roots),
        mention_count: Some(member.mention_count),
        mention_count_root: Some(member.mention_count_root),
    }
}

fn roles(held: [(bool, &'static str); 3]) -> Option<String> {
    let names: Vec<&str> = held.into_iter().filter_map(|(held, name)| held.then_some(name)).collect();
    Some(names.join(" "))
}

impl Export<'_> {
    /// All people, or all accounts of integrations.
    pub(super) async fn people(&mut self, bots: bool) -> Result<(), Stop> {
        let mut after = String::new();
        loop {
            let mut view = self.app.db.read(self.app.clock.now()).await?;
            let page = exports::users(&mut view, bots, &after, self.bounds, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after.clone_from(&last.username);
            let ids: Vec<UserId> = page.iter().map(|user| user.id).collect();
            let mut beside = Beside {
                teams: exports::team_members(&mut view, &ids).await?,
                channels: exports::channel_members(&mut view, &ids).await?,
                settings: BTreeMap::new(),
            };
            for one in exports::preferences(&mut view, &ids).await? {
                beside.settings.entry(one.user_id).or_default().push(one);
            }
            let mut owners = BTreeMap::new();
            for user in page.iter().filter(|_| bots) {
                let owner = match store_bots::get(&mut view, &user.id).await? {
                    Some(bot) => users::get(&mut view, &bot.owner_id).await?,
                    None => None,
                };
                let named = owner.filter(|owner| owner.is_local() && owner.id != self.app.system_user);
                owners.insert(user.id, named.map(|owner| owner.username).unwrap_or_default());
            }
            drop(view);
            for user in page {
                let profile_image = self.picture(&user).await?;
                let line = match owners.remove(&user.id) {
                    Some(owner) => bot(user, owner, profile_image),
                    None => self.person(user, profile_image, &beside),
                };
                self.line(&line).await?;
            }
        }
    }

    async fn picture(&mut self, user: &User) -> Result<Option<String>, Stop> {
        if !self.wanted.pictures || user.picture_at == Millis(0) {
            return Ok(None);
        }
        let from = self.app.disk.portrait_path(&user.id, user.picture_at);
        // Taking a picture away leaves a time without bytes.
        if !tokio::fs::try_exists(&from).await? {
            return Ok(None);
        }
        let name = format!("profile_pictures/{}.png", user.username);
        self.writer.file(&name, from).await?;
        Ok(Some(name))
    }

    fn person(&self, user: User, profile_image: Option<String>, beside: &Beside) -> Line {
        let setting = |category: &str, name: &str| beside.setting(&user.id, category, name);
        let [military_time, name_format, collapse_previews, message_display, channel_display_mode, show_unread_section] =
            DISPLAY.map(|(category, name)| setting(category, name));
        let status = user.props.get(CUSTOM_STATUS);
        let line = bulk::User {
            profile_image,
            auth_service: None,
            password: None,
            custom_status: status.and_then(|text| serde_json::from_str(text).ok()),
            teams: Some(self.teams_of(&user.id, beside)),
            display: Display {
                theme: setting(THEME, ""),
                military_time,
                name_format,
                collapse_previews,
                message_display,
                channel_display_mode,
                tutorial_step: setting(TUTORIAL, user.id.as_str()),
                email_interval: setting(EMAIL_INTERVAL.0, EMAIL_INTERVAL.1),
                show_unread_section,
            },
            username: user.username,
            email: user.email,
            nickname: Some(user.nickname),
            first_name: Some(user.first_name),
            last_name: Some(user.last_name),
            position: Some(user.position),
            roles: Some(user.roles),
            locale: Some(user.locale),
            timezone: Some(user.timezone),
            delete_at: user.delete_at.map(|at| at.0),
            notify_props: Some(props_out(&user.notify_props)),
        };
        Line { user: Some(Box::new(line)), ..Line::of("user") }
    }

    fn teams_of(&self, user: &UserId, beside: &Beside) -> Vec<UserTeam> {
        let mut list = Vec::new();
        for team in self.teams.values() {
            let Some(member) = beside.teams.iter().find(|one| one.user_id == *user && one.team_id == team.id) else {
                continue;
            };
            let mut channels: Vec<UserChannel> = beside
                .channels
                .iter()
                .filter(|one| one.user_id == *user)
                .filter_map(|one| Some((one, self.channels.get(&one.channel_id)?)))
                .filter(|(_, named)| named.team == team.id)
                .map(|(one, named)| UserChannel {
                    name: named.channel.clone(),
                    roles: roles([
                        (one.scheme_guest, "channel_guest"),
                        (one.scheme_user, "channel_user"),
                        (one.scheme_admin, "channel_admin"),
                    ]),
                    notify_props: Some(props_out(&one.notify_props)),
                    favorite: Some(beside.setting(user, FAVORITE, one.channel_id.as_str()).as_deref() == Some("true")),
                    read: read(one, named.counts),
                })
                .collect();
            channels.sort_by(|one, other| one.name.cmp(&other.name));
            list.push(UserTeam {
                name: team.name.clone(),
                roles: roles([
                    (member.scheme_guest, "team_guest"),
                    (member.scheme_user, "team_user"),
                    (member.scheme_admin, "team_admin"),
                ]),
                theme: beside.setting(user, THEME, team.id.as_str()),
                channels: Some(channels),
            });
        }
        list
    }
}

/// `owner` is the name of whoever looks after it; empty if nobody does.
fn bot(user: User, owner: String, profile_image: Option<String>) -> Line {
    let line = bulk::Bot {
        username: user.username,
        owner,
        display_name: Some(user.first_name),
        description: Some(user.bot_description).filter(|text| !text.is_empty()),
        delete_at: user.delete_at.map(|at| at.0),
        profile_image,
    };
    Line { bot: Some(line), ..Line::of("bot") }
}
