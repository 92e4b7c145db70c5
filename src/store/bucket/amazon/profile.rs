//! The profile of `~/.aws` that counts: what it sets, and where.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::profile_file::{FileKind, ProfileFile};
use crate::context::Context;
use crate::platform::make_private_command;
use crate::store::bucket::settings_error::SettingsError;
use crate::store::bucket::variables::{NamedValue, first, flaw_of_endpoint};
use crate::text;
use crate::text::shown;

/// Empty without files.
pub(super) struct AwsProfile {
    pub(super) name: String,
    /// The files that have it; the settings of the last one count.
    files: Vec<(FileKind, ProfileFile)>,
    settings: BTreeMap<String, ProfileSetting>,
    lack: Option<SettingsError>,
}

struct ProfileSetting {
    value: String,
    /// Index of its file.
    file: usize,
}

/// Names of profiles that an error lists.
const MAX_LISTED: usize = 8;

impl AwsProfile {
    /// Reads the profile that `AWS_PROFILE` names, or the default one.
    ///
    /// # Errors
    /// If a profile that is named does not exist, or is in a file that cannot be read.
    pub(super) fn load(context: &Context) -> Result<AwsProfile, SettingsError> {
        let named = first(&context.env, ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]);
        let name = named.as_ref().map_or("default", |named| &*named.value).to_owned();
        let (mut files, mut places, mut lack) = (Vec::new(), Vec::new(), None);
        for (kind, variable, default) in [
            (FileKind::Config, "AWS_CONFIG_FILE", ".aws/config"),
            (FileKind::Credentials, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
        ] {
            let Some(path) = place(context, variable, default)? else { continue };
            match ProfileFile::read(&path) {
                Ok(file) => files.extend(file.map(|file| (kind, file))),
                Err(why) => {
                    let cause = format!("{} cannot be read: {why}", path.display());
                    if named.is_some() {
                        return Err(SettingsError::new(cause, "correct the file"));
                    }
                    context.reporter.warn_once(format_args!("the profiles in {cause}"));
                    lack = Some(SettingsError::new(cause, "correct the file"));
                }
            }
            places.push(path.display().to_string());
        }
        let mut profile = AwsProfile { name, files, settings: BTreeMap::new(), lack };
        let mut exists = false;
        for (index, (kind, file)) in profile.files.iter().enumerate() {
            exists |= file.profiles(*kind).contains(&profile.name);
            for (name, value) in file.profile(&profile.name, *kind) {
                profile.settings.insert(name, ProfileSetting { value, file: index });
            }
        }
        match named {
            Some(named) if !exists => Err(profile.missing(Some(&named), &places)),
            _ => {
                if !exists && !profile.known().is_empty() {
                    let missing = profile.missing(None, &places);
                    profile.lack.get_or_insert(missing);
                }
                profile.warn_of_others(context);
                Ok(profile)
            }
        }
    }

    pub(super) fn lack(&self) -> Option<SettingsError> {
        self.lack.clone()
    }

    pub(super) fn get(&self, name: &str) -> Option<NamedValue> {
        let setting = self.settings.get(name)?;
        Some(NamedValue { origin: self.origin(name), value: setting.value.clone() })
    }

    /// Returns the endpoint of one service, which may be set by itself.
    ///
    /// # Errors
    /// If every user could change it.
    pub(super) fn endpoint(&self, service: &str) -> Result<Option<NamedValue>, SettingsError> {
        const NAME: &str = "endpoint_url";
        let own = self.settings.get("services").and_then(|services| {
            let (_, file) = &self.files[services.file];
            let value = file.of_service(&services.value, service, NAME)?;
            Some(NamedValue { origin: self.origin("services"), value })
        });
        let found = own.or_else(|| self.get(NAME));
        let risks = self.files.iter().filter_map(|(_, file)| Some((file, file.risk.as_ref()?)));
        match (found, risks.into_iter().find(|(_, risk)| risk.is_from_every_user())) {
            (Some(found), Some((file, risk))) => Err(SettingsError::new(
                format!(
                    "{} is not trusted, because every user could change it: {risk}",
                    found.origin
                ),
                risk.remedy(&file.path),
            )),
            (found, _) => found.map(checked_endpoint).transpose(),
        }
    }

