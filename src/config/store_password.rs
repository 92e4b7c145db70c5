//! The password of a Redis user.

use secrecy::SecretString;

use super::{Layers, table};
use crate::context::Context;
use crate::error::Result;

/// A password, or where to read it once the store is needed. Redacted in `Debug`.
#[derive(Debug, Clone)]
pub enum StorePassword {
    Known(SecretString),
}

impl StorePassword {
    /// Finds the password, and does not read it. `None` without one.
    pub(super) fn resolve(_layers: &Layers, context: &Context) -> Option<StorePassword> {
        let password = context.env.text(table::STORE_PASSWORD_VARIABLE)?;
        Some(StorePassword::Known(password.into()))
    }

    /// Names the source, for messages.
    pub fn origin(&self) -> &str {
        table::STORE_PASSWORD_VARIABLE
    }

    /// # Errors
    /// If the file cannot be read, or the command fails.
    pub fn get(&self, _context: &Context) -> Result<SecretString> {
        match self {
            StorePassword::Known(password) => Ok(password.clone()),
        }
    }
}
