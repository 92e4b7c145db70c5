//! Counts of what has happened in a sandbox.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Requests of any kind to the login host.
    pub login_requests: u64,
    /// Token requests, failed ones included.
    pub token_requests: u64,
    pub mints: u64,
    pub refused_mints: u64,
    pub evicted_tokens: u64,
    /// API requests, rejected ones included.
    pub api_calls: u64,
    pub max_concurrent_calls: u64,
    pub statuses: BTreeMap<u16, u64>,
    pub refusals: u64,
    pub calls_over_token_limit: u64,
    pub calls_over_path_limit: u64,
    /// Tokens revoked by `DELETE /api/v2/tokens/me`.
    pub revocations: u64,
    /// Number of times that each `X-Request-Id` of an API POST was processed.
    pub executed: BTreeMap<String, u64>,
    pub last_token_request: Option<RecordedTokenRequest>,
}

/// A token request without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RecordedTokenRequest {
    /// `basic`, `post`, or `None` without credentials.
    pub client_auth: Option<String>,
    /// The form without `client_secret`.
    pub form: BTreeMap<String, String>,
}
