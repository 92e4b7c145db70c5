//! What `init` has to know, from flags, variables and answers.

use std::path::Path;

use secrecy::SecretString;

use crate::cli::InitArgs;
use crate::command::regions;
use crate::config::{self, Flags, Layers, Origin, Query, Setting, table};
use crate::context::{Context, StandardStreams};
use crate::error::{Error, Kind, Result};
use crate::init::{Dialogue, ProfileLines};
use crate::region::Region;
use crate::text::{is_uuid, shown};

#[derive(Clone)]
pub(super) struct Answers {
    /// The AWS name.
    pub(super) region: Option<String>,
    needs_region: bool,
    /// True for an issuer other than Genesys Cloud, whose client ids may look random.
    has_token_url: bool,
    pub(super) client_id: Option<String>,
    pub(super) secret: Option<SecretChoice>,
    /// False for answers that were refused: they are only offered again.
    is_final: bool,
}

/// The place where a profile finds the client secret.
#[derive(Clone)]
pub(super) enum SecretChoice {
    /// Typed in, or read from standard input.
    Value(SecretString),
    File(String),
    Command(Vec<String>),
    Variable(&'static str),
}

impl Answers {
    pub(super) fn from_flags(
        args: &InitArgs,
        layers: &Layers,
        context: &Context,
        streams: &mut StandardStreams,
    ) -> Result<Answers> {
        let region = match layers.find(&table::REGION) {
            Some(given) => Some(config::find_region(&given)?.aws.to_owned()),
            None => None,
        };
        // A variable with a URL does not become part of the profile, which needs a region then.
        let is_url = |name: &str| [table::LOGIN_URL.flag, table::TOKEN_URL.flag].contains(&name);
        let has_url = args.settings.flags.iter().any(|(name, _)| is_url(name));
        let has_token_url =
            args.settings.flags.iter().any(|(name, _)| *name == table::TOKEN_URL.flag);
        let client_id = layers.find(&table::CLIENT_ID).filter(|_| !has_token_url);
        let in_profile = [&table::SCOPE, &table::AUDIENCE].map(|setting| layers.in_flags(setting));
        for given in in_profile.into_iter().flatten() {
            super::refuse_secret(&given)?;
        }
        if let Some(given) = client_id {
            let hint = "the id of another issuer's client may look like one: add its --token-url";
            super::refuse_secret(&given).map_err(|error| error.with_hint(hint))?;
        }
        Ok(Answers {
            needs_region: region.is_none() && !has_url,
            region,
            has_token_url,
            client_id: layers.text(&table::CLIENT_ID),
            secret: SecretChoice::from_flags(args, layers, context, streams)?,
            is_final: true,
        })
    }

    /// Keeps the answers as defaults.
    pub(super) fn to_ask_again(&self) -> Answers {
        let needs_region = self.needs_region || self.region.is_some();
        Answers { needs_region, secret: None, is_final: false, ..self.clone() }
    }

    /// Asks for what is missing.
    pub(super) fn complete(&mut self, dialogue: &mut Dialogue) -> Result<()> {
        if self.needs_region && (self.region.is_none() || !self.is_final) {
            self.region = Some(ask_region(dialogue, self.region.as_deref())?.aws.to_owned());
        }
        if self.client_id.is_none() || !self.is_final {
            let default = self.client_id.as_deref();
            let id = if self.has_token_url {
                dialogue.ask(CLIENT_ID_QUESTION, default)?
            } else {
                ask_client_id(dialogue, default)?
            };
            self.client_id = Some(id);
        }
        if self.secret.is_none() {
            self.secret = Some(ask_secret(dialogue)?);
        }
        self.is_final = true;
        Ok(())
    }

