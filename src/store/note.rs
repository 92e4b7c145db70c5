//! What an engine tells about its settings and its server.

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreNote {
    pub level: NoteLevel,
    /// A phrase without a full stop.
    pub message: String,
    pub hint: Option<&'static str>,
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
        StoreNote { level: NoteLevel::Ok, message: message.into(), hint: None }
    }

    pub(super) fn warning(message: impl Into<String>, hint: &'static str) -> StoreNote {
        StoreNote { level: NoteLevel::Warning, message: message.into(), hint: Some(hint) }
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
            return Some(StoreNote::ok("the connection is encrypted (TLS)"));
        }
        let message = "the connection is not encrypted: tokens are, but credentials are not";
        let in_the_clear = StoreNote { level: exposed, ..StoreNote::warning(message, hint) };
        (!is_local).then_some(in_the_clear)
    }
}
