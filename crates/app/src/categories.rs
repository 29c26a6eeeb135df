//! The sidebar: categories into which each person sorts their channels of one team. Source: client-api 5.4.
//!
//! Three of them everybody has. Favourites are what a preference says, wherever it was set; a channel that was put nowhere
//! stands where its kind belongs.

use std::collections::{BTreeSet, HashMap};

pub use rialto_model::category::{Category, CategoryKind};
use rialto_model::event::{Preference, SidebarChange};
use rialto_model::{Channel, ChannelId, DomainEvent, ItemId, Origin, Permission, Scope, TeamId};
use rialto_store::{Snapshot, StoreError, Tx, categories as rows, channels, preferences as preference_rows};

use crate::access::{self, Denied, SessionUser};
use crate::{App, preferences};

/// The preference of a favourite channel.
const FAVOURITE: &str = "favorite_channel";
/// Characters of a name.
const NAME: usize = 64;
/// Categories of one person in one team.
const MOST: usize = 200;
const SORTINGS: [&str; 4] = ["", "manual", "recent", "alpha"];

/// Why something about a sidebar was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such category of the actor's.
    #[error("no such category")]
    Absent,
    /// No name, or a long one.
    #[error("the name is empty or longer than {NAME} characters")]
    Name,
    /// A word that is no way to sort.
    #[error("no such sorting")]
    Sorting,
    /// The three that everybody has do not go.
    #[error("not a category of one's own making")]
    Fixed,
    /// Not all of them, or others.
    #[error("the order names other categories than there are")]
    Order,
    /// More than [`MOST`].
    #[error("too many categories")]
    TooMany,
    /// Not there, or not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A category with its channels, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The category.
    pub category: Category,
    /// What stands in it.
    pub channels: Vec<ChannelId>,
}

/// What somebody says of a category.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Which; of a new one ignored.
    pub id: String,
    /// Ignored for the three that everybody has.
    pub display_name: String,
    /// `""`, `manual`, `recent` or `alpha`.
    pub sorting: String,
    /// Shown as muted.
    pub muted: bool,
    /// Folded.
    pub collapsed: bool,
    /// What is to stand in it, in this order. What the actor does not belong to is passed over.
    pub channels: Vec<ChannelId>,
}

struct Sidebar {
    categories: Vec<Category>,
    mine: Vec<Channel>,
    favourites: BTreeSet<ChannelId>,
    places: Vec<(ChannelId, String)>,
}

impl Sidebar {
    async fn read(view: &mut Snapshot, actor: &SessionUser, team: &TeamId) -> Result<Self, Error> {
        access::team(view, actor, team, Permission::ViewTeam).await?;
        let user = &actor.user_id;
        let mut categories = rows::list(view, user, team).await?;
        for fixed in Category::defaults(*user, *team) {
            if !categories.iter().any(|category| category.id == fixed.id) {
                categories.push(fixed);
            }
        }
        categories.sort_by(|a, b| (a.sort_order, &a.id).cmp(&(b.sort_order, &b.id)));
        let marked = preference_rows::list(view, user, Some(FAVOURITE)).await?;
        let marked = marked.iter().filter(|mark| mark.value == "true");
        Ok(Self {
            categories,
            mine: channels::list_of_user(view, user, Some(team), false).await?,
            favourites: marked.filter_map(|mark| mark.name.parse().ok()).collect(),
            places: rows::places(view, user, team).await?,
        })
    }

    fn find(&self, id: &str) -> Result<&Category, Error> {
        self.categories.iter().find(|category| category.id == id).ok_or(Error::Absent)
    }

