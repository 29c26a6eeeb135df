//! Peers that move to another address: believed only when the same installation answers there (E-015, ruling 8.1).
//!
//! The word of a request is a claim by whoever holds a token. As long as the peer answers at the address we know and
//! names that one, nobody is called anywhere else, so a stolen token alone leads our own credential nowhere.

use rialto_app::access::SessionUser;
use rialto_app::connections as records;
use rialto_model::{Permission, RemoteCluster, RemoteId, ServerId};
use rialto_wire::site_url::SiteUrl;

use crate::Federation;
use crate::connections::Error;
use crate::probe::{Asked, take_turn};
use crate::send::ping_with;
use crate::transport::{Step, TransportError, check_site};

/// Looks into another address a peer names, beside whatever else is going on; at most once in ten seconds.
pub fn announced(fed: &Federation, remote: &RemoteCluster, url: &str) {
    let Ok(site) = SiteUrl::parse(url) else { return };
    // Who is called encrypted is not called plainly again on the word of a request (E-017).
    let known = remote.site_url.as_deref().and_then(|url| SiteUrl::parse(url).ok());
    let is_step_back = known.is_some_and(|known| known.is_https() && !site.is_https() && known.host() == site.host());
    if is_step_back
        || remote.site_url.as_deref() == Some(site.as_str())
        || take_turn(fed, remote.id, Asked::Elsewhere).is_err()
    {
        return;
    }
    let (fed, remote) = (fed.clone(), remote.clone());
    tokio::spawn(async move {
        match follow(&fed, &remote, &site).await {
            Ok(true) => tracing::info!(remote = %remote.id, "a peer has moved to another address"),
            Ok(false) => {}
            Err(error) => tracing::info!(%error, remote = %remote.id, "a peer's new address was not believed"),
        }
    });
}

async fn follow(fed: &Federation, remote: &RemoteCluster, site: &SiteUrl) -> Result<bool, Error> {
    let Some((known, token)) = records::peer_token(&fed.app, &remote.id).await? else { return Ok(false) };
    let old = known.site_url.as_deref().and_then(|url| SiteUrl::parse(url).ok());
    if let Some(old) = old
        && let Ok((answer, _)) = ping_with(fed, &old, &remote.id, &token).await
        && answer.rialto.is_none_or(|peer| SiteUrl::parse(&peer.site_url).as_ref() != Ok(site))
    {
        return Ok(false);
    }
    verify(fed, &remote.id, site).await?;
    records::moved(&fed.app, None, &remote.id, site.as_str()).await?;
    Ok(true)
}

/// Sets a peer's address because an administrator says so, if the same installation answers there.
///
/// # Errors
/// [`Error::NotThePeer`], [`Error::Unreachable`], [`Error::Record`].
pub async fn move_to(fed: &Federation, actor: &SessionUser, id: &RemoteId, url: &str) -> Result<RemoteCluster, Error> {
    actor.require(Permission::ManageSecureConnections)?;
    let refused = |detail: String| Error::Unreachable {
        url: url.to_owned(),
        error: TransportError { step: Step::Address, detail },
    };
    let site = SiteUrl::parse(url).map_err(|error| refused(error.to_string()))?;
    verify(fed, id, &site).await?;
    Ok(records::moved(&fed.app, Some(actor), id, site.as_str()).await?)
}

/// A peer's address leads to the encrypted one of the same host: kept if the peer answers there. True if it is the
/// address from now on.
pub(crate) async fn redirected(fed: &Federation, id: &RemoteId, to: &SiteUrl) -> bool {
    let outcome = async {
        let expected = records::peer_server(&fed.app, id).await?;
        let found = who_answers(fed, id, to).await?;
        if expected.is_some() && found != expected {
            return Err(Error::NotThePeer { url: to.as_str().to_owned() });
        }
        records::moved(&fed.app, None, id, to.as_str()).await?;
        Ok(())
    };
    match outcome.await {
        Ok(()) => {
            tracing::info!(remote = %id, "a peer's address leads to an encrypted one, which is kept");
            true
        }
        Err(error) => {
            let error: Error = error;
            tracing::info!(%error, remote = %id, "an encrypted address was not taken");
            false
        }
    }
}

/// Asks whether the peer answers at an address.
async fn verify(fed: &Federation, id: &RemoteId, site: &SiteUrl) -> Result<(), Error> {
    let expected = records::peer_server(&fed.app, id).await?;
    // Of a Mattermost nobody knows who it is; that it takes our credential has to do.
    if who_answers(fed, id, site).await? == expected {
        Ok(())
    } else {
        Err(Error::NotThePeer { url: site.as_str().to_owned() })
    }
}

/// The installation that takes our credential at an address, as far as it says so.
async fn who_answers(fed: &Federation, id: &RemoteId, site: &SiteUrl) -> Result<Option<ServerId>, Error> {
    let unreachable =
        |step, detail| Error::Unreachable { url: site.as_str().to_owned(), error: TransportError { step, detail } };
    check_site(&fed.app.settings, site).map_err(|detail| unreachable(Step::Address, detail))?;
    fed.transport.reaches(site).await.map_err(|detail| unreachable(Step::Address, detail))?;
    if fed.own_site().is_some_and(|own| own == *site) {
        return Err(Error::Own);
    }
    let Some((_, token)) = records::peer_token(&fed.app, id).await? else { return Err(Error::NotAccepted) };
    let answer = ping_with(fed, site, id, &token).await;
    let (answer, _) = answer.map_err(|undelivered| unreachable(Step::Exchange, undelivered.cause))?;
    Ok(answer.rialto.and_then(|peer| peer.server_id))
}