    /// # Errors
    /// If something is missing, and there is nobody to ask.
    pub(super) fn check_complete(&self) -> Result<()> {
        let missing = [
            (self.needs_region, "--region"),
            (self.client_id.is_none(), "--client-id"),
            (self.secret.is_none(), "--client-secret-file or --client-secret-command"),
        ];
        let missing: Vec<_> = missing
            .into_iter()
            .filter_map(|(is_missing, flag)| is_missing.then_some(flag))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::new(Kind::Usage, "settings are missing, and there is nobody to ask for them")
            .with_hint(format!("add {}, or run it at a terminal", missing.join(", "))))
    }

    /// Returns the secret itself if it is needed for the check; runs the command.
    pub(super) fn secret(&self, context: &Context) -> Result<Option<SecretString>> {
        match &self.secret {
            Some(SecretChoice::Value(secret)) => Ok(Some(secret.clone())),
            Some(SecretChoice::Command(argv)) => {
                config::run_secret_command(argv.clone(), COMMAND_FLAG, context).map(Some)
            }
            Some(SecretChoice::File(_) | SecretChoice::Variable(_)) | None => Ok(None),
        }
    }

    /// Returns the settings as the new profile will have them.
    pub(super) fn layers(
        &self,
        args: &InitArgs,
        secret: Option<SecretString>,
        context: &Context,
    ) -> Layers {
        let mut flags: Flags =
            args.settings.flags.iter().filter(|(name, _)| !OWN.contains(name)).cloned().collect();
        let answers = [(&table::REGION, &self.region), (&table::CLIENT_ID, &self.client_id)];
        for (setting, answer) in answers {
            flags.extend(answer.clone().map(|value| (setting.flag, value)));
        }
        if let Some(SecretChoice::File(file)) = &self.secret {
            flags.push((table::CLIENT_SECRET_FILE.flag, file.clone()));
        }
        Layers::new(flags, Query::default(), &context.env).without_profile().with_secret(secret)
    }

    pub(super) fn profile_lines(&self, args: &InitArgs, secret_file: &Path) -> ProfileLines {
        let mut lines = ProfileLines::default();
        if let Some(region) = &self.region {
            lines.push(table::REGION.key, region.as_str());
        }
        if let Some(id) = &self.client_id {
            lines.push(table::CLIENT_ID.key, id.as_str());
        }
        match &self.secret {
            Some(SecretChoice::Value(_)) => {
                lines.push(table::CLIENT_SECRET_FILE.key, &*secret_file.to_string_lossy());
            }
            Some(SecretChoice::File(file)) => {
                lines.push(table::CLIENT_SECRET_FILE.key, file.as_str());
            }
            Some(SecretChoice::Command(argv)) => {
                lines.push(table::CLIENT_SECRET_COMMAND, argv.as_slice());
            }
            Some(SecretChoice::Variable(_)) | None => {}
        }
        for (setting, value) in other_settings(args) {
            lines.push(setting.key, &*value);
        }
        lines
    }
}

/// Returns the flags that become part of the profile as they are.
pub(super) fn other_settings(args: &InitArgs) -> Vec<(&'static Setting, String)> {
    let others = table::ALL.iter().filter(|setting| setting.in_profile);
    let others = others.filter(|setting| !OWN.contains(&setting.flag));
    let given = |setting: &&'static Setting| {
        let (_, value) = args.settings.flags.iter().find(|(name, _)| *name == setting.flag)?;
        if !setting.is_path() || value.starts_with('~') {
            return Some((*setting, value.clone()));
        }
        // The profile is read in other directories.
        let path = std::path::absolute(value).unwrap_or_else(|_| value.into());
        Some((*setting, path.to_string_lossy().into_owned()))
    };
    others.filter_map(given).collect()
}

const COMMAND_FLAG: &str = "client-secret-command";

/// Settings that the answers hold.
const OWN: [&str; 4] = [
    table::PROFILE.flag,
    table::REGION.flag,
    table::CLIENT_ID.flag,
    table::CLIENT_SECRET_FILE.flag,
];

