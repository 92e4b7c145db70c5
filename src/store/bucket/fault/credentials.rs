//! Explains a lack of credentials, and credentials that are refused.

use super::classify::is_busy;
use super::words::reach_hint;
use super::{FaultExplainer, RequestFault};
use crate::config::BucketProvider;
use crate::error::Kind;
use crate::store::bucket::exchange::{Failure, Outcome};
use crate::store::bucket::purpose::Purpose;
use crate::store::bucket::refusal::BucketRefusal;
use crate::store::bucket::settings_error::SettingsError;
use crate::store::bucket::{amazon, azure, google};
use crate::store::{StoreError, StoreFault};

impl FaultExplainer {
    /// Explains why no credentials were handed out.
    pub(super) fn no_credentials(&self, failure: &Failure, fault: &RequestFault) -> StoreError {
        let host = &failure.host;
        let (kind, detail) = match &failure.outcome {
            Outcome::Refused(refusal) => {
                let is_busy = is_busy(refusal);
                let kind =
                    if is_busy { StoreFault::Unavailable } else { StoreFault::Misconfigured };
                (kind, format!("{host} answered {}", self.quoted(refusal)))
            }
            Outcome::Broken { explained, .. } if explained.kind == Kind::Configuration => {
                return StoreError { fault: StoreFault::Misconfigured, error: explained.clone() };
            }
            Outcome::Broken { explained, is_untrusted } => {
                let kind =
                    if *is_untrusted { StoreFault::Misconfigured } else { StoreFault::Unavailable };
                (kind, explained.cause.clone().unwrap_or_default())
            }
            Outcome::PlainHttp => return self.plain_http(failure),
            Outcome::Credentials(status) => {
                let own = match fault {
                    RequestFault::Client(error) => SettingsError::of(error),
                    RequestFault::TooSlow(_) => None,
                };
                // The library's words may quote the credentials.
                let detail = own.map_or("no credentials that can be used", |own| &own.cause);
                let status = status.as_u16();
                (StoreFault::Misconfigured, format!("{host} answered HTTP {status}: {detail}"))
            }
            Outcome::NoResponseYet => {
                let limit = match fault {
                    RequestFault::TooSlow(limit) => format!(" within {limit:.1?}"),
                    RequestFault::Client(_) => String::new(),
                };
                (StoreFault::Unavailable, format!("no response from {host}{limit}"))
            }
        };
        if failure.purpose == Purpose::Credentials {
            let error = self.lack_of_credentials(kind);
            return match &failure.outcome {
                Outcome::Refused(_) => error.with_cause(detail).with_hint(self.exchange_hint()),
                _ => error.with_cause(self.with_region(detail)).with_hint(reach_hint(host)),
            };
        }
        // Nothing answers where no cloud is.
        let kind = match failure.outcome {
            Outcome::Refused(_) => kind,
            _ => StoreFault::Misconfigured,
        };
        let cause = format!("{} were looked for; the last: {detail}", self.sources());
        let error = SettingsError::without_credentials(cause).after(self.lack.clone());
        let hint = error.hint.unwrap_or_else(|| self.settings_hint().to_owned());
        self.lack_of_credentials(kind).with_cause(error.cause).with_hint(hint)
    }

    pub(super) fn lack_of_credentials(&self, kind: StoreFault) -> StoreError {
        let message = format!("no {} credentials for {}", self.platform(), self.place.shown);
        StoreError::new(kind, message)
    }

    /// Returns a hint for a response that says that the credentials are wrong.
    pub(super) fn credentials_hint(&self, refusal: &BucketRefusal) -> Option<String> {
        let used = self.used_credentials();
        let hint = if refusal.has_code(&["RequestTimeTooSkewed"]) {
            "set this machine's clock (NTP)".to_owned()
        } else if refusal.has_code(&["ExpiredToken", "TokenRefreshRequired", "InvalidToken"]) {
            format!("check {used}: sessions end, and the parts of a session's key belong together")
        } else if refusal.has_code(&["InvalidAccessKeyId", "XAdminUserNotFound"]) {
            let elsewhere = match self.endpoint {
                Some(_) => "",
                None => "; another store than Amazon's is named by AWS_ENDPOINT_URL_S3",
            };
            format!(
                "check {used}: its id is not known there; a session's key has a session token, \
                 too{elsewhere}"
            )
        } else if refusal.has_code(&["SignatureDoesNotMatch"]) {
            format!("check {used}: the secret is not the one of the id")
        } else if refusal.has_code(&["AuthorizationHeaderMalformed"]) {
            let region = self.region.as_ref().map(|region| format!(", and {region}"));
            format!("check {used}{}", region.unwrap_or_default())
        } else if refusal.has_code(&["AuthenticationFailed", "InvalidAuthenticationInfo"])
            || refusal.says_unauthenticated()
        {
            format!(
                "check {used}, and AZURE_STORAGE_ACCOUNT_NAME: keys are replaced, and tokens expire"
            )
        } else if refusal.has_code(&["AuthenticationRequired"]) {
            format!(
                "check {used}: an access token lives for an hour, and a service account's key may \
                 have been deleted"
            )
        } else {
            return None;
        };
        Some(hint)
    }

    /// Returns the credentials that count, as the description names them, for a hint.
    pub(super) fn used_credentials(&self) -> &str {
        let used = self.credentials.as_deref().and_then(|used| used.strip_prefix("with "));
        used.unwrap_or("the credentials")
    }

    pub(super) fn settings_hint(&self) -> &'static str {
        match self.provider {
            BucketProvider::S3 => {
                "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and \
                 AWS_SESSION_TOKEN), or AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN"
            }
            BucketProvider::GoogleCloud => {
                "run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS \
                 to a file of a service account or of workload identity federation"
            }
            BucketProvider::Azure => {
                "set AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN, or AZURE_CLIENT_ID and \
                 AZURE_TENANT_ID with AZURE_FEDERATED_TOKEN_FILE or AZURE_CLIENT_SECRET, or run \
                 az login and set AZURE_USE_AZURE_CLI=true"
            }
        }
    }

    fn exchange_hint(&self) -> String {
        let accepted = match self.provider {
            BucketProvider::S3 => "the trust policy of the role has to name who asks",
            BucketProvider::GoogleCloud => {
                "the identity pool and the service account have to accept it; a person's login \
                 expires: gcloud auth application-default login"
            }
            BucketProvider::Azure => {
                "the application has to accept it; secrets expire, and tokens name who may use them"
            }
        };
        format!("check {}: {accepted}", self.used_credentials())
    }

    fn platform(&self) -> &'static str {
        match self.provider {
            BucketProvider::S3 => "AWS",
            BucketProvider::GoogleCloud => "Google Cloud",
            BucketProvider::Azure => "Azure",
        }
    }

    /// Returns where credentials are looked for.
    fn sources(&self) -> &'static str {
        match self.provider {
            BucketProvider::S3 => amazon::SOURCES,
            BucketProvider::GoogleCloud => google::SOURCES,
            BucketProvider::Azure => azure::SOURCES,
        }
    }
}
