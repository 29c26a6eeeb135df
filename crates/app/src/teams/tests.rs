use rialto_model::{Channel, TeamKind};

use super::*;
use crate::testing::{both, events_of, join};
use crate::users;

fn new_team(name: &str, open: bool) -> NewTeam {
    NewTeam {
        name: name.to_owned(),
        display_name: name.to_owned(),
        description: String::new(),
        email: "team@test.example".to_owned(),
        kind: TeamKind::Open,
        allow_open_invite: open,
    }
}

async fn channels_of(app: &App, user: &UserId) -> Vec<Channel> {
    let mut view = app.db.read(app.clock.now()).await.unwrap();
    rialto_store::channels::list_of_user(&mut view, user, None, true).await.unwrap()
}

#[tokio::test]
async fn a_team_begins_with_its_channels_and_its_maker() {
    both(|app| async move {
        let (user, actor) = join(&app, "admin").await;
        let team = create(&app, &actor, new_team("acme", false)).await.unwrap();
        let member = get_member(&app, &actor, &team.id, &user.id).await.unwrap();
        assert!(member.scheme_admin && member.scheme_user);
        let names: Vec<String> = channels_of(&app, &user.id).await.into_iter().map(|channel| channel.name).collect();
        assert_eq!(names, ["off-topic", "town-square"]);
        assert!(matches!(create(&app, &actor, new_team("ACME", false)).await, Err(Error::NameTaken)));
        assert!(matches!(create(&app, &actor, new_team("admin-team", false)).await, Err(Error::InvalidName(_))));
    })
    .await;
}

#[tokio::test]
async fn whoever_enters_or_leaves_does_so_with_the_channels() {
    both(|app| async move {
        let (_, admin) = join(&app, "admin").await;
        let (bob, _) = join(&app, "bob").await;
        let team = create(&app, &admin, new_team("acme", false)).await.unwrap();
        let added = add_member(&app, &admin, &team.id, &bob.id).await.unwrap();
        assert!(!added.scheme_admin);
        assert_eq!(channels_of(&app, &bob.id).await.len(), 2);
        let before = events_of(&app).await.len();
        assert_eq!(add_member(&app, &admin, &team.id, &bob.id).await.unwrap(), added);
        assert_eq!(events_of(&app).await.len(), before, "adding a member again changes nothing");
        remove_member(&app, &admin, &team.id, &bob.id).await.unwrap();
        assert!(channels_of(&app, &bob.id).await.is_empty());
        assert!(matches!(get_member(&app, &admin, &team.id, &bob.id).await, Err(Error::NotMember)));
        assert!(matches!(remove_member(&app, &admin, &team.id, &bob.id).await, Err(Error::NotMember)));
        let again = add_member(&app, &admin, &team.id, &bob.id).await.unwrap();
        assert!(!again.scheme_admin && again.delete_at.is_none());
    })
    .await;
}

#[tokio::test]
async fn strangers_enter_open_teams_and_those_they_have_the_link_of() {
    both(|app| async move {
        let (_, admin) = join(&app, "admin").await;
        let (bob, bobs) = join(&app, "bob").await;
        let closed = create(&app, &admin, new_team("closed", false)).await.unwrap();
        let open = create(&app, &admin, new_team("open", true)).await.unwrap();
        assert!(matches!(get(&app, &bobs, &closed.id).await, Err(Error::Denied(_))));
        assert!(matches!(add_member(&app, &bobs, &closed.id, &bob.id).await, Err(Error::Denied(_))));
        let seen = get(&app, &bobs, &open.id).await.unwrap();
        assert!(!seen.with_email && !seen.with_invite_id);
        add_member(&app, &bobs, &open.id, &bob.id).await.unwrap();
        assert!(matches!(join_by_invitation(&app, &bobs, "wrong").await, Err(Error::BadInvitation)));
        join_by_invitation(&app, &bobs, &closed.invite_id).await.unwrap();
        let seen = get(&app, &bobs, &closed.id).await.unwrap();
        assert!(!seen.with_email && seen.with_invite_id, "members invite, administrators see the address");
        let listed: Vec<String> =
            search(&app, &bobs, "").await.unwrap().into_iter().map(|seen| seen.team.name).collect();
        assert_eq!(listed, ["open"]);
    })
    .await;
}

