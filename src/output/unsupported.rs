//! Values that a format cannot express.

/// The reason why a format cannot express a value, which it does not quote.
#[derive(Debug)]
pub(super) struct UnsupportedValue(pub(super) &'static str);
