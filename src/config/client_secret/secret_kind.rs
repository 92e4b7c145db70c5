//! The secrets that come from a file or from a command, as messages name them.

/// A secret of which there is one for each client or store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum SecretKind {
    Client,
    Store,
}

impl SecretKind {
    pub(super) fn unusable(self, origin: &str, why: &str) -> String {
        match self {
            SecretKind::Client => format!("the client secret from {origin} {why}"),
            SecretKind::Store => format!("the store password from {origin} {why}"),
        }
    }

    pub(super) fn unreadable(self, file: &str) -> String {
        match self {
            SecretKind::Client => format!("cannot read the client secret from {file}"),
            SecretKind::Store => format!("cannot read the store password from {file}"),
        }
    }

    pub(super) fn command_failed(self, name: &str) -> String {
        match self {
            SecretKind::Client => format!("the client secret command {name} failed"),
            SecretKind::Store => format!("the store password command {name} failed"),
        }
    }

    pub(super) fn several_lines(self, origin: &str) -> String {
        match self {
            SecretKind::Client => format!(
                "the client secret from {origin} has several lines: only the first one is used"
            ),
            SecretKind::Store => format!(
                "the store password from {origin} has several lines: only the first one is used"
            ),
        }
    }

    /// Names the content of a file in a hint.
    pub(super) fn content(self) -> &'static str {
        match self {
            SecretKind::Client => "the secret",
            SecretKind::Store => "the password",
        }
    }
}
