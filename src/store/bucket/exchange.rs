//! What the requests of one operation have shown.

use hyper::StatusCode;
use jiff::SignedDuration;

use super::purpose::Purpose;
use super::refusal::BucketRefusal;
use crate::clock::OffsetEstimate;
use crate::error::Error;
use crate::store::Version;

#[derive(Debug, Default)]
pub(super) struct ExchangeLog {
    /// The store's clock, by its last response.
    pub(super) clock: Option<OffsetEstimate>,
    /// The age of the record, by the store's clock.
    pub(super) age: Option<SignedDuration>,
    /// The last exchange, unless it succeeded.
    pub(super) failure: Option<Failure>,
}

/// An exchange that did not succeed, or has not yet.
#[derive(Debug)]
pub(super) struct Failure {
    /// The host, and its port unless that is the scheme's own.
    pub(super) host: String,
    pub(super) is_on_this_machine: bool,
    pub(super) purpose: Purpose,
    pub(super) outcome: Outcome,
}

#[derive(Debug)]
pub(super) enum Outcome {
    Refused(BucketRefusal),
    /// There was no complete response.
    Broken {
        explained: Error,
        is_untrusted: bool,
    },
    /// The URL is not one that credentials may be sent to.
    PlainHttp,
    NoResponseYet,
    /// A success; the credentials in it have not been used yet.
    Credentials(StatusCode),
}

impl ExchangeLog {
    pub(super) fn shows_absent_record(&self) -> bool {
        self.refusal().is_some_and(BucketRefusal::is_absent_record)
    }

    pub(super) fn shows_lost_swap(&self, expected: &Version) -> bool {
        self.refusal().is_some_and(|refusal| refusal.is_failed_condition(expected))
    }

    fn refusal(&self) -> Option<&BucketRefusal> {
        match &self.failure {
            Some(Failure {
                purpose: Purpose::Record, outcome: Outcome::Refused(refusal), ..
            }) => Some(refusal),
            _ => None,
        }
    }
}
