//! What an engine tells about its settings and its server.

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreNote {
    pub level: NoteLevel,
    /// A phrase without a full stop.
    pub message: String,
    pub hint: Option<&'static str>,
    /// Replaces the message for as long as the store has not answered.
    pub unanswered: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteLevel {
    Ok,
    /// Worth knowing.
    Note,
    Warning,
}

impl StoreNote {
    pub(super) fn ok(message: impl Into<String>) -> StoreNote {
        StoreNote { level: NoteLevel::Ok, message: message.into(), hint: None, unanswered: None }
    }

    /// `credentials` is a phrase such as "with a password".
    pub(super) fn connects(credentials: &str) -> StoreNote {
        let unanswered = Some(format!("would connect {credentials}"));
        StoreNote { unanswered, ..StoreNote::ok(format!("connects {credentials}")) }
    }

    pub(super) fn warning(message: impl Into<String>, hint: &'static str) -> StoreNote {
        StoreNote { level: NoteLevel::Warning, hint: Some(hint), ..StoreNote::ok(message) }
    }

    /// Tells how a connection is protected; `None` if it is in the clear and does not leave this
    /// machine.
    pub(super) fn of_encryption(
        is_encrypted: bool,
        is_local: bool,
        exposed: NoteLevel,
        hint: &'static str,
    ) -> Option<StoreNote> {
        if is_encrypted {
            let unanswered = Some("the connection would be encrypted (TLS)".to_owned());
            let note = StoreNote::ok("the connection is encrypted (TLS)");
            return Some(StoreNote { unanswered, ..note });
        }
        let message = "the connection is not encrypted: tokens are, but credentials are not";
        let in_the_clear = StoreNote { level: exposed, ..StoreNote::warning(message, hint) };
        (!is_local).then_some(in_the_clear)
    }
}
