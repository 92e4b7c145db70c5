//! Checks of the sources themselves: is each value text, and is the profile to be trusted?

use std::path::Path;

use super::Layers;
use crate::config::origin::{Origin, Sourced};
use crate::config::setting::Setting;
use crate::config::table;
use crate::context::Context;
use crate::error::{Error, Kind, Result};
use crate::text;

impl Layers {
    /// Refuses values that are not text or empty, and paths that nothing has expanded.
    ///
    /// # Errors
    /// Name the setting, and do not show the value.
    pub(in crate::config) fn check_text(&self) -> Result<()> {
        table::ALL.iter().try_for_each(|setting| self.check_text_of(setting))
    }

    pub(in crate::config) fn check_text_of(&self, setting: &'static Setting) -> Result<()> {
        match self.written(setting) {
            Some(given) => self.check_given_text(setting, given),
            None => Ok(()),
        }
    }

    pub(super) fn check_profile_text(&self) -> Result<()> {
        let Some(profile) = &self.profile else {
            return Ok(());
        };
        table::ALL.iter().try_for_each(|setting| match profile.find(setting) {
            Some(given) if self.written_before_profile(setting).is_none() => {
                self.check_given_text(setting, given)
            }
            _ => Ok(()),
        })
    }

    fn check_given_text(&self, setting: &Setting, given: Sourced) -> Result<()> {
        let Sourced { value, origin } = given;
        let bytes = match origin {
            Origin::Variable(name) => self.env.os(name).unwrap_or_default().into_encoded_bytes(),
            _ => value.into_bytes(),
        };
        check_bytes(setting, &bytes, &origin, self.home.as_deref())
    }

    /// A user who can write the profile could have the secret sent elsewhere. That is
    /// refused if every user can; a single one may own a volume that a container shares.
    pub(super) fn check_tamper_risk(&self, context: &Context) -> Result<()> {
        let Some(profile) = &self.profile else {
            return Ok(());
        };
        let Some(risk) = profile.tamper_risk() else {
            return Ok(());
        };
        let decides = |setting| self.find(setting).filter(|given| given.origin.is_profile());
        let sends = DESTINATIONS.into_iter().find_map(decides);
        if let Some(given) = sends.as_ref().filter(|_| risk.is_from_every_user()) {
            let message =
                format!("{} is not trusted, because every user could change it", given.origin);
            return Err(Error::new(Kind::Configuration, message)
                .with_cause(risk.to_string())
                .with_hint(risk.remedy(profile.file())));
        }
        if sends.is_some() || risk.is_from_every_user() {
            context.reporter.warn(risk.warning(profile, profile.file()));
        }
        Ok(())
    }
}

/// The settings that decide where the client secret and the token are sent, and which
/// certificates are trusted there.
const DESTINATIONS: [&Setting; 7] = [
    &table::LOGIN_URL,
    &table::TOKEN_URL,
    &table::API_URL,
    &table::CA_FILE,
    &table::CLIENT_SECRET_FILE,
    &table::STORE,
    &table::STORE_PASSWORD_FILE,
];

fn check_bytes(
    setting: &Setting,
    value: &[u8],
    origin: &Origin,
    home: Option<&Path>,
) -> Result<()> {
    let text = text::clean(value).map_err(|bad| origin.refused(&format!("the value {bad}")))?;
    if text.is_empty() {
        return Err(origin.refused("the value is empty"));
    }
    if setting.is_path() {
        text::path(text, home).map_err(|bad| origin.refused(&format!("the path {bad}")))?;
    }
    Ok(())
}
