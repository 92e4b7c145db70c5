//! Settings of runs that outlive a token.

use jiff::SignedDuration;

use super::{MAX_TOKENS, settings};
use crate::config::setting::{Commands, DefaultValue, FlagTopic, Setting, ValueType};

settings! {
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
