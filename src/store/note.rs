//! What an engine tells about its server.

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreNote {
    pub is_harmful: bool,
    /// A phrase without a full stop.
    pub message: String,
    pub hint: Option<&'static str>,
}
