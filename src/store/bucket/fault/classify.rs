//! What a caller can do about a response, by its status and the store's own code.

use hyper::StatusCode;

use super::{BucketRequest, FaultExplainer};
use crate::config::BucketProvider;
use crate::store::StoreFault;
use crate::store::bucket::azure::ACCOUNT_KEY;
use crate::store::bucket::refusal::BucketRefusal;

impl FaultExplainer {
    /// Returns the fault, the end of the message, and the hint.
    pub(super) fn classify(
        &self,
        request: BucketRequest,
        refusal: &BucketRefusal,
    ) -> (StoreFault, &'static str, String) {
        let noun = self.provider.noun();
        let own = |hint: &str| hint.to_owned();
        if refusal.is_absent_bucket() {
            let hint = format!("create the {noun}, or correct its name in --store");
            return (StoreFault::Misconfigured, "does not exist", hint);
        }
        if refusal.is_locked() {
            let hint = format!("use a {noun} without leases and rules of retention");
            return (StoreFault::ReadOnly, "lets nothing be replaced", hint);
        }
        if refusal.status == StatusCode::INSUFFICIENT_STORAGE || refusal.has_code(&FULL) {
            let hint = format!("make room in the {noun}, or raise its quota");
            return (StoreFault::Full, "is full", hint);
        }
        if refusal.status == StatusCode::NOT_IMPLEMENTED {
            let hint = own("use a store with conditional writes (If-Match, If-None-Match)");
            return (StoreFault::Unconditional, "has no conditional writes", hint);
        }
        if is_busy(refusal) {
            let hint = own("nothing to do: later runs try again");
            return (StoreFault::Unavailable, "is not available", hint);
        }
        if is_other_region(refusal) {
            let hint = match &refusal.region {
                Some(region) => format!("set AWS_REGION={region}"),
                None => own("set AWS_REGION to the bucket's region; check AWS_ENDPOINT_URL"),
            };
            return (StoreFault::Misconfigured, "is elsewhere", hint);
        }
        if let Some(hint) = self.credentials_hint(refusal) {
            return (StoreFault::Misconfigured, "refuses the credentials", hint);
        }
        let is_write = request == BucketRequest::Swap;
        let is_denied =
            matches!(refusal.status, StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED);
        if is_denied && is_write && self.has_read {
            return (StoreFault::ReadOnly, "is read-only", self.rights_hint(request));
        }
        if is_denied || refusal.status == StatusCode::UNAUTHORIZED {
            return (StoreFault::Misconfigured, "refuses the request", self.rights_hint(request));
        }
        if refusal.status == StatusCode::NOT_FOUND {
            let hint = own("check the endpoint: what answers there is no store");
            return (StoreFault::Misconfigured, "is not at its endpoint", hint);
        }
        let hint = match &self.endpoint {
            Some(setting) => format!("check {setting}: not every store has conditional writes"),
            None => format!("check the name of the {noun}, and its settings"),
        };
        (StoreFault::Misconfigured, "refuses the request", hint)
    }

    fn has_account_key(&self) -> bool {
        self.credentials.as_deref().is_some_and(|used| used.starts_with(ACCOUNT_KEY))
    }

    fn rights_hint(&self, request: BucketRequest) -> String {
        let objects = &self.place.objects;
        let bucket = objects.split('/').next().unwrap_or_default();
        let hint = match (self.provider, request) {
            // Without the right to list, a record that does not exist is refused, too.
            (BucketProvider::S3, BucketRequest::Read) => {
                return format!(
                    "allow s3:GetObject and s3:PutObject on arn:aws:s3:::{objects}, and \
                     s3:ListBucket on arn:aws:s3:::{bucket}: without that, S3 refuses to tell that \
                     there is no record yet; does the policy name them?"
                );
            }
            (BucketProvider::S3, BucketRequest::Swap) => {
                return format!(
                    "allow s3:PutObject on arn:aws:s3:::{objects}: does the policy name that? One \
                     machine in the fleet is enough"
                );
            }
            (BucketProvider::GoogleCloud, _) => {
                "give the account the role roles/storage.objectUser on the bucket"
            }
            (BucketProvider::Azure, _) if self.has_account_key() => {
                "a key has every right: check that the account allows keys, and its network rules"
            }
            (BucketProvider::Azure, _) => {
                "give the identity the role Storage Blob Data Contributor on the container, or \
                 the SAS the permissions rcw"
            }
        };
        hint.to_owned()
    }
}

const FULL: [&str; 4] = [
    "QuotaExceeded",
    "StorageQuotaExceeded",
    "XMinioStorageFull",
    "XMinioAdminBucketQuotaExceeded",
];

pub(super) fn is_busy(refusal: &BucketRefusal) -> bool {
    let status = refusal.status;
    status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
        || refusal.has_code(&["SlowDown", "RequestTimeout", "ContainerBeingDeleted"])
}

pub(super) fn is_other_region(refusal: &BucketRefusal) -> bool {
    refusal.status.is_redirection()
        || refusal.has_code(&["AuthorizationHeaderMalformed"]) && refusal.region.is_some()
        || refusal.has_code(&["PermanentRedirect", "IllegalLocationConstraintException"])
}
