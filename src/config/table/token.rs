//! Settings that determine which token a command gets, and from whom.

use jiff::SignedDuration;

use super::settings;
use crate::config::setting::{Commands, DefaultValue, FlagTopic, Setting, ValueType};

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
}
