//! The client of the library for a bucket, and what its errors depend on.

use std::sync::Arc;

use object_store::ObjectStore;

use super::credential_command::Refresh;
use super::region::SignedRegion;
use super::settings_error::SettingsError;

#[derive(Clone)]
pub(super) struct BucketClient {
    pub(super) store: Arc<dyn ObjectStore>,
    /// Runs before each request.
    pub(super) refresh: Option<Arc<dyn Refresh>>,
    /// The region that requests are signed for, of stores that have regions.
    pub(super) region: Option<SignedRegion>,
    /// What requests are signed with, such as `with an access key from ...`.
    pub(super) credentials: String,
    /// Why better credentials than those of the platform were not found.
    pub(super) lack: Option<SettingsError>,
    /// The setting that names another endpoint than the provider's.
    pub(super) endpoint: Option<String>,
}
