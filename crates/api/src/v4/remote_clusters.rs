//! Secure connections, for administrators. Source: client-api 2.4 and 6.1, rulings 12, 22 and 76.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use rialto_app::connections::{self as records, NewConnection};
use rialto_app::{Denied, SessionUser, channels, shares};
use rialto_federation::connections::{self, Error};
use rialto_federation::moving;
use rialto_model::{Channel, ChannelId, Millis, RemoteId, Share, ShareState, TeamId};
use rialto_wire::invitation::OpenError;
use rialto_wire::v4::remote_clusters::{
    AcceptInvite, GenerateInvite, NewRemoteCluster, RemoteClusterPatch, RemoteClusterWithInvite,
};
use rialto_wire::v4::shared_channels::ShareRequest;
use rialto_wire::v4::{RemoteCluster, SharedChannelRemote, StatusOk};

use super::{history, id_lists};
use crate::extract::{ApiJson, MaybeJson, Params, QueryMap, Session};
use crate::{Api, ApiError, ApiResult};

/// Characters of a password the server makes up.
const MADE_UP: usize = 16;

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/remotecluster", get(list).post(create))
        .route("/remotecluster/accept_invite", post(accept))
        .route("/remotecluster/{remote_id}", get(get_one).patch(update).delete(remove))
        .route("/remotecluster/{remote_id}/generate_invite", post(renew))
        .route("/remotecluster/{remote_id}/sharedchannelremotes", get(shares_of))
        .route("/remotecluster/{remote_id}/channels/{channel_id}/invite", post(invite))
        .route("/remotecluster/{remote_id}/channels/{channel_id}/uninvite", post(uninvite))
}

/// Refuses while the connection service is off.
///
/// # Errors
/// 501.
pub(super) fn require_service(api: &Api) -> Result<(), ApiError> {
    if api.app.settings.get().connections_enabled() {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::NOT_IMPLEMENTED,
        "api.remote_cluster.service_not_enabled.app_error",
        "The secure connection service is not enabled.",
    ))
}

/// Refuses while channel sharing is off.
///
/// # Errors
/// 501.
pub(super) fn require_sharing(api: &Api) -> Result<(), ApiError> {
    require_service(api)?;
    if api.app.settings.get().sharing_enabled() {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::NOT_IMPLEMENTED,
        "api.remote_cluster.service_not_enabled.app_error",
        "Shared channels are not enabled.",
    ))
}

/// A page of a list that is held whole.
pub(super) fn page<T>(list: Vec<T>, query: &QueryMap) -> Vec<T> {
    let skip = usize::try_from(query.offset()).unwrap_or(usize::MAX);
    let take = usize::try_from(query.per_page()).unwrap_or_default();
    list.into_iter().skip(skip).take(take).collect()
}

async fn list(State(api): State<Api>, Session(actor): Session, query: QueryMap) -> ApiResult<Vec<RemoteCluster>> {
    require_service(&api)?;
    let mut found = records::list(&api.app, &actor, query.flag("include_deleted")).await?;
    for (name, belongs) in [("in_channel", true), ("not_in_channel", false)] {
        if let Some(channel) = query.id::<ChannelId>(name)? {
            let inside = shares::organisations(&api.app, &actor, &channel).await?;
            found.retain(|remote| inside.iter().any(|(one, _)| one.id == remote.id) == belongs);
        }
    }
    let (settings, now) = (api.app.settings.get(), api.app.clock.now());
    let wanted = query.text("q").trim().to_lowercase();
    found.retain(|remote| {
        let texts = [&remote.display_name, &remote.name, &remote.description];
        let found = |text: &str| text.to_lowercase().contains(&wanted);
        if !texts.into_iter().any(|text| found(text)) && !remote.site_url.as_deref().is_some_and(found) {
            return false;
        }
        // Connections of plugins do not exist here, and topics are nothing a peer is limited to.
        !query.flag("only_plugins")
            && query.text("plugin_id").is_empty()
            && (!query.flag("only_confirmed") || remote.confirmed_at.is_some())
            && (!query.flag("exclude_offline") || remote.is_online(now, settings.offline_after_ms()))
            && (query.text("creator_id").is_empty() || query.text("creator_id") == remote.creator_id.as_str())
    });
    found.sort_by(|a, b| {
        (a.delete_at.is_some(), &a.display_name, &a.name).cmp(&(b.delete_at.is_some(), &b.display_name, &b.name))
    });
    Ok(ApiJson(page(found, &query).iter().map(RemoteCluster::from).collect()))
}