    /// Every channel stands in one category.
    fn filled(self) -> Vec<Filled> {
        let place = |channel: &ChannelId| self.places.iter().position(|(placed, _)| placed == channel);
        let of_kind = |kind| self.categories.iter().find(|category| category.kind == kind);
        let mut sorted: HashMap<&str, Vec<(usize, ChannelId)>> = HashMap::new();
        for channel in &self.mine {
            let at = place(&channel.id);
            let put = at.and_then(|at| self.places.get(at)).and_then(|(_, id)| self.find(id).ok());
            let put = put.filter(|category| category.kind != CategoryKind::Favorites && fits(category, channel));
            let home = if self.favourites.contains(&channel.id) {
                of_kind(CategoryKind::Favorites)
            } else if let Some(put) = put {
                Some(put)
            } else if channel.kind.is_direct_or_group() {
                of_kind(CategoryKind::DirectMessages)
            } else {
                of_kind(CategoryKind::Channels)
            };
            if let Some(home) = home {
                // What was put nowhere stands behind what was.
                sorted.entry(&home.id).or_default().push((at.unwrap_or(usize::MAX), channel.id));
            }
        }
        let mut channels_of = |id: &str| {
            let mut list = sorted.remove(id).unwrap_or_default();
            list.sort_by_key(|(place, _)| *place);
            list.into_iter().map(|(_, channel)| channel).collect()
        };
        let channels: Vec<Vec<ChannelId>> = self.categories.iter().map(|one| channels_of(&one.id)).collect();
        let filled = self.categories.iter().cloned().zip(channels);
        filled.map(|(category, channels)| Filled { category, channels }).collect()
    }
}

/// Conversations do not stand among the channels, nor channels among the conversations.
fn fits(category: &Category, channel: &Channel) -> bool {
    match category.kind {
        CategoryKind::Channels => !channel.kind.is_direct_or_group(),
        CategoryKind::DirectMessages => channel.kind.is_direct_or_group(),
        CategoryKind::Favorites | CategoryKind::Custom => true,
    }
}

/// The actor's categories of a team, in their order.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &SessionUser, team: &TeamId) -> Result<Vec<Filled>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    Ok(Sidebar::read(&mut view, actor, team).await?.filled())
}

/// One of them.
///
/// # Errors
/// [`Error::Absent`], [`Error::Denied`].
pub async fn get(app: &App, actor: &SessionUser, team: &TeamId, id: &str) -> Result<Filled, Error> {
    list(app, actor, team).await?.into_iter().find(|filled| filled.category.id == id).ok_or(Error::Absent)
}

/// Makes a category below the favourites. Records [`DomainEvent::SidebarChanged`].
///
/// # Errors
/// [`Error`].
pub async fn create(app: &App, actor: &SessionUser, team: &TeamId, new: Change) -> Result<Filled, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let sidebar = Sidebar::read(&mut tx, actor, team).await?;
    if sidebar.categories.len() >= MOST {
        return Err(Error::TooMany);
    }
    let id = app.ids.id(ItemId::from_random).to_string();
    let mut category = Category {
        id: id.clone(),
        user_id: actor.user_id,
        team_id: *team,
        sort_order: 0,
        sorting: String::new(),
        kind: CategoryKind::Custom,
        display_name: String::new(),
        muted: false,
        collapsed: false,
    };
    describe(&mut category, &new)?;
    rows::put(&mut tx, &category).await?;
    put_in(&mut tx, actor, &sidebar, &category, &new.channels).await?;
    let mut order: Vec<Category> = sidebar.categories;
    let behind = order.iter().position(|one| one.kind == CategoryKind::Favorites).map_or(0, |at| at + 1);
    order.insert(behind, category);
    number(&mut tx, order).await?;
    record(&mut tx, actor, team, SidebarChange::Created { category: id.clone() });
    let filled = Sidebar::read(&mut tx, actor, team).await?.filled();
    tx.commit().await?;
    filled.into_iter().find(|filled| filled.category.id == id).ok_or(Error::Absent)
}

fn describe(category: &mut Category, change: &Change) -> Result<(), Error> {
    if !SORTINGS.contains(&change.sorting.as_str()) {
        return Err(Error::Sorting);
    }
    if category.kind == CategoryKind::Custom {
        let name = change.display_name.trim();
        if name.is_empty() || name.chars().count() > NAME {
            return Err(Error::Name);
        }
        name.clone_into(&mut category.display_name);
    }
    category.sorting.clone_from(&change.sorting);
    (category.muted, category.collapsed) = (change.muted, change.collapsed);
    Ok(())
}

