//! The end of the handshake, on the inviter's side. Source: wire 3.6, rulings 8, 9, 12 to 14, 8.3.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine;
use rialto_app::connections::{self, ConfirmError, Confirmation};
use rialto_app::settings::Policy;
use rialto_model::{PeerProfile, RemoteId};
use rialto_wire::federation::confirm::{self, Confirm, ConfirmAnswer};
use rialto_wire::federation::extension::ConfirmAdvert;
use rialto_wire::federation::frame::Frame;
use rialto_wire::site_url::SiteUrl;
use sha2::{Digest, Sha256};

use super::reply::{self, Reply};
use super::{SMALL_FRAME, body, credential};
use crate::Federation;
use crate::transport::check_site;

impl From<ConfirmError> for Reply {
    fn from(error: ConfirmError) -> Self {
        match error {
            ConfirmError::Unknown => Reply::Unauthorized,
            ConfirmError::Expired => Reply::CodeExpired,
            ConfirmError::Used | ConfirmError::SameSite => Reply::CodeUsed,
            ConfirmError::OtherConnection => Reply::OtherConnection,
            ConfirmError::Token => Reply::Token,
            ConfirmError::Store(error) => error.into(),
        }
    }
}

/// A peer has opened one of our codes and says who it is. Before this the code's token opens nothing else (ruling 11).
pub(super) async fn confirm_invite(State(fed): State<Federation>, headers: HeaderMap, content: Body) -> Response {
    reply::answer(&fed, async {
        if !fed.app.settings.get().connections_enabled() {
            return Err(Reply::Off);
        }
        let credential = credential(&headers).ok_or(Reply::Unauthorized)?;
        connections::check_code(&fed.app, &credential.token).await?;
        let header_id = RemoteId::parse(&credential.id).map_err(|_| Reply::Unauthorized)?;
        let bytes = body(content, SMALL_FRAME).await?;
        let frame = Frame::decode(&bytes).map_err(Reply::from)?;
        let payload = confirm::decode(&frame.msg.payload).map_err(|_| Reply::BadPayload)?;
        if frame.remote_id != header_id || payload.remote_id != header_id.as_str() {
            return Err(Reply::OtherConnection);
        }
        let (confirmation, issued) = check(&fed, &header_id, &credential.token, &payload, frame.msg.payload.get())?;
        if let Err(why) = reachable(&fed, &confirmation.site_url).await {
            tracing::info!(remote = %header_id, why, "a confirmation names an address that is never called");
            return Err(Reply::Address);
        }
        let from_rialto = payload.rialto.is_some();
        connections::confirm(&fed.app, &credential.token, &header_id, confirmation).await?;
        let advert = ConfirmAdvert { advert: fed.advert(), token: issued.unwrap_or_default() };
        Ok(ConfirmAnswer::ok(from_rialto.then_some(advert)).to_json())
    })
    .await
}

/// A peer we could never call must not be confirmed: it would send and never get anything (ruling README 1).
async fn reachable(fed: &Federation, site: &str) -> Result<(), String> {
    let site = SiteUrl::parse(site).map_err(|error| error.to_string())?;
    check_site(&fed.app.settings, &site)?;
    fed.transport.reaches(&site).await
}

/// Checks everything that is claimed, and decides which token the peer will present.
fn check(
    fed: &Federation,
    id: &RemoteId,
    code_token: &str,
    payload: &Confirm,
    text: &str,
) -> Result<(Confirmation, Option<String>), Reply> {
    let checked = payload.check().map_err(|_| Reply::BadPayload)?;
    if !rialto_model::id::is_valid(&payload.token) {
        return Err(Reply::Token);
    }
    if fed.own_site().is_some_and(|own| own == checked.site_url) {
        return Err(Reply::Address);
    }
    if let Some(peer) = payload.rialto.as_ref().filter(|peer| !peer.is_compatible()) {
        return Err(Reply::Protocol(peer.min_protocol, peer.protocol));
    }
    let refreshed = Some(&payload.refreshed_token).filter(|token| payload.rotates() && !token.is_empty());
    if refreshed.is_none() && fed.app.settings.get().workspaces.legacy_peers == Policy::Refuse {
        return Err(Reply::PeerTooOld);
    }
    // Between Rialtos neither side picks the secret of the other alone (ruling 10): we issue what is presented to us,
    // the same again if the confirmation is repeated.
    let issued = payload
        .rialto
        .is_some()
        .then(|| fed.app.keys.derive_token("confirm: inbound token", &[id.as_str(), code_token, &payload.token]));
    let profile = match (&payload.rialto, payload.version) {
        (Some(_), _) => PeerProfile::Rialto,
        (None, 3..) => PeerProfile::Mattermost11,
        (None, 0) => PeerProfile::Mattermost5,
        (None, _) => PeerProfile::Unknown,
    };
    let confirmation = Confirmation {
        site_url: checked.site_url.as_str().to_owned(),
        peer_token: payload.token.clone(),
        own_token: issued.clone().or_else(|| refreshed.cloned()),
        remote_team_id: checked.remote_team_id.map_or_else(String::new, |team| team.to_string()),
        profile,
        caps: payload.rialto.as_ref().map(|peer| peer.caps_text()).unwrap_or_default(),
        digest: base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes())),
    };
    Ok((confirmation, issued))
}
