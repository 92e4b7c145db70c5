//! Every setting, and the names it goes by in each source.

/// One setting.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its flag, without dashes.
    pub flag: &'static str,
    /// Its key in a profile and, where allowed, in a Terraform query.
    pub key: &'static str,
    /// Its environment variables, the first that is set counts.
    pub variables: &'static [&'static str],
    /// Whether a Terraform query may hold it.
    pub in_query: bool,
    /// Whether a profile may hold it.
    pub in_profile: bool,
}

impl Setting {
    /// Returns whether it names a file or a directory.
    pub fn is_path(&self) -> bool {
        self.key.ends_with("_file") || self.key.ends_with("_dir")
    }
}

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident = $flag:literal $key:literal
        [$($variable:literal),+] $(in $place:ident $($also:ident)?)?;)+) => {
        $($(#[$doc])*
        pub const $name: Setting = Setting {
            flag: $flag,
            key: $key,
            variables: &[$($variable),+],
            in_query: places!($($place $($also)?)?).0,
            in_profile: places!($($place $($also)?)?).1,
        };)+

        /// Every setting.
        pub const ALL: &[&Setting] = &[$(&$name),+];
    };
}

/// Whether a setting may stand in a query, and in a profile.
macro_rules! places {
    () => {
        (false, false)
    };
    (query) => {
        (true, false)
    };
    (profile) => {
        (false, true)
    };
    (query profile) => {
        (true, true)
    };
}

settings! {
    /// Which profile to read.
    PROFILE = "profile" "profile" ["GC_TOKEN_PROFILE"] in query;
    /// The region of Genesys Cloud.
    REGION = "region" "region" ["GC_TOKEN_REGION", "GENESYSCLOUD_REGION"] in query profile;
    /// The OAuth client's id.
    CLIENT_ID = "client-id" "client_id"
        ["GC_TOKEN_CLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_ID"] in query profile;
    /// The file that holds the client secret.
    CLIENT_SECRET_FILE = "client-secret-file" "client_secret_file"
        ["GC_TOKEN_CLIENT_SECRET_FILE"] in profile;
    /// `basic` or `post`.
    CLIENT_AUTH = "client-auth" "client_auth" ["GC_TOKEN_CLIENT_AUTH"] in profile;
    /// The issuer's base URL.
    LOGIN_URL = "login-url" "login_url" ["GC_TOKEN_LOGIN_URL"] in profile;
    /// The API's base URL.
    API_URL = "api-url" "api_url" ["GC_TOKEN_API_URL"] in profile;
    /// The token endpoint of any other issuer.
    TOKEN_URL = "token-url" "token_url" ["GC_TOKEN_TOKEN_URL"] in profile;
    /// The scope to ask for.
    SCOPE = "scope" "scope" ["GC_TOKEN_SCOPE"] in query profile;
    /// The audience to ask for.
    AUDIENCE = "audience" "audience" ["GC_TOKEN_AUDIENCE"] in query profile;
    /// How far issuer and API may disagree.
    SKEW = "skew" "skew" ["GC_TOKEN_SKEW"] in query profile;
    /// How long the token has to live.
    MIN_TTL = "min-ttl" "min_ttl" ["GC_TOKEN_MIN_TTL"] in query profile;
    /// After how long without a call the cloud revokes a token.
    IDLE_TIMEOUT = "idle-timeout" "idle_timeout" ["GC_TOKEN_IDLE_TIMEOUT"] in query profile;
    /// When to ask the API about a token.
    VERIFY = "verify" "verify" ["GC_TOKEN_VERIFY"] in profile;
    /// The time limit on a mint.
    TIMEOUT = "timeout" "timeout" ["GC_TOKEN_TIMEOUT"] in profile;
    /// Certificates to trust besides the system's.
    CA_FILE = "ca-file" "ca_file" ["GC_TOKEN_CA_FILE"] in profile;
    /// Where tokens are kept.
    CACHE_DIR = "cache-dir" "cache_dir" ["GC_TOKEN_CACHE_DIR"] in profile;
    /// How long to wait for another process that is minting.
    LOCK_TIMEOUT = "lock-timeout" "lock_timeout" ["GC_TOKEN_LOCK_TIMEOUT"] in profile;
    /// Keep nothing.
    NO_CACHE = "no-cache" "no_cache" ["GC_TOKEN_NO_CACHE"] in profile;
    /// Mint even where a good token is cached.
    FORCE_REFRESH = "force-refresh" "force_refresh" ["GC_TOKEN_FORCE_REFRESH"];
    /// How much is said on standard error.
    VERBOSE = "verbose" "verbose" ["GC_TOKEN_VERBOSE"];
    /// What `get` prints.
    FORMAT = "format" "format" ["GC_TOKEN_FORMAT"];
    /// What `env` writes for.
    SHELL = "shell" "shell" ["GC_TOKEN_SHELL"];
    /// The variable that `env` sets to the token.
    VAR = "var" "var" ["GC_TOKEN_VAR"];
    /// The variable that `env` sets to the region.
    REGION_VAR = "region-var" "region_var" ["GC_TOKEN_REGION_VAR"];
    /// Take the variables away.
    UNSET = "unset" "unset" ["GC_TOKEN_UNSET"];
    /// Where the gateway listens.
    LISTEN = "listen" "listen" ["GC_TOKEN_LISTEN"];
    /// The file that keeps the gateway's prefix.
    PREFIX_FILE = "prefix-file" "prefix_file" ["GC_TOKEN_PREFIX_FILE"];
    /// Whether other machines may use the gateway.
    ALLOW_REMOTE = "allow-remote" "allow_remote" ["GC_TOKEN_ALLOW_REMOTE"];
    /// The names that clients may call the gateway by.
    ALLOW_HOST = "allow-host" "allow_host" ["GC_TOKEN_ALLOW_HOST"];
    /// Whether clients of a run get a stand-in for the token.
    STAND_IN_TOKEN = "stand-in-token" "stand_in_token" ["GC_TOKEN_STAND_IN_TOKEN"];
    /// The file that gets the counters of a run.
    METRICS_FILE = "metrics-file" "metrics_file" ["GC_TOKEN_METRICS_FILE"];
    /// What a line for each request looks like.
    LOG_FORMAT = "log-format" "log_format" ["GC_TOKEN_LOG_FORMAT"];
    /// `status` and `cache list` for programs.
    JSON = "json" "json" ["GC_TOKEN_JSON"];
}