impl SecretChoice {
    fn from_flags(
        args: &InitArgs,
        layers: &Layers,
        context: &Context,
        streams: &mut StandardStreams,
    ) -> Result<Option<SecretChoice>> {
        if let Some(command) = &args.client_secret_command {
            let argv = split_command(command).ok_or_else(|| {
                Origin::Flag(COMMAND_FLAG)
                    .refused("the command is empty, or a quotation mark is not closed")
            })?;
            return Ok(Some(SecretChoice::Command(argv)));
        }
        match layers.find(&table::CLIENT_SECRET_FILE) {
            Some(given) if given.value == "-" => {
                let secret = config::read_secret(&given, context, &mut streams.stdin)?;
                Ok(Some(SecretChoice::Value(secret)))
            }
            Some(given) => match given.origin {
                Origin::Variable(name) => Ok(Some(SecretChoice::Variable(name))),
                _ => {
                    let file = std::path::absolute(&given.value);
                    let file = file.map_err(|error| {
                        given.refused("is not the name of a file").with_source(error)
                    })?;
                    Ok(Some(SecretChoice::File(file.to_string_lossy().into_owned())))
                }
            },
            None => {
                let is_set = |name: &&str| context.env.os(name).is_some();
                Ok(table::SECRET_VARIABLES.into_iter().find(is_set).map(SecretChoice::Variable))
            }
        }
    }
}

fn ask_region(dialogue: &mut Dialogue, default: Option<&str>) -> Result<&'static Region> {
    loop {
        let answer =
            dialogue.ask("Region (a place, an AWS name or a domain; ? lists them)", default)?;
        if answer == "?" {
            dialogue.say(&regions::table())?;
            continue;
        }
        match Region::find(&answer) {
            Ok(region) => {
                let place = region.place();
                let place = if place.is_empty() { String::new() } else { format!(", {place}") };
                dialogue.say(&format!("  {}{place}: {}", region.aws, region.domain))?;
                return Ok(region);
            }
            Err(error) => {
                let hint = error.hint.unwrap_or_default();
                let hint = hint.split("? ").next().unwrap_or_default();
                let guess = if hint.starts_with("did") { format!(": {hint}?") } else { ".".into() };
                let name = shown::quoted(&answer);
                dialogue.say(&format!("  {name} is not a region of Genesys Cloud{guess}"))?;
            }
        }
    }
}

const CLIENT_ID_QUESTION: &str = "Client ID";

/// Asks for the id of a client of Genesys Cloud.
fn ask_client_id(dialogue: &mut Dialogue, default: Option<&str>) -> Result<String> {
    loop {
        let id = dialogue.ask(CLIENT_ID_QUESTION, default)?;
        let is_confirmed = default == Some(&*id) || !shown::looks_like_secret(&id);
        let question = "  It looks like a secret, which is asked for next. Is it the client ID?";
        if !is_confirmed && !dialogue.confirm_loss(question)? {
            continue;
        }
        if !is_uuid(&id) {
            dialogue.say("  Note: the client ids of Genesys Cloud are UUIDs, and this is none.")?;
        }
        return Ok(id);
    }
}

fn ask_secret(dialogue: &mut Dialogue) -> Result<SecretChoice> {
    loop {
        let question = "Client secret (not shown; Enter to name a command that prints it)";
        if let Some(secret) = dialogue.ask_secret(question)? {
            return Ok(SecretChoice::Value(secret));
        }
        let command = dialogue.ask_command("Command, such as pass show genesys")?;
        match split_command(&command) {
            Some(argv) => return Ok(SecretChoice::Command(argv)),
            None if command.is_empty() => {}
            None => dialogue.say("  A quotation mark is not closed.")?,
        }
    }
}

fn split_command(command: &str) -> Option<Vec<String>> {
    shlex::split(command).filter(|argv| argv.first().is_some_and(|program| !program.is_empty()))
}
