//! Where the requests of an engine go.

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BucketEndpoint {
    pub(super) url: String,
    /// What decides that, as the end of a phrase.
    pub(super) origin: String,
}