fn new_connection(
    name: String,
    display_name: String,
    description: String,
    team: &str,
) -> Result<NewConnection, ApiError> {
    if name.trim().is_empty() {
        return Err(ApiError::body_param("name"));
    }
    let team: TeamId = id_lists::one(team, "default_team_id")?;
    Ok(NewConnection { name, display_name, description, team: Some(team) })
}

async fn create(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<NewRemoteCluster>,
) -> Result<(StatusCode, ApiJson<RemoteClusterWithInvite>), ApiError> {
    require_service(&api)?;
    let new = new_connection(body.name, body.display_name, body.description, &body.default_team_id)?;
    let made_up =
        if body.password.is_empty() { api.app.ids.token().chars().take(MADE_UP).collect() } else { String::new() };
    let password = if made_up.is_empty() { &body.password } else { &made_up };
    let made = connections::create_invitation(&api.federation, &actor, new, password).await?;
    let answer = RemoteClusterWithInvite {
        remote_cluster: RemoteCluster { invite_expires_at: made.expires_at.0, ..RemoteCluster::from(&made.remote) },
        invite: made.code,
        password: made_up,
    };
    Ok((StatusCode::CREATED, ApiJson(answer)))
}

async fn accept(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(body): ApiJson<AcceptInvite>,
) -> Result<(StatusCode, ApiJson<RemoteCluster>), ApiError> {
    require_service(&api)?;
    let new = new_connection(body.name, body.display_name, body.description, &body.default_team_id)?;
    if body.invite.trim().is_empty() {
        return Err(ApiError::body_param("invite"));
    }
    if body.password.is_empty() {
        return Err(ApiError::body_param("password"));
    }
    let accepted = connections::accept_invitation(&api.federation, &actor, new, &body.password, &body.invite).await?;
    Ok((StatusCode::CREATED, ApiJson(RemoteCluster::from(&accepted.remote))))
}

async fn get_one(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<RemoteId>,
) -> ApiResult<RemoteCluster> {
    require_service(&api)?;
    let remote = records::get(&api.app, &actor, &id).await?;
    let expiry = match remote.confirmed_at {
        None if remote.delete_at.is_none() => records::invitation_expiry(&api.app, &id).await?,
        _ => None,
    };
    Ok(ApiJson(RemoteCluster { invite_expires_at: Millis::or_zero(expiry), ..RemoteCluster::from(&remote) }))
}

async fn update(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<RemoteId>,
    ApiJson(body): ApiJson<RemoteClusterPatch>,
) -> ApiResult<RemoteCluster> {
    require_service(&api)?;
    let team = body.default_team_id.filter(|team| !team.is_empty());
    let team = team.map(|team| id_lists::one(&team, "default_team_id")).transpose()?;
    let seen = records::Seen { display_name: body.was.display_name, team: body.was.default_team_id };
    let change = records::ConnectionChange { display_name: body.display_name, team, seen };
    let mut remote = records::update(&api.app, &actor, &id, change).await?;
    if let Some(url) = body.site_url.filter(|url| !url.is_empty()) {
        remote = moving::move_to(&api.federation, &actor, &id, &url).await?;
    }
    Ok(ApiJson(RemoteCluster::from(&remote)))
}

