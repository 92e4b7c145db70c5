//! Explains a lack of credentials, and credentials that are refused.

use super::classify::is_busy;
use super::{FaultExplainer, RequestFault};
use crate::config::BucketProvider;
use crate::error::Kind;
use crate::store::bucket::exchange::{Failure, Outcome};
use crate::store::bucket::purpose::Purpose;
use crate::store::bucket::refusal::BucketRefusal;
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
            return error.with_cause(detail).with_hint(self.exchange_hint());
        }
        // Nothing answers where no cloud is.
        let kind = match failure.outcome {
            Outcome::Refused(_) => kind,
            _ => StoreFault::Misconfigured,
        };
        self.lack_of_credentials(kind)
            .with_cause(format!("{} were looked for; the last: {detail}", self.sources()))
            .with_hint(self.settings_hint())
    }

    pub(super) fn lack_of_credentials(&self, kind: StoreFault) -> StoreError {
        let message = format!("no {} credentials for {}", self.platform(), self.store);
        StoreError::new(kind, message)
    }

    /// Returns a hint for a response that says that the credentials are wrong.
    pub(super) fn credentials_hint(&self, refusal: &BucketRefusal) -> Option<String> {
        if let Some(hint) = self.hint_about_keys(refusal) {
            return Some(hint);
        }
        let hint = if refusal.has_code(&["RequestTimeTooSkewed"]) {
            "set this machine's clock (NTP)"
        } else if refusal.has_code(&["ExpiredToken", "TokenRefreshRequired", "InvalidToken"]) {
            "renew the session: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN \
             belong together"
        } else if refusal.has_code(&["InvalidAccessKeyId", "XAdminUserNotFound"]) {
            "check AWS_ACCESS_KEY_ID; keys of a session need AWS_SESSION_TOKEN, too; another \
             store than Amazon's is named by AWS_ENDPOINT_URL"
        } else if refusal.has_code(&["SignatureDoesNotMatch", "AuthorizationHeaderMalformed"]) {
            "check AWS_SECRET_ACCESS_KEY, which belongs to AWS_ACCESS_KEY_ID, and AWS_REGION"
        } else if refusal.has_code(&["AuthenticationFailed", "InvalidAuthenticationInfo"])
            || refusal.says_unauthenticated()
        {
            let used = self.credentials.as_deref().unwrap_or_default();
            let used = used.strip_prefix("with ").unwrap_or("the credentials");
            return Some(format!(
                "check {used}, and AZURE_STORAGE_ACCOUNT_NAME: keys are replaced, and tokens expire"
            ));
        } else if refusal.has_code(&["AuthenticationRequired"]) {
            "check the credentials: an access token lives for an hour, and a service account's \
             key may have been deleted"
        } else {
            return None;
        };
        Some(hint.to_owned())
    }

    /// Returns a hint about keys of Amazon that are not in variables.
    fn hint_about_keys(&self, refusal: &BucketRefusal) -> Option<String> {
        let used = self.credentials.as_deref()?.strip_prefix("with ")?;
        let is_about_keys = self.provider == BucketProvider::S3
            && refusal.has_code(&[
                "ExpiredToken",
                "InvalidToken",
                "InvalidAccessKeyId",
                "SignatureDoesNotMatch",
            ]);
        (is_about_keys && !used.contains("AWS_ACCESS_KEY_ID")).then(|| {
            format!(
                "check {used}: keys are replaced, and sessions end; another store than Amazon's \
                 is named by AWS_ENDPOINT_URL"
            )
        })
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

    fn exchange_hint(&self) -> &'static str {
        match self.provider {
            BucketProvider::S3 => {
                "check AWS_ROLE_ARN, who its trust policy names, and AWS_WEB_IDENTITY_TOKEN_FILE; or \
                 AWS_CONTAINER_CREDENTIALS_FULL_URI"
            }
            BucketProvider::GoogleCloud => {
                "check GOOGLE_APPLICATION_CREDENTIALS, and who the identity pool and the service \
                 account of that file accept; a person's login expires: gcloud auth \
                 application-default login"
            }
            BucketProvider::Azure => {
                "check AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE or \
                 AZURE_CLIENT_SECRET, or what begins with ARM_ in their place"
            }
        }
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
