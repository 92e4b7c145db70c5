//! The table of settings: one row for each.

use jiff::SignedDuration;

use super::setting::{Commands, DefaultValue, FlagTopic, Setting, ValueType};

/// The client secret is no setting: it has no flag, because other users can read arguments.
/// Our own variable overrides the Terraform provider's.
pub const SECRET_VARIABLES: [&str; 2] =
    ["GC_TOKEN_CLIENT_SECRET", "GENESYSCLOUD_OAUTHCLIENT_SECRET"];
/// The key in a profile, and the attribute.
pub(crate) const CLIENT_SECRET: &str = "client_secret";
/// The key in a profile that holds a command, as a list of arguments.
pub(crate) const CLIENT_SECRET_COMMAND: &str = "client_secret_command";

/// The key in a profile that holds a command, which prints the password of a store.
pub(crate) const STORE_PASSWORD_COMMAND: &str = "store_password_command";
/// The keys of a profile that hold lists of arguments.
pub(super) const COMMANDS: [&str; 2] = [CLIENT_SECRET_COMMAND, STORE_PASSWORD_COMMAND];

/// Holds the password of a store, which is no setting for the same reason.
pub const STORE_PASSWORD_VARIABLE: &str = "GC_TOKEN_STORE_PASSWORD";

/// The Terraform provider goes up to this.
pub const MAX_TOKENS: u32 = 50;