async fn remove(State(api): State<Api>, Session(actor): Session, Params(id): Params<RemoteId>) -> ApiResult<StatusOk> {
    require_service(&api)?;
    connections::remove(&api.federation, &actor, &id).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn renew(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<RemoteId>,
    ApiJson(body): ApiJson<GenerateInvite>,
) -> Result<(StatusCode, ApiJson<String>), ApiError> {
    require_service(&api)?;
    if body.password.is_empty() {
        return Err(ApiError::body_param("password"));
    }
    let earlier = if body.invalidate_earlier { records::EarlierCodes::Invalidate } else { records::EarlierCodes::Keep };
    let made = connections::renew_invitation(&api.federation, &actor, &id, &body.password, earlier).await?;
    Ok((StatusCode::CREATED, ApiJson(made.code)))
}

/// The shares of a connection: without the filters, the confirmed ones of either home.
async fn shares_of(
    State(api): State<Api>,
    Session(actor): Session,
    Params(id): Params<RemoteId>,
    query: QueryMap,
) -> ApiResult<Vec<SharedChannelRemote>> {
    require_service(&api)?;
    let mut found = shares::list_of_remote(&api.app, &actor, &id, query.flag("include_deleted")).await?;
    let is_confirmed = |share: &Share| match share.state {
        ShareState::Active | ShareState::Paused | ShareState::Ended => true,
        ShareState::Queued | ShareState::Invited | ShareState::Failed => false,
    };
    let (unconfirmed, confirmed) = (query.flag("include_unconfirmed"), !query.flag("exclude_confirmed"));
    let (here, there) = (!query.flag("exclude_home"), !query.flag("exclude_remote"));
    found.retain(|share| {
        let state_fits = if is_confirmed(share) { confirmed } else { unconfirmed };
        let home_fits = if share.home { here } else { there };
        state_fits && home_fits
    });
    let found = page(found, &query);
    let ids: Vec<ChannelId> = found.iter().map(|share| share.channel_id).collect();
    let seen = channels::list_by_ids(&api.app, &actor, &ids).await?;
    Ok(ApiJson(found.iter().map(|share| shown_share(share, &seen)).collect()))
}

/// With the channel itself, for whoever may see it.
fn shown_share(share: &Share, seen: &[Channel]) -> SharedChannelRemote {
    let channel = seen.iter().find(|channel| channel.id == share.channel_id).map(Into::into);
    SharedChannelRemote { channel, ..SharedChannelRemote::from(share) }
}

async fn invite(
    State(api): State<Api>,
    Session(actor): Session,
    Params((remote, channel)): Params<(RemoteId, ChannelId)>,
    MaybeJson(body): MaybeJson<ShareRequest>,
) -> ApiResult<StatusOk> {
    require_sharing(&api)?;
    share(&api, &actor, &remote, &channel, body.unwrap_or_default()).await?;
    Ok(ApiJson(StatusOk::default()))
}

async fn share(
    api: &Api,
    actor: &SessionUser,
    remote: &RemoteId,
    channel: &ChannelId,
    wanted: ShareRequest,
) -> Result<(), ApiError> {
    let history = history::asked(&wanted.history)?;
    let invitation = shares::Invitation {
        read_only: wanted.readonly.unwrap_or_default(),
        // Only who names a mode wants a share there is already to have it.
        convert: wanted.readonly.is_some(),
        history,
        ..shares::Invitation::default()
    };
    match shares::invite(&api.app, actor, channel, remote, invitation).await {
        Ok(_) | Err(shares::Error::AlreadyInvited(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// OK, or 204 where there was nothing to take back.
async fn uninvite(
    State(api): State<Api>,
    Session(actor): Session,
    Params((remote, channel)): Params<(RemoteId, ChannelId)>,
) -> Result<Response, ApiError> {
    require_sharing(&api)?;
    match shares::uninvite(&api.app, &actor, &channel, Some(&remote)).await {
        Ok(_) => Ok(ApiJson(StatusOk::default()).into_response()),
        Err(shares::Error::NotShared | shares::Error::NotInvited(_)) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(error) => Err(error.into()),
    }
}

impl From<records::Error> for ApiError {
    fn from(error: records::Error) -> Self {
        use records::Error;
        let gone = || Self::not_found("api.remote_cluster.get.not_found", "Unable to find the secure connection.");
        match error {
            Error::Denied(Denied::Absent("connection")) | Error::Ended(_) => gone(),
            Error::Denied(denied) => denied.into(),
            Error::Name(invalid) => {
                Self::bad_request("model.cluster.is_valid.name.app_error", format!("The connection name {invalid}."))
            }
            Error::NameTaken(other) => Self::bad_request(
                "api.remote_cluster.save_not_unique.app_error",
                format!("The name is taken by the connection {}.", other.name),
            ),
            Error::TooLong { field, max } => Self::bad_request(
                "api.context.invalid_body_param.app_error",
                format!("The {field} is longer than {max} characters."),
            ),
            Error::Team => Self::body_param("default_team_id"),
            Error::TooManyPending(count) => Self::bad_request(
                "rialto.remote_cluster.too_many_pending.app_error",
                format!("{count} invitations wait for an answer already."),
            ),
            Error::Known(other) | Error::SameSite(other) => Self::bad_request(
                "api.remote_cluster.accept_invitation_error",
                format!("This server is connected with them already: {}.", other.name),
            ),
            Error::ChangedMeanwhile { remote, team } => Self::new(
                StatusCode::CONFLICT,
                "rialto.remote_cluster.update.changed.app_error",
                format!(
                    "Somebody else has changed this connection meanwhile: it is now called “{}” and its channels go to \
                     the team “{team}”.",
                    if remote.display_name.is_empty() { &remote.name } else { &remote.display_name }
                ),
            ),
            Error::CannotRotate(_) => Self::bad_request(
                "rialto.remote_cluster.cannot_rotate.app_error",
                "The other server cannot be given another token while it is connected. Remove the connection and invite it again.",
            ),
            Error::Policy(rule) => Self::body_param(&rule),
            Error::Token => Self::body_param("token"),
            Error::Confirmed => Self::bad_request(
                "api.remote_cluster.generate_invite_cluster_is_confirmed",
                "The connection has been accepted already.",
            ),
            Error::Store(error) => error.into(),
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let refused = |message: String| Self::bad_request("api.remote_cluster.accept_invitation_error", message);
        let far = |message: String| {
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, "api.remote_cluster.accept_invitation_error", message)
        };
        match error {
            Error::Record(error) => error.into(),
            Error::NoSiteUrl => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "api.get_site_url_error",
                "The server's site URL is not set, so nobody could call it.",
            ),
            Error::PasswordTooShort(least) => Self::bad_request(
                "api.context.invalid_body_param.app_error",
                format!("The password needs at least {least} characters."),
            ),
            Error::PasswordTooLong(most) => Self::bad_request(
                "api.context.invalid_body_param.app_error",
                format!("The password is longer than {most} bytes."),
            ),
            Error::Seal => Self::internal("an invitation code could not be made"),
            Error::Open(error @ (OpenError::NotBase64 | OpenError::TooShort { .. } | OpenError::TooLong)) => {
                Self::bad_request(
                    "api.remote_cluster.base64_decode_error",
                    format!("The invitation is damaged: {error}."),
                )
            }
            Error::Open(error @ (OpenError::CannotDecrypt | OpenError::BadJson)) => Self::bad_request(
                "api.remote_cluster.invite_decrypt_error",
                format!("The invitation does not open: {error}."),
            ),
            Error::Content(error) => Self::bad_request(
                "api.remote_cluster.invite_decrypt_error",
                format!("The invitation cannot be used: {error}."),
            ),
            Error::Throttled { .. } => {
                let mut error = Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "rialto.remote_cluster.throttled.app_error",
                    "Too many wrong passwords. Try again in a few minutes.",
                );
                error.retry_after = Some(60);
                error
            }
            Error::Own => refused("The invitation was made by this server.".to_owned()),
            Error::Legacy => refused(
                "The other server cannot renew its credential, which the setting LegacyPeers refuses.".to_owned(),
            ),
            Error::Incompatible { theirs } => refused(format!(
                "The other server speaks protocol {} to {}, this one none of them.",
                theirs.0, theirs.1
            )),
            Error::NotThePeer { url } => Self::bad_request(
                "rialto.remote_cluster.not_the_peer.app_error",
                format!("Another server answers at {url} than this connection was made with."),
            ),
            Error::NotAccepted => Self::bad_request(
                "rialto.remote_cluster.not_accepted.app_error",
                "Nobody has accepted the connection yet, so there is no address to call.",
            ),
            Error::TooSoon { .. } => {
                let mut error = Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "rialto.remote_cluster.too_soon.app_error",
                    "The connection was tested a moment ago. Try again in ten seconds.",
                );
                error.retry_after = Some(10);
                error
            }
            Error::Expired { .. } => refused("The invitation has expired; ask for a new one.".to_owned()),
            Error::Unreachable { url, error } => far(format!("{url} cannot be reached: {error}.")),
            Error::Redirected { url, target, .. } => far(format!("{url} leads to {target}, which is not followed.")),
            Error::Refused { url, status, .. } => far(format!("{url} refused the invitation with {status}.")),
        }
    }
}

impl From<shares::Error> for ApiError {
    fn from(error: shares::Error) -> Self {
        use shares::Error;
        let not_shareable = |message: String| Self::bad_request("api.command_share.share_channel.error", message);
        let not_invited = |message: String| Self::bad_request("api.command_share.channel_invite.error", message);
        let no_such_remote =
            || Self::bad_request("api.context.remote_id_invalid.app_error", "Unable to find the secure connection.");
        match error {
            Error::Denied(Denied::Absent("connection")) | Error::ConnectionEnded(_) => no_such_remote(),
            // A channel the actor may not see is answered as one that does not exist (ruling 70).
            Error::Denied(Denied::Absent("channel")) => Self::url_param("channel_id"),
            Error::Denied(denied) => denied.into(),
            Error::DirectOrGroup => not_shareable("Direct and group messages cannot be shared.".to_owned()),
            Error::Policy(rule) => Self::forbidden(
                "rialto.shared_channel.policy.app_error",
                format!("A rule of this connection forbids it: {rule}."),
            ),
            Error::Archived => not_shareable("An archived channel cannot be shared.".to_owned()),
            Error::Foreign(origin) => Self::bad_request(
                "api.command_share.channel_invite_not_home.error",
                format!("The channel originates from {origin}; only its home can share it."),
            ),
            Error::AlreadyInvited(_) => not_invited("The channel is shared with this connection already.".to_owned()),
            Error::OnceOnly => not_invited("This connection can be invited to the channel only once.".to_owned()),
            Error::NoTeamThere => not_invited("The other server has named no team for the channel.".to_owned()),
            Error::NotOffered => Self::not_found(
                "rialto.shared_channel.request_not_found.app_error",
                "No such channel of this connection waits for a decision.",
            ),
            Error::NoTeam => Self::body_param("team_id"),
            Error::History(refusal) => refusal.into(),
            Error::NoHistory => Self::not_found(
                "rialto.shared_channel.history_not_found.app_error",
                "No earlier messages of this channel are being sent to this connection.",
            ),
            Error::NotShared => not_invited("The channel is not shared.".to_owned()),
            Error::NotInvited(_) => not_invited("The channel is not shared with this connection.".to_owned()),
            Error::Store(error) => error.into(),
        }
    }
}
