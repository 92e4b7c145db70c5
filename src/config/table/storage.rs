//! Settings of the cache, and of the store that machines share.

use jiff::SignedDuration;

use super::settings;
use crate::config::setting::{Commands, DefaultValue, FlagTopic, Setting, ValueType};

settings! {
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
            `rediss://user@host`. A password comes from `GC_TOKEN_STORE_PASSWORD`, \
            `GC_TOKEN_STORE_PASSWORD_FILE` or the profile."),
        in_query: true,
        in_profile: true,
        commands: Commands::Token(&["ci"]),
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
        commands: Commands::Token(&["cache list", "cache clear", "ci"]),
    }
    STORE_REQUIRED {
        flag: "store-required",
        topic: FlagTopic::Store,
        key: "store_required",
        variables: &["GC_TOKEN_STORE_REQUIRED"],
        value: ValueType::Switch,
        help: "Fail rather than mint while the store cannot be reached",
        in_profile: true,
        commands: Commands::Token(&["ci"]),
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
}