/// Puts channels into a category; what comes into or out of the favourites becomes one, or is none any more.
async fn put_in(
    tx: &mut Tx,
    actor: &SessionUser,
    sidebar: &Sidebar,
    category: &Category,
    wanted: &[ChannelId],
) -> Result<(), Error> {
    let belongs = |id: &&ChannelId| sidebar.mine.iter().any(|channel| channel.id == **id && fits(category, channel));
    let mut list: Vec<ChannelId> = Vec::new();
    for channel in wanted.iter().filter(belongs) {
        if !list.contains(channel) {
            list.push(*channel);
        }
    }
    rows::fill(tx, category, &list).await?;
    let is_favourites = category.kind == CategoryKind::Favorites;
    let mark = |channel: &ChannelId| Preference {
        user_id: actor.user_id,
        category: FAVOURITE.to_owned(),
        name: channel.to_string(),
        value: "true".to_owned(),
    };
    if is_favourites {
        preferences::write(tx, &actor.user_id, list.iter().map(mark).collect()).await?;
    }
    // Only those the actor belongs to in this team: a favourite of another team stays one.
    let leaves = |channel: &&ChannelId| match is_favourites {
        true => !list.contains(channel) && sidebar.mine.iter().any(|one| one.id == **channel),
        false => list.contains(channel),
    };
    let gone: Vec<Preference> = sidebar.favourites.iter().filter(leaves).map(mark).collect();
    preferences::forget(tx, &actor.user_id, gone).await?;
    Ok(())
}

/// Numbers categories in their order, and writes those that change by it.
async fn number(tx: &mut Tx, order: Vec<Category>) -> Result<(), StoreError> {
    for (place, mut category) in (0i64..).zip(order) {
        if category.sort_order != place * 10 {
            category.sort_order = place * 10;
            rows::put(tx, &category).await?;
        }
    }
    Ok(())
}

fn record(tx: &mut Tx, actor: &SessionUser, team: &TeamId, change: SidebarChange) {
    let event = DomainEvent::SidebarChanged { user: actor.user_id, team: *team, change };
    tx.record(Scope::User(actor.user_id), Origin::Local, event);
}

/// Changes categories and what stands in them. Records [`DomainEvent::SidebarChanged`].
///
/// # Errors
/// [`Error`]; nothing is changed then.
pub async fn update(app: &App, actor: &SessionUser, team: &TeamId, changes: Vec<Change>) -> Result<Vec<Filled>, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let ids: Vec<String> = changes.iter().map(|change| change.id.clone()).collect();
    for change in changes {
        let sidebar = Sidebar::read(&mut tx, actor, team).await?;
        let mut category = sidebar.find(&change.id)?.clone();
        describe(&mut category, &change)?;
        rows::put(&mut tx, &category).await?;
        put_in(&mut tx, actor, &sidebar, &category, &change.channels).await?;
    }
    record(&mut tx, actor, team, SidebarChange::Updated);
    let mut filled = Sidebar::read(&mut tx, actor, team).await?.filled();
    tx.commit().await?;
    filled.retain(|one| ids.contains(&one.category.id));
    Ok(filled)
}

/// Removes a category of the actor's own making. Records [`DomainEvent::SidebarChanged`].
///
/// # Errors
/// [`Error::Fixed`] for the three that everybody has.
pub async fn delete(app: &App, actor: &SessionUser, team: &TeamId, id: &str) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let sidebar = Sidebar::read(&mut tx, actor, team).await?;
    let category = sidebar.find(id)?;
    if category.kind != CategoryKind::Custom {
        return Err(Error::Fixed);
    }
    rows::delete(&mut tx, category).await?;
    record(&mut tx, actor, team, SidebarChange::Deleted { category: id.to_owned() });
    tx.commit().await?;
    Ok(())
}

/// Puts the actor's categories of a team in this order. Records [`DomainEvent::SidebarChanged`].
///
/// # Errors
/// [`Error::Order`] unless it names each of them once.
pub async fn set_order(app: &App, actor: &SessionUser, team: &TeamId, ids: Vec<String>) -> Result<Vec<String>, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let sidebar = Sidebar::read(&mut tx, actor, team).await?;
    let named: BTreeSet<&String> = ids.iter().collect();
    if named.len() != ids.len() || ids.len() != sidebar.categories.len() {
        return Err(Error::Order);
    }
    let order: Result<Vec<Category>, Error> = ids.iter().map(|id| sidebar.find(id).cloned()).collect();
    number(&mut tx, order.map_err(|_| Error::Order)?).await?;
    record(&mut tx, actor, team, SidebarChange::Ordered { order: ids.clone() });
    tx.commit().await?;
    Ok(ids)
}
