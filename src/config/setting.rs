//! The type of a row in the [`table`](super::table) of settings.

use std::borrow::Cow;

use jiff::SignedDuration;

use crate::duration;

/// A setting. Its flag, lookup, attribute of the Terraform provider, line in `doctor`,
/// completion, place in the schema of `config.toml` and row in the book come from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Without dashes.
    pub flag: &'static str,
    pub short_flag: Option<char>,
    pub topic: FlagTopic,
    /// The name in a profile, in a Terraform query and as an attribute.
    pub key: &'static str,
    /// The first one that is set counts.
    pub variables: &'static [&'static str],
    pub value: ValueType,
    /// The placeholder in help for a text or a choice.
    pub(super) value_name: &'static str,
    pub default: DefaultValue,
    /// A sentence without a full stop.
    pub help: &'static str,
    /// The description of the provider's attribute, in Markdown; `None` without one.
    pub attribute: Option<&'static str>,
    pub in_query: bool,
    pub in_profile: bool,
    pub commands: Commands,
}

/// Groups the flags in help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagTopic {
    /// The command's own flags.
    Command,
    Account,
    Lifetime,
    Cache,
    Store,
    Network,
    Proxy,
}

impl FlagTopic {
    pub(crate) const ALL: [FlagTopic; 7] = [
        FlagTopic::Command,
        FlagTopic::Account,
        FlagTopic::Lifetime,
        FlagTopic::Cache,
        FlagTopic::Store,
        FlagTopic::Network,
        FlagTopic::Proxy,
    ];

    pub fn heading(self) -> Option<&'static str> {
        match self {
            FlagTopic::Command => None,
            FlagTopic::Account => Some("Account"),
            FlagTopic::Lifetime => Some("Lifetime of the token"),
            FlagTopic::Cache => Some("Cache"),
            FlagTopic::Store => Some("Store"),
            FlagTopic::Network => Some("Network"),
            FlagTopic::Proxy => Some("Proxy"),
        }
    }
}

/// Determines how a value is parsed, and how it is completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    Text,
    Url,
    /// From 1 to `max`; `pattern` describes the texts that are accepted, words included.
    Number {
        max: u32,
        pattern: &'static str,
    },
    Duration,
    /// A flag without a value; `true` or `false` in the other sources.
    Switch,
    /// A switch whose flag may have a value.
    OptionalSwitch,
    /// A flag that counts how often it is given; a number in the other sources.
    Count,
    Choice(&'static [&'static str]),
    File,
    Directory,
    Region,
    Profile,
    /// An output format of `env`.
    Shell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultValue {
    None,
    Duration(SignedDuration),
    /// A duration that may be lowered, for the reason that is given.
    Capped(SignedDuration, &'static str),
    /// Parsed like a value that somebody wrote.
    Text(&'static str),
    /// The feature is off: there is no value that stands for it.
    Off,
    /// Depends on other settings or on the system.
    Described(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commands {
    /// The commands that get a token, and these.
    Token(&'static [&'static str]),
    Only(&'static [&'static str]),
    All,
}

const TOKEN_COMMANDS: [&str; 11] = [
    "init",
    "get",
    "env",
    "external",
    "exec",
    "gateway",
    "status",
    "doctor",
    "config show",
    "config check",
    "revoke",
];

impl Setting {
    /// The base of most rows: a text for the commands that get a token, from flags and
    /// variables only.
    pub(super) const TOKEN: Setting = Setting {
        flag: "",
        topic: FlagTopic::Command,
        short_flag: None,
        key: "",
        variables: &[],
        value: ValueType::Text,
        value_name: "",
        default: DefaultValue::None,
        help: "",
        attribute: None,
        in_query: false,
        in_profile: false,
        commands: Commands::Token(&[]),
    };

    pub fn is_path(&self) -> bool {
        matches!(self.value, ValueType::File | ValueType::Directory)
    }

    pub fn takes_value(&self) -> bool {
        !matches!(self.value, ValueType::Switch | ValueType::Count)
    }

    /// Returns whether the word after the flag is its value.
    pub(crate) fn is_followed_by_value(&self) -> bool {
        self.takes_value() && self.value != ValueType::OptionalSwitch
    }

    pub fn value_name(&self) -> &'static str {
        match self.value {
            ValueType::Text | ValueType::Choice(_) => self.value_name,
            ValueType::Url => "URL",
            ValueType::Number { .. } => "NUMBER",
            ValueType::Duration => "TIME",
            ValueType::Switch | ValueType::OptionalSwitch => "BOOL",
            ValueType::Count => "COUNT",
            ValueType::File => "FILE",
            ValueType::Directory => "DIR",
            ValueType::Region => "REGION",
            ValueType::Profile | ValueType::Shell => "NAME",
        }
    }

    /// Returns whether the flag determines which token a command gets, and how.
    pub fn is_about_token(&self) -> bool {
        matches!(self.commands, Commands::Token(_))
    }

    /// Of a subcommand, the last word suffices.
    pub fn is_flag_of(&self, command: &str) -> bool {
        let is_last_word = |known: &&str| {
            let before = known.strip_suffix(command);
            before.is_some_and(|before| before.is_empty() || before.ends_with(' '))
        };
        let holds = |commands: &[&str]| commands.iter().any(is_last_word);
        match self.commands {
            Commands::Token(also) => holds(&TOKEN_COMMANDS) || holds(also),
            Commands::Only(commands) => holds(commands),
            Commands::All => true,
        }
    }

    /// The default as a value.
    ///
    /// # Panics
    /// In a constant, so at compile time, for a setting without such a default.
    pub const fn default_duration(&self) -> SignedDuration {
        match self.default {
            DefaultValue::Duration(duration) | DefaultValue::Capped(duration, _) => duration,
            _ => panic!("the default is no duration"),
        }
    }

    pub const fn default_text(&self) -> Option<&'static str> {
        match self.default {
            DefaultValue::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn shown_default(&self) -> Option<Cow<'static, str>> {
        match self.default {
            DefaultValue::None => None,
            DefaultValue::Duration(duration) => Some(duration::human(duration).into()),
            DefaultValue::Capped(duration, cap) => {
                Some(format!("{}, {cap}", duration::human(duration)).into())
            }
            DefaultValue::Text(text) | DefaultValue::Described(text) => Some(text.into()),
            DefaultValue::Off => Some("none".into()),
        }
    }
}
