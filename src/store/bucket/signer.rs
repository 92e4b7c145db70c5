//! Signs requests again, by the store's clock: those of the library are signed by this
//! machine's wall clock, and stores refuse what was signed minutes ago or in the future.

use hyper::http::request::Parts;
use jiff::Timestamp;
use object_store::aws::AwsCredentialProvider;

use super::amazon::sigv4;
use super::azure::shared_key;
use super::google::service_account::{self, ServiceAccount};

pub(super) enum RequestSigner {
    S3(AwsCredentialProvider),
    SharedKey(Vec<u8>),
    ServiceAccount(Box<ServiceAccount>),
}

impl RequestSigner {
    /// Returns when a request was signed; `None` if no time is signed.
    pub(super) fn signed_at(&self, head: &Parts) -> Option<Timestamp> {
        match self {
            RequestSigner::S3(_) => sigv4::signed_at(head),
            RequestSigner::SharedKey(_) => shared_key::signed_at(head),
            RequestSigner::ServiceAccount(_) => service_account::signed_at(head),
        }
    }

    /// Returns `None`, and changes nothing, if the request was signed in another way.
    pub(super) async fn sign(&self, head: &mut Parts, time: Timestamp) -> Option<()> {
        match self {
            RequestSigner::S3(provider) => {
                let credential = provider.get_credential().await.ok()?;
                sigv4::sign(head, &credential.key_id, &credential.secret_key, time)
            }
            RequestSigner::SharedKey(key) => shared_key::sign(head, key, time),
            RequestSigner::ServiceAccount(account) => account.sign(head, time),
        }
    }
}