#[tokio::test]
async fn an_invitation_link_makes_an_account_on_a_closed_server() {
    both(|app| async move {
        let (_, admin) = join(&app, "admin").await;
        let team = create(&app, &admin, new_team("acme", false)).await.unwrap();
        app.settings.set(crate::Settings::default());
        let new = || crate::testing::new_user("carol");
        assert!(matches!(users::create(&app, None, Some("wrong"), new()).await, Err(users::Error::BadInvitation)));
        let carol = users::create(&app, None, Some(&team.invite_id), new()).await.unwrap();
        assert!(get_member(&app, &admin, &team.id, &carol.id).await.is_ok());
        let changed = regenerate_invite_id(&app, &admin, &team.id).await.unwrap();
        assert_ne!(changed.invite_id, team.invite_id);
        assert!(matches!(get_by_invitation(&app, &team.invite_id).await, Err(Error::BadInvitation)));
    })
    .await;
}

#[tokio::test]
async fn team_administrators_manage_their_team_and_no_other() {
    both(|app| async move {
        let (_, admin) = join(&app, "admin").await;
        let (bob, bobs) = join(&app, "bob").await;
        let (eve, _) = join(&app, "eve").await;
        let team = create(&app, &admin, new_team("acme", true)).await.unwrap();
        let other = create(&app, &admin, new_team("globex", true)).await.unwrap();
        add_member(&app, &bobs, &team.id, &bob.id).await.unwrap();
        add_member(&app, &bobs, &other.id, &bob.id).await.unwrap();
        add_member(&app, &bobs, &team.id, &eve.id).await.unwrap();
        assert!(matches!(remove_member(&app, &bobs, &team.id, &eve.id).await, Err(Error::Denied(_))));
        assert!(matches!(set_scheme_roles(&app, &bobs, &team.id, &bob.id, true).await, Err(Error::Denied(_))));
        set_scheme_roles(&app, &admin, &team.id, &bob.id, true).await.unwrap();
        let change = || TeamChange { display_name: Some("Acme!".to_owned()), ..TeamChange::default() };
        assert_eq!(update(&app, &bobs, &team.id, change()).await.unwrap().display_name, "Acme!");
        assert!(matches!(update(&app, &bobs, &other.id, change()).await, Err(Error::Denied(_))));
        remove_member(&app, &bobs, &team.id, &eve.id).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_full_team_takes_nobody() {
    both(|app| async move {
        let (_, admin) = join(&app, "admin").await;
        let (bob, _) = join(&app, "bob").await;
        let (eve, _) = join(&app, "eve").await;
        let team = create(&app, &admin, new_team("acme", true)).await.unwrap();
        app.settings.set(crate::Settings { max_users_per_team: 2, ..crate::testing::settings() });
        let (one, other) =
            tokio::join!(add_member(&app, &admin, &team.id, &bob.id), add_member(&app, &admin, &team.id, &eve.id));
        let results = [one, other];
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        assert_eq!(results.iter().filter(|result| matches!(result, Err(Error::Full))).count(), 1);
    })
    .await;
}

#[tokio::test]
async fn unread_is_told_for_every_team() {
    both(|app| async move {
        let (user, actor) = join(&app, "admin").await;
        let team = create(&app, &actor, new_team("acme", true)).await.unwrap();
        let town = channels_of(&app, &user.id).await.into_iter().find(|c| c.name == "town-square").unwrap();
        let mut tx = app.db.begin(app.clock.now()).await.unwrap();
        let now = tx.now();
        rialto_store::channels::count_post(&mut tx, &town.id, true, now).unwrap();
        rialto_store::channels::count_post(&mut tx, &town.id, false, now).unwrap();
        rialto_store::channel_members::count_mentions(&mut tx, &town.id, &[user.id], true, now).unwrap();
        tx.commit().await.unwrap();
        let expected = Unread { team_id: team.id, messages: 2, messages_root: 1, mentions: 1, mentions_root: 1 };
        assert_eq!(list_unread(&app, &actor, &user.id).await.unwrap(), [expected]);
    })
    .await;
}
