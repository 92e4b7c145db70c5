//! Files with credentials that a setting names.

use std::path::Path;

use zeroize::Zeroizing;

use super::settings_error::SettingsError;
use crate::context::Context;
use crate::platform::OpenedFile;
use crate::text;
use crate::text::shown;

pub(super) const MAX_BYTES: u64 = 1 << 20;

/// Warns of users who could change the file. `origin` is the setting that names it.
///
/// # Errors
/// If the file cannot be read, or every user could change it.
pub(super) fn read(
    origin: &str,
    path: &Path,
    context: &Context,
) -> Result<Zeroizing<String>, SettingsError> {
    let unreadable = |why: String| {
        let name = shown::missing_file(&path.to_string_lossy());
        let hint = format!("{origin} takes the name of a file with credentials");
        SettingsError::new(format!("{origin}: {name} cannot be read: {why}"), hint)
    };
    let opened = OpenedFile::open(path).map_err(|error| unreadable(error.to_string()))?;
    if let Some(risk) = opened.tamper_risk() {
        if risk.is_from_every_user() {
            let cause = format!(
                "{origin}: {} is not trusted, because every user could change it: {risk}",
                path.display()
            );
            return Err(SettingsError::new(cause, risk.remedy(path)));
        }
        let name = format!("{origin}: {}", path.display());
        context.reporter.warn_once(risk.warning(name, path));
    }
    let bytes = opened.read(MAX_BYTES).map_err(|error| unreadable(error.to_string()))?;
    let text = text::utf8(&bytes).map_err(|bad| unreadable(format!("it {bad}")))?;
    Ok(text.to_owned().into())
}