/// Defines a constant for each row, and [`ALL`] of them.
macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $value:expr,)+ })+) => {
        $($(#[$doc])* pub const $name: Setting = Setting { $($field: $value,)+ ..Setting::TOKEN };)+

        pub const ALL: &[&Setting] = &[$(&$name),+];
    };
}

settings! {
    PROFILE {
        flag: "profile",
        topic: FlagTopic::Account,
        key: "profile",
        variables: &["GC_TOKEN_PROFILE"],
        value: ValueType::Profile,
        default: DefaultValue::Described("default"),
        help: "The profile to read",
        attribute: Some("The profile to read, from `config.toml` or from the vendor's \
            `~/.gc/config.toml`."),
        in_query: true,
        commands: Commands::Token(&["ci", "cache list", "cache clear"]),
    }
    REGION {
        flag: "region",
        topic: FlagTopic::Account,
        key: "region",
        variables: &["GC_TOKEN_REGION", "GENESYSCLOUD_REGION"],
        value: ValueType::Region,
        help: "The region: an AWS name (eu-west-1), its short form (euw1), a place (Ireland), a \
            domain or a URL; 'gc-token regions' lists them",
        attribute: Some("The region: an AWS name (`eu-west-1`), a place (`Ireland`), a domain or \
            a URL."),
        in_query: true,
        in_profile: true,
        commands: Commands::Token(&["ci", "cache list", "cache clear"]),
    }
    CLIENT_ID {
        flag: "client-id",
        topic: FlagTopic::Account,
        key: "client_id",
        variables: &["GC_TOKEN_CLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_ID"],
        value_name: "ID",
        help: "The OAuth client's id",
        attribute: Some("The OAuth client's id."),
        in_query: true,
        in_profile: true,
        commands: Commands::Token(&["ci", "cache list", "cache clear"]),
    }
    CLIENT_SECRET_FILE {
        flag: "client-secret-file",
        topic: FlagTopic::Account,
        key: "client_secret_file",
        variables: &["GC_TOKEN_CLIENT_SECRET_FILE"],
        value: ValueType::File,
        help: "The file that holds the client secret; - is standard input",
        in_profile: true,
        commands: Commands::Token(&["cache list", "cache clear"]),
    }
    CLIENT_AUTH {
        flag: "client-auth",
        topic: FlagTopic::Account,
        key: "client_auth",
        variables: &["GC_TOKEN_CLIENT_AUTH"],
        value: ValueType::Choice(&["basic", "post"]),
        value_name: "METHOD",
        default: DefaultValue::Text("basic"),
        help: "How to authenticate the client: basic or post",
        in_profile: true,
        commands: Commands::Token(&["ci"]),
    }
    SKEW {
        flag: "skew",
        topic: FlagTopic::Lifetime,
        key: "skew",
        variables: &["GC_TOKEN_SKEW"],
        value: ValueType::Duration,
        default: DefaultValue::Duration(SignedDuration::from_secs(5)),
        help: "How far the clocks of issuer and API may disagree; subtracted from every lifetime",
        attribute: Some("How far the clocks of issuer and API may disagree, for example `5s`."),
        in_query: true,
        in_profile: true,
        commands: Commands::Token(&["ci"]),
    }
    MIN_TTL {
        flag: "min-ttl",
        topic: FlagTopic::Lifetime,
        key: "min_ttl",
        variables: &["GC_TOKEN_MIN_TTL"],
        value: ValueType::Duration,
        default: DefaultValue::Capped(
            SignedDuration::from_mins(10),
            "at most half of what a new token offers",
        ),
        help: "How long the token has to live after the skew is subtracted; if set, a token that \
            lives less is an error",
        attribute: Some("How long the token has to live after the skew is subtracted, for \
            example `30m`. A token that lives less is an error."),
        in_query: true,
        in_profile: true,
        commands: Commands::Token(&["ci"]),
    }
    IDLE_TIMEOUT {
        flag: "idle-timeout",
        topic: FlagTopic::Lifetime,
        key: "idle_timeout",
        variables: &["GC_TOKEN_IDLE_TIMEOUT"],
        value: ValueType::Duration,
        default: DefaultValue::Off,
        help: "The organization's inactivity timeout: a cached token that may have been unused \
            for that long is checked with the API or replaced",
        attribute: Some("The organization's inactivity timeout, for example `30m`: a cached \
            token that may have been unused for that long is checked with the API or \
            replaced."),
        in_query: true,
        in_profile: true,
        commands: Commands::Token(&["ci"]),
    }
    VERIFY {
        flag: "verify",
        topic: FlagTopic::Lifetime,
        key: "verify",
        variables: &["GC_TOKEN_VERIFY"],
        value: ValueType::Choice(&["auto", "always", "never"]),
        value_name: "WHEN",
        default: DefaultValue::Text("auto"),
        help: "When to check a token with the API before it is handed out: auto (if the network \
            is needed anyway), always or never",
        attribute: Some("When to check the token with the API before it is handed out: `auto` \
            (after a mint), `always` or `never`."),
        in_profile: true,
        commands: Commands::Token(&["ci"]),
    }
    SCOPE {
        flag: "scope",
        topic: FlagTopic::Account,
        key: "scope",
        variables: &["GC_TOKEN_SCOPE"],
        value_name: "SCOPE",
        help: "The scope to request; Genesys Cloud has none",
        attribute: Some("The scope to request. Genesys Cloud has none."),
        in_query: true,
        in_profile: true,
        commands: Commands::Token(&["ci", "cache list", "cache clear"]),
    }
    AUDIENCE {
        flag: "audience",
        topic: FlagTopic::Account,
        key: "audience",
        variables: &["GC_TOKEN_AUDIENCE"],
        value_name: "AUDIENCE",
        help: "The audience to request; Genesys Cloud has none",
        attribute: Some("The audience to request. Genesys Cloud has none."),
        in_query: true,
        in_profile: true,
        commands: Commands::Token(&["ci", "cache list", "cache clear"]),
    }
    LOGIN_URL {
        flag: "login-url",
        topic: FlagTopic::Network,
        key: "login_url",
        variables: &["GC_TOKEN_LOGIN_URL"],
        value: ValueType::Url,
        default: DefaultValue::Described("the region's"),
        help: "The issuer's base URL",
        in_profile: true,
        commands: Commands::Token(&["ci", "cache list", "cache clear"]),
    }
    API_URL {
        flag: "api-url",
        topic: FlagTopic::Network,
        key: "api_url",
        variables: &["GC_TOKEN_API_URL"],
        value: ValueType::Url,
        default: DefaultValue::Described("the region's"),
        help: "The API's base URL",
        in_profile: true,
        commands: Commands::Token(&["ci"]),
    }
    TOKEN_URL {
        flag: "token-url",
        topic: FlagTopic::Network,
        key: "token_url",
        variables: &["GC_TOKEN_TOKEN_URL"],
        value: ValueType::Url,
        default: DefaultValue::Described("the issuer's"),
        help: "The token endpoint of any issuer of client-credentials tokens",
        in_profile: true,
        commands: Commands::Token(&["ci", "cache list", "cache clear"]),
    }
    TIMEOUT {
        flag: "timeout",
        topic: FlagTopic::Network,
        key: "timeout",
        variables: &["GC_TOKEN_TIMEOUT"],
        value: ValueType::Duration,
        default: DefaultValue::Duration(SignedDuration::from_secs(30)),
        help: "The time limit on a mint, retries included",
        in_profile: true,
        commands: Commands::Token(&["ci"]),
    }
    CA_FILE {
        flag: "ca-file",
        topic: FlagTopic::Network,
        key: "ca_file",
        variables: &["GC_TOKEN_CA_FILE"],
        value: ValueType::File,
        help: "Certificates (PEM) to trust in addition to the system's",
        in_profile: true,
        commands: Commands::Token(&["cache list", "cache clear"]),
    }
    CACHE_DIR {
        flag: "cache-dir",
        topic: FlagTopic::Cache,
        key: "cache_dir",
        variables: &["GC_TOKEN_CACHE_DIR"],
        value: ValueType::Directory,
        default: DefaultValue::Described("the user's cache directory"),
        help: "The directory that tokens are cached in",
        in_profile: true,
        commands: Commands::Token(&["cache"]),
    }
    /// A little more than another process may take to mint.
    LOCK_TIMEOUT {
        flag: "lock-timeout",
        topic: FlagTopic::Cache,
        key: "lock_timeout",
        variables: &["GC_TOKEN_LOCK_TIMEOUT"],
        value: ValueType::Duration,
        default: DefaultValue::Duration(SignedDuration::from_secs(35)),
        help: "How long to wait for another process that is minting",
        in_profile: true,
        commands: Commands::Token(&["cache"]),
    }
    NO_CACHE {
        flag: "no-cache",
        topic: FlagTopic::Cache,
        key: "no_cache",
        variables: &["GC_TOKEN_NO_CACHE"],
        value: ValueType::Switch,
        help: "Neither read nor write the cache",
        in_profile: true,
    }
    STORE {
        flag: "store",
        topic: FlagTopic::Store,
        key: "store",
        variables: &["GC_TOKEN_STORE"],
        value_name: "LOCATION",
        help: "Share tokens with other machines by a store: s3://bucket/prefix, gs://bucket/prefix, \
            az://container/prefix, redis://host:6379/0 or rediss://user@host",
        attribute: Some("The store by which machines share tokens: `s3://bucket/prefix`, \
            `gs://bucket/prefix`, `az://container/prefix`, `redis://host:6379/0` or \
            `rediss://user@host`."),
        in_query: true,
        in_profile: true,
    }
    STORE_PASSWORD_FILE {
        flag: "store-password-file",
        topic: FlagTopic::Store,
        key: "store_password_file",
        variables: &["GC_TOKEN_STORE_PASSWORD_FILE"],
        value: ValueType::File,
        help: "The file that holds the password of the Redis store",
        in_profile: true,
        commands: Commands::Token(&["cache list", "cache clear"]),
    }
    STORE_TIMEOUT {
        flag: "store-timeout",
        topic: FlagTopic::Store,
        key: "store_timeout",
        variables: &["GC_TOKEN_STORE_TIMEOUT"],
        value: ValueType::Duration,
        default: DefaultValue::Duration(SignedDuration::from_secs(2)),
        help: "The time limit on all requests to the store together",
        in_profile: true,
        commands: Commands::Token(&["cache list", "cache clear"]),
    }
    STORE_REQUIRED {
        flag: "store-required",
        topic: FlagTopic::Store,
        key: "store_required",
        variables: &["GC_TOKEN_STORE_REQUIRED"],
        value: ValueType::Switch,
        help: "Fail rather than mint while the store cannot be reached",
        in_profile: true,
    }
    NO_STORE {
        flag: "no-store",
        topic: FlagTopic::Store,
        key: "no_store",
        variables: &["GC_TOKEN_NO_STORE"],
        value: ValueType::Switch,
        help: "Share no tokens with other machines, whatever the profile says",
    }
    FORCE_REFRESH {
        flag: "force-refresh",
        topic: FlagTopic::Lifetime,
        key: "force_refresh",
        variables: &["GC_TOKEN_FORCE_REFRESH"],
        value: ValueType::Switch,
        help: "Mint a new token even if a good one is cached",
    }
    VERBOSE {
        flag: "verbose",
        short_flag: Some('v'),
        key: "verbose",
        variables: &["GC_TOKEN_VERBOSE"],
        value: ValueType::Count,
        help: "Explain decisions on standard error; twice: each step",
        commands: Commands::Token(&["ci"]),
    }
    QUIET {
        flag: "quiet",
        short_flag: Some('q'),
        key: "quiet",
        variables: &["GC_TOKEN_QUIET"],
        value: ValueType::Switch,
        help: "Write nothing to standard error but errors, and a log that was asked for",
        commands: Commands::All,
    }
    FORMAT {
        flag: "format",
        short_flag: Some('f'),
        key: "format",
        variables: &["GC_TOKEN_FORMAT"],
        value: ValueType::Choice(&["text", "json", "header"]),
        value_name: "FORMAT",
        default: DefaultValue::Text("text"),
        help: "text: the token alone; json: with its expiry and its URLs; header: an HTTP \
            Authorization header",
        commands: Commands::Only(&["get"]),
    }
    SHELL {
        flag: "shell",
        short_flag: Some('s'),
        key: "shell",
        variables: &["GC_TOKEN_SHELL"],
        value: ValueType::Shell,
        default: DefaultValue::Text("posix"),
        help: "The shell or CI system to write for: posix (bash, dash, zsh), fish, powershell, \
            cmd, nushell, dotenv, json, github-actions, gitlab, azure-pipelines",
        commands: Commands::Only(&["env", "gateway"]),
    }
    VAR {
        flag: "var",
        key: "var",
        variables: &["GC_TOKEN_VAR"],
        value_name: "NAME",
        default: DefaultValue::Text("GENESYSCLOUD_ACCESS_TOKEN"),
        help: "The variable that gets the token",
        commands: Commands::Only(&["env"]),
    }
    REGION_VAR {
        flag: "region-var",
        key: "region_var",
        variables: &["GC_TOKEN_REGION_VAR"],
        value_name: "NAME",
        default: DefaultValue::Text("GENESYSCLOUD_REGION"),
        help: "The variable that gets the region",
        commands: Commands::Only(&["env"]),
    }
    UNSET {
        flag: "unset",
        key: "unset",
        variables: &["GC_TOKEN_UNSET"],
        value: ValueType::Switch,
        help: "Print statements that unset the variables; needs no credentials",
        commands: Commands::Only(&["env"]),
    }
    LISTEN {
        flag: "listen",
        topic: FlagTopic::Proxy,
        key: "listen",
        variables: &["GC_TOKEN_LISTEN"],
        value_name: "ADDRESS",
        default: DefaultValue::Text("127.0.0.1:0"),
        help: "The address that the gateway listens on; port 0 picks a free one",
        commands: Commands::Only(&["exec", "gateway"]),
    }
    PREFIX_FILE {
        flag: "prefix-file",
        topic: FlagTopic::Proxy,
        key: "prefix_file",
        variables: &["GC_TOKEN_PREFIX_FILE"],
        value: ValueType::File,
        help: "Keep the gateway's path in this file, which is created if missing: for clients \
            that need an address that stays",
        commands: Commands::Only(&["gateway"]),
    }
    ALLOW_REMOTE {
        flag: "allow-remote",
        topic: FlagTopic::Proxy,
        key: "allow_remote",
        variables: &["GC_TOKEN_ALLOW_REMOTE"],
        value: ValueType::Switch,
        help: "Listen where other machines can connect. Only the path protects the gateway then, \
            and it travels unencrypted",
        commands: Commands::Only(&["gateway"]),
    }
    ALLOW_HOST {
        flag: "allow-host",
        topic: FlagTopic::Proxy,
        key: "allow_host",
        variables: &["GC_TOKEN_ALLOW_HOST"],
        value_name: "NAMES",
        help: "Host names, separated by commas, that clients may use for the gateway and for \
            --metrics-listen besides localhost and IP addresses",
        commands: Commands::Only(&["exec", "gateway"]),
    }
    STAND_IN_TOKEN {
        flag: "stand-in-token",
        topic: FlagTopic::Proxy,
        key: "stand_in_token",
        variables: &["GC_TOKEN_STAND_IN_TOKEN"],
        value: ValueType::OptionalSwitch,
        default: DefaultValue::Described("true with exec --intercept and gctoken_gateway, otherwise false"),
        help: "Give clients a random token that only this run's proxy, or the next 'gateway' for \
            the same client, replaces with the real one, and that is worth nothing anywhere else; \
            --stand-in-token=false gives them the real one",
        attribute: Some("Whether `access_token` is a stand-in, which is the default. `false` makes \
            it a real token, which clients can also use past the gateway, but only for as long as \
            it lives."),
        commands: Commands::Only(&["exec", "gateway"]),
    }
    TOKENS {
        flag: "tokens",
        topic: FlagTopic::Proxy,
        key: "tokens",
        variables: &["GC_TOKEN_TOKENS"],
        value: ValueType::Number { max: MAX_TOKENS, pattern: "^([1-9]|[1-4][0-9]|50)$" },
        default: DefaultValue::Text("10"),
        help: "How many tokens of the client a run may use at once, because the API limits the \
            requests of each token; more than one only where the requests need it",
        attribute: Some("How many tokens the gateway may use at once, because the API limits the \
            requests of each token; by default up to 10, and more than one only if the requests \
            need it."),
        in_profile: true,
        commands: Commands::Only(&["exec", "gateway"]),
    }
    RATE {
        flag: "rate",
        topic: FlagTopic::Proxy,
        key: "rate",
        variables: &["GC_TOKEN_RATE"],
        value: ValueType::Number { max: u32::MAX, pattern: "^([1-9][0-9]*|auto|off)$" },
        default: DefaultValue::Text("300"),
        help: "How many requests a minute the API takes with each token: a number, auto to ask \
            the API, or off to leave it to the API's responses",
        attribute: Some("How many requests a minute the API takes with each token: a number, by \
            default 300, `auto` to ask the API, or `off` to leave it to the API's responses."),
        in_profile: true,
        commands: Commands::Only(&["exec", "gateway"]),
    }
    RATE_WAIT {
        flag: "rate-wait",
        topic: FlagTopic::Proxy,
        key: "rate_wait",
        variables: &["GC_TOKEN_RATE_WAIT"],
        value: ValueType::Duration,
        default: DefaultValue::Duration(SignedDuration::from_secs(10)),
        help: "How long a request waits for a token that the API takes requests with, before the \
            client gets 429",
        attribute: Some("How long a request waits for a token that the API takes requests with, \
            before the client gets 429; by default `10s`."),
        in_profile: true,
        commands: Commands::Only(&["exec", "gateway"]),
    }
    REVOKE {
        flag: "revoke",
        key: "revoke",
        variables: &["GC_TOKEN_REVOKE"],
        value: ValueType::Switch,
        help: "Mint tokens for this run alone, without the cache, and revoke them at its end",
        commands: Commands::Only(&["exec", "gateway"]),
    }
    METRICS_FILE {
        flag: "metrics-file",
        topic: FlagTopic::Proxy,
        key: "metrics_file",
        variables: &["GC_TOKEN_METRICS_FILE"],
        value: ValueType::File,
        help: "Write counters to this file during the run, in the text format of Prometheus",
        commands: Commands::Only(&["exec", "gateway"]),
    }
    METRICS_LISTEN {
        flag: "metrics-listen",
        topic: FlagTopic::Proxy,
        key: "metrics_listen",
        variables: &["GC_TOKEN_METRICS_LISTEN"],
        value_name: "ADDRESS",
        help: "Serve metrics for Prometheus, health checks and a status page at this address, such \
            as 127.0.0.1:9464; nothing there is secret",
        in_profile: true,
        commands: Commands::Only(&["exec", "gateway"]),
    }
    LOG_FORMAT {
        flag: "log-format",
        topic: FlagTopic::Proxy,
        key: "log_format",
        variables: &["GC_TOKEN_LOG_FORMAT"],
        value: ValueType::Choice(&["text", "json"]),
        value_name: "FORMAT",
        help: "Write a line for each request to standard error: text or json",
        commands: Commands::Only(&["exec", "gateway"]),
    }
    JSON {
        flag: "json",
        key: "json",
        variables: &["GC_TOKEN_JSON"],
        value: ValueType::Switch,
        help: "Print JSON, for programs",
        commands: Commands::Only(&["get", "status", "doctor", "cache", "config show", "version"]),
    }
}
