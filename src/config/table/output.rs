//! Settings of messages and of what is printed.

use super::settings;
use crate::config::setting::{Commands, DefaultValue, Setting, ValueType};

settings! {
    VERBOSE {
        flag: "verbose",
        short_flag: Some('v'),
        key: "verbose",
        variables: &["GC_TOKEN_VERBOSE"],
        value: ValueType::Count,
        help: "Explain decisions on standard error; twice: each step",
        commands: Commands::Token(&["ci", "cache"]),
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
}
