//! How messages speak of the sources.

use super::Layers;
use crate::config::setting::Setting;
use crate::config::table;
use crate::error::Error;

impl Layers {
    pub(in crate::config) fn flag_or_attribute(&self, setting: &Setting) -> String {
        self.query.places(setting)
    }

    pub(in crate::config) fn secret_flag_or_attribute(&self) -> &'static str {
        if self.query.is_of_attributes() {
            "the attribute client_secret"
        } else {
            "--client-secret-file"
        }
    }

    /// Names the place of a secret that the caller has passed.
    pub(in crate::config) fn passed_secret(&self) -> &'static str {
        if self.query.is_of_attributes() {
            "the attribute client_secret"
        } else {
            "the answers to init"
        }
    }

    pub(in crate::config) fn kinds_of_places(&self) -> &'static str {
        self.query.kinds_of_places()
    }

    pub(in crate::config) fn looked_at(&self, places: String, variables: &[&str]) -> String {
        let mut sources = vec![places];
        sources.extend(variables.iter().map(|name| (*name).to_owned()));
        sources.extend(self.profile.as_ref().map(ToString::to_string));
        let last = sources.pop().unwrap_or_default();
        let mut text = match &sources[..] {
            [] => format!("looked at {last}"),
            before => format!("looked at {} and {last}", before.join(", ")),
        };
        if self.profile.is_none() {
            text += "; found no profile";
        }
        if !self.passed_over.is_empty() {
            let errors: Vec<_> = self.passed_over.iter().map(Error::one_line).collect();
            text += &format!(" ({})", errors.join("; "));
        }
        text
    }

    /// Reports variables that override a profile which somebody selected, and so expects to
    /// apply.
    pub(super) fn overridden_profile(&self) -> Vec<String> {
        let Some(profile) = self.profile.as_ref().filter(|profile| profile.was_named) else {
            return Vec::new();
        };
        let line = |setting| {
            let over = self.in_environment(setting).zip(profile.find(setting));
            let (environment, profile) = over.filter(|(one, two)| one.value != two.value)?;
            Some(format!("{} overrides {}", environment.origin, profile.origin))
        };
        [&table::REGION, &table::CLIENT_ID].into_iter().filter_map(line).collect()
    }
}
