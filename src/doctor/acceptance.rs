//! The API's verdict on the token.

use super::{Finding, Topic};
use crate::broker::{NetworkRemote, ProvidedToken, Remote, TokenOrigin};
use crate::config::{Settings, Verify};
use crate::context::{Context, Reporter};
use crate::error::{Error, Kind, Result};
use crate::net::Session;
use crate::oauth::tokens_me::{Api, TokenStatus};
use crate::token::AccessToken;

pub(super) fn api_verdict(
    settings: Settings,
    provided: &ProvidedToken,
    is_from_store: bool,
    context: &Context,
) -> Vec<Finding> {
    let Some(url) = settings.issuer.api_url.clone() else {
        let message = "no API URL is known, so the token cannot be verified";
        return vec![Finding::note(Topic::Token, message).with_hint("set --region or --api-url")];
    };
    match check_token(&settings, &provided.token.access_token, context) {
        Ok(TokenStatus::Accepted) => {
            vec![Finding::ok(Topic::Token, "the API accepts the token"), permissions_untested()]
        }
        Ok(TokenStatus::Rejected) if provided.origin == TokenOrigin::Minted => {
            vec![token_rejected(&settings, &url)]
        }
        Ok(TokenStatus::Rejected) => cached_token_rejected(settings, &url, is_from_store, context),
        // `get` hands the token out with a warning, or fails with `--verify always`.
        Err(error) => vec![match settings.verify {
            Verify::Always => Finding::failure(Topic::Token, &error),
            Verify::Auto | Verify::Never => Finding::as_warning(Topic::Token, &error),
        }],
    }
}

fn check_token(settings: &Settings, token: &AccessToken, context: &Context) -> Result<TokenStatus> {
    let context = &context.with_reporter(Reporter::collected().0.into());
    NetworkRemote::new(settings, context).check_token(token).map(|check| check.status)
}

/// `tokens/me` needs no permission, so its response says nothing about permissions.
fn permissions_untested() -> Finding {
    let message = "the OAuth client's permissions were not tested: without roles, every resource \
                   responds with 403";
    Finding::note(Topic::Token, message).with_hint(
        "roles and divisions are set on the client (Admin > Integrations > OAuth > Roles)",
    )
}

fn token_rejected(settings: &Settings, url: &str) -> Finding {
    let error = Error::new(Kind::ApiRefused, "the API does not accept the token")
        .with_cause("HTTP 401")
        .with_hint(format!(
            "check that {} and {url} belong to one region, and that the client is active",
            crate::text::shown::url(&settings.issuer.token_url)
        ));
    Finding::failure(Topic::Token, &error)
}

/// Tries a new token, to tell a revoked token from a wrong client or a wrong API. The new
/// token is not stored: the cache stays as a pipeline finds it.
fn cached_token_rejected(
    mut settings: Settings,
    url: &str,
    is_from_store: bool,
    context: &Context,
) -> Vec<Finding> {
    settings.cache.dir = None;
    let context = &context.with_reporter(Reporter::collected().0.into());
    let new = match NetworkRemote::new(&settings, context).mint(None) {
        Ok(new) => new.access_token,
        Err(error) => {
            let unknown =
                Finding::note(Topic::Token, "could not check whether the API accepts a new token");
            return vec![
                token_rejected(&settings, url),
                unknown,
                Finding::failure(Topic::Token, &error),
            ];
        }
    };
    let status = check_token(&settings, &new, context);
    // If that fails, the token expires by itself.
    let session = &Session::new(&settings.network, context);
    let _ = Api { url, session, limit: settings.network.timeout }.revoke(&new);
    match status {
        Ok(TokenStatus::Accepted) => {
            vec![revoked(is_from_store, settings.store.is_some()), permissions_untested()]
        }
        Ok(TokenStatus::Rejected) | Err(_) => vec![token_rejected(&settings, url)],
    }
}

fn revoked(is_from_store: bool, has_store: bool) -> Finding {
    let message = if is_from_store {
        "the token of the store was revoked"
    } else {
        "the cached token was revoked"
    };
    let hint = if has_store {
        "gc-token get --force-refresh replaces it here and in the store; other machines have copies \
         in their caches, which exec --gateway replaces at the first 401, and --verify always finds"
    } else {
        "gc-token get --force-refresh replaces it; where the organization revokes tokens that are \
         not used, set --idle-timeout; --verify always checks each time"
    };
    let error = Error::new(Kind::ApiRefused, message)
        .with_cause("the API responds with HTTP 401, and accepts a new token")
        .with_hint(hint);
    Finding::failure(Topic::Token, &error)
}