    /// Returns the command line of `credential_process`.
    ///
    /// # Errors
    /// If it is none, or another user could have written it.
    pub(super) fn credential_process(&self) -> Result<Option<Vec<String>>, SettingsError> {
        const NAME: &str = "credential_process";
        let Some(setting) = self.settings.get(NAME) else {
            return Ok(None);
        };
        let (origin, (_, file)) = (self.origin(NAME), &self.files[setting.file]);
        if let Some(risk) = &file.risk {
            let cause =
                format!("{origin} is not run, as another user could have written it: {risk}");
            return Err(SettingsError::new(cause, risk.remedy(&file.path)));
        }
        match shlex::split(&setting.value) {
            Some(words) if !words.is_empty() => Ok(Some(words)),
            _ => {
                let cause = format!("{origin} has a quotation mark that is not closed");
                Err(SettingsError::new(cause, format!("see {}", file.path.display())))
            }
        }
    }

    /// Warns of users who can read the secret in the profile.
    pub(super) fn warn_of_readers(&self, secret: &str, context: &Context) {
        let Some(setting) = self.settings.get(secret) else { return };
        let (_, ProfileFile { path, mode_if_readable_by_others, .. }) = &self.files[setting.file];
        if let Some(mode) = mode_if_readable_by_others {
            context.reporter.warn_once(format_args!(
                "{}: other users may read it (the file's mode is {mode:04o}): {}",
                self.origin(secret),
                make_private_command(path)
            ));
        }
    }

    /// For example `region of profile "ci" in /home/user/.aws/config`.
    pub(super) fn origin(&self, name: &str) -> String {
        let file = self.settings.get(name).map(|setting| &self.files[setting.file].1.path);
        let file = file.map(|path| format!(" in {}", path.display())).unwrap_or_default();
        format!("{name} of profile {}{file}", shown::quoted(&self.name))
    }

    fn warn_of_others(&self, context: &Context) {
        for (index, (_, file)) in self.files.iter().enumerate() {
            let is_used = self.settings.values().any(|setting| setting.file == index);
            if let Some(risk) = file.risk.as_ref().filter(|_| is_used) {
                let name =
                    format!("profile {} in {}", shown::quoted(&self.name), file.path.display());
                context.reporter.warn_once(risk.warning(name, &file.path));
            }
        }
    }

    fn known(&self) -> Vec<String> {
        let mut known: Vec<_> =
            self.files.iter().flat_map(|(kind, file)| file.profiles(*kind)).collect();
        known.sort_unstable();
        known.dedup();
        known
    }

    fn missing(&self, named: Option<&NamedValue>, places: &[String]) -> SettingsError {
        let known = self.known();
        let more = if known.len() > MAX_LISTED { ", ..." } else { "" };
        let listed: Vec<_> = known.iter().take(MAX_LISTED).map(|name| shown::plain(name)).collect();
        let listed = format!("(known: {}{more})", listed.join(", "));
        let hint = match named {
            Some(named) if known.is_empty() => format!("create it, or unset {}", named.origin),
            Some(named) => format!("correct {} {listed}", named.origin),
            None => format!("set AWS_PROFILE {listed}"),
        };
        let name = shown::quoted(&self.name);
        let places = match places {
            [] => "~/.aws, as there is no home directory".to_owned(),
            places => places.join(", "),
        };
        SettingsError::new(format!("there is no profile {name} in {places}"), hint)
    }
}

fn checked_endpoint(endpoint: NamedValue) -> Result<NamedValue, SettingsError> {
    match flaw_of_endpoint(&endpoint.value) {
        Some(flaw) => Err(SettingsError::new(format!("{} {flaw}", endpoint.origin), "correct it")),
        None => Ok(endpoint),
    }
}

/// Returns where a file is; `None` if the user has no home directory.
fn place(
    context: &Context,
    variable: &'static str,
    default: &str,
) -> Result<Option<PathBuf>, SettingsError> {
    let home = context.directories.home.as_deref();
    match first(&context.env, [variable]) {
        Some(named) => text::path(&named.value, home)
            .map(Some)
            .map_err(|flaw| SettingsError::new(format!("{variable} {flaw}"), "correct it")),
        None => Ok(home.map(|home| home.join(default))),
    }
}
