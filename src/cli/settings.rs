//! The flags that every command that needs a token takes.

use clap::Args;

use super::{Flags, given, switched};

/// Flags go before the Terraform query, the environment and the profile. Each
/// has a variable: `--min-ttl` is GC_TOKEN_MIN_TTL.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Settings (each also as a variable: --min-ttl is GC_TOKEN_MIN_TTL)")]
pub struct SettingsArgs {
    /// The profile to read [default: default].
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The region: an AWS name, its short form, a place, a domain or a URL.
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// The OAuth client's id.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The file that holds the client secret; - is standard input.
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<String>,
    /// How to authenticate the client: basic or post [default: basic].
    #[arg(long, value_name = "HOW")]
    client_auth: Option<String>,
    /// How far the clocks of issuer and API may disagree [default: 5s].
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    skew: Option<String>,
    /// How long the token has to live after the skew is taken off
    /// [default: 10m, at most half of what a new token offers].
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    min_ttl: Option<String>,
    /// The organization's inactivity timeout: a cached token that is not known
    /// to have been used for so long is asked about or replaced [default: none].
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    idle_timeout: Option<String>,
    /// When to ask the API about a token before it is handed out: auto (when
    /// the network is needed anyway), always or never [default: auto].
    #[arg(long, value_name = "WHEN")]
    verify: Option<String>,
    /// The scope to ask for.
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    /// The audience to ask for.
    #[arg(long, value_name = "AUDIENCE")]
    audience: Option<String>,
    /// The issuer's base URL, in place of the region's.
    #[arg(long, value_name = "URL")]
    login_url: Option<String>,
    /// The API's base URL, in place of the region's.
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    /// The token endpoint of any issuer of client-credentials tokens.
    #[arg(long, value_name = "URL")]
    token_url: Option<String>,
    /// The time limit on a mint, retries included [default: 30s].
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    timeout: Option<String>,
    /// Certificates (PEM) to trust besides the system's.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<String>,
    /// Where tokens are kept [default: the user's cache directory].
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<String>,
    /// How long to wait for another process that is minting [default: 35s].
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    lock_timeout: Option<String>,
    /// Neither read nor write the cache.
    #[arg(long)]
    no_cache: bool,
    /// Mint a new token even where a good one is cached.
    #[arg(long)]
    force_refresh: bool,
    /// Explain decisions on standard error; twice: each step.
    #[arg(long, short, action = clap::ArgAction::Count)]
    verbose: u8,
}

impl Flags for SettingsArgs {
    fn flags(self) -> crate::config::Flags {
        let verbose = (self.verbose > 0).then(|| self.verbose.to_string());
        [
            given("profile", self.profile),
            given("region", self.region),
            given("client-id", self.client_id),
            given("client-secret-file", self.client_secret_file),
            given("client-auth", self.client_auth),
            given("skew", self.skew),
            given("min-ttl", self.min_ttl),
            given("idle-timeout", self.idle_timeout),
            given("verify", self.verify),
            given("scope", self.scope),
            given("audience", self.audience),
            given("login-url", self.login_url),
            given("api-url", self.api_url),
            given("token-url", self.token_url),
            given("timeout", self.timeout),
            given("ca-file", self.ca_file),
            given("cache-dir", self.cache_dir),
            given("lock-timeout", self.lock_timeout),
            given("verbose", verbose),
            switched("no-cache", self.no_cache),
            switched("force-refresh", self.force_refresh),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
