//! Whether the API accepts the token.

use super::{Finding, Topic};
use crate::broker::{NetworkRemote, ProvidedToken, Remote, TokenOrigin};
use crate::config::{Settings, Verify};
use crate::context::{Context, Reporter};
use crate::error::{Error, Kind, Result};
use crate::oauth::tokens_me::{Api, TokenStatus};
use crate::token::AccessToken;

/// Shows the token to the API.
pub(super) fn findings(
    settings: Settings,
    given: &ProvidedToken,
    context: &Context,
) -> Vec<Finding> {
    let Some(url) = settings.issuer.api_url.clone() else {
        let what = "no API is known that could be asked about it";
        return vec![
            Finding::note(Topic::Token, what).with_hint("--region or --api-url names one"),
        ];
    };
    match ask(&settings, &given.token.access_token, context) {
        Ok(TokenStatus::Accepted) => vec![Finding::ok(Topic::Token, "the API accepts it"), roles()],
        Ok(TokenStatus::Rejected) if given.origin == TokenOrigin::Minted => {
            vec![refused(&settings, &url)]
        }
        Ok(TokenStatus::Rejected) => refused_from_cache(settings, &url, context),
        // As in `get`, which hands the token out with a warning, or not at all.
        Err(error) => vec![match settings.verify {
            Verify::Always => Finding::failure(Topic::Token, &error),
            Verify::Auto | Verify::Never => Finding::as_warning(Topic::Token, &error),
        }],
    }
}

fn ask(settings: &Settings, token: &AccessToken, context: &Context) -> Result<TokenStatus> {
    let context = &context.with_reporter(Reporter::collected().0.into());
    NetworkRemote { settings, context }.check_token(token).map(|answer| answer.status)
}

/// Asking about a token needs no permission, so it says nothing of permissions.
fn roles() -> Finding {
    let what = "what the OAuth client may do was not tested: without roles it gets a 403 from \
                every resource";
    Finding::note(Topic::Token, what).with_hint(
        "roles and divisions are set on the client (Admin > Integrations > OAuth > Roles)",
    )
}

fn refused(settings: &Settings, url: &str) -> Finding {
    let error = Error::new(Kind::ApiRefused, "the API does not accept the token")
        .with_cause("HTTP 401")
        .with_hint(format!(
            "check that {} and {url} belong to one region, and that the client is active",
            crate::text::shown::url(&settings.issuer.token_url)
        ));
    Finding::failure(Topic::Token, &error)
}

/// Tries a new token, to tell a revoked one from a client or an API that is not the
/// right one. The new one is not kept: the cache stays as a pipeline finds it.
fn refused_from_cache(mut settings: Settings, url: &str, context: &Context) -> Vec<Finding> {
    settings.cache.dir = None;
    let context = &context.with_reporter(Reporter::collected().0.into());
    let new = match (NetworkRemote { settings: &settings, context }.mint(None)) {
        Ok(new) => new.access_token,
        Err(error) => {
            let found = Finding::note(Topic::Token, "whether a new one is accepted is not known");
            return vec![refused(&settings, url), found, Finding::failure(Topic::Token, &error)];
        }
    };
    let status = ask(&settings, &new, context);
    // It ends by itself where that fails.
    let _ = Api { url, network: &settings.network, context }.revoke(&new);
    match status {
        Ok(TokenStatus::Accepted) => vec![revoked(), roles()],
        Ok(TokenStatus::Rejected) | Err(_) => vec![refused(&settings, url)],
    }
}

fn revoked() -> Finding {
    let error = Error::new(Kind::ApiRefused, "the cached token was revoked")
        .with_cause("the API answers HTTP 401 to it, and accepts a new one")
        .with_hint(
            "gc-token get --force-refresh replaces it; where the organization revokes tokens that \
             are not used, set --idle-timeout; --verify always asks each time",
        );
    Finding::failure(Topic::Token, &error)
}
