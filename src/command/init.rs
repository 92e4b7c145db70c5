//! `init`: sets a profile up, with questions or by flags.

mod answers;

use super::terraform;
use crate::cli::InitArgs;
use crate::config::{Layers, Query, Setting, Sourced, table};
use crate::context::{Context, NO_HOME, StandardStreams};
use crate::doctor::{self, DoctorReport, FindingLevel};
use crate::error::{Error, Kind, Result};
use crate::init::{Dialogue, ProfileLines, ProfileStore, exports, is_plain_name, next_steps};
use crate::sanitize;
use crate::text::shown;
use answers::{Answers, SecretChoice, other_settings};

pub(super) fn run(args: InitArgs, context: &Context, streams: &mut StandardStreams) -> Result<()> {
    let layers = Layers::new(args.settings.flags.clone(), Query::default(), &context.env);
    context.reporter.set_verbosity(layers.verbosity()?);
    let is_interactive = !args.yes && streams.stdin.is_terminal();
    let mut dialogue = if is_interactive { Some(Dialogue::open()?) } else { None };
    let profile = profile_name(&layers)?;
    let store = if args.print { None } else { Some(checked_store(&profile, context)?) };
    if let Some((store, true)) = &store
        && !args.force
    {
        confirm_replacement(store, &profile, dialogue.as_mut())?;
    }

    let mut answers = Answers::from_flags(&args, &layers, context, streams)?;
    let report = loop {
        match dialogue.as_mut() {
            Some(dialogue) => answers.complete(dialogue)?,
            None => answers.check_complete()?,
        }
        if let Some(dialogue) = dialogue.as_mut() {
            dialogue.say("\nChecking the settings, which takes a few seconds ...")?;
        }
        match (check(&answers, &args, context, streams), dialogue.as_mut()) {
            (Ok(report), _) => break report,
            (Err(refusal), None) => return Err(not_written(refusal)),
            (Err(refusal), Some(dialogue)) => {
                dialogue.say(&refusal.to_string())?;
                if !dialogue.confirm("\nNothing is written yet. Answer again?")? {
                    return Err(not_written(refusal));
                }
                answers = answers.to_ask_again();
            }
        }
    };
    for line in remarks(&report) {
        context.reporter.warn(line);
    }
    match store {
        None => print_exports(&answers, &args, streams),
        Some((store, _)) => {
            let lines = answers.profile_lines(&args, &store.secret_file(&profile));
            if let Some(dialogue) = dialogue.as_mut() {
                dialogue.say(&plan(&profile, &store, &answers))?;
                if !dialogue.confirm("Write it?")? {
                    return Err(Error::new(Kind::Configuration, "nothing was written"));
                }
            }
            write(&store, &profile, &lines, &answers)?;
            let text = format!(
                "{}{}",
                written(&profile, &store, &answers),
                next_steps(&profile, &terraform::required_providers())
            );
            streams.print(text.as_bytes())
        }
    }
}

fn profile_name(layers: &Layers) -> Result<String> {
    let Some(given) = layers.find(&table::PROFILE) else {
        return Ok("default".to_owned());
    };
    if !is_plain_name(&given.value) {
        return Err(given
            .refused("cannot be the name of a new profile")
            .with_hint("use letters, digits, - and _"));
    }
    refuse_secret(&given)?;
    Ok(given.value)
}

/// A profile is no place for a secret: only the secret's own file is kept from others.
fn refuse_secret(given: &Sourced) -> Result<()> {
    if shown::looks_like_secret(&given.value) {
        return Err(given.refused("cannot stand in a profile").with_hint(
            "a secret comes from --client-secret-file, --client-secret-command or standard input",
        ));
    }
    Ok(())
}

/// Returns the place of the profile, and whether it exists.
fn checked_store(profile: &str, context: &Context) -> Result<(ProfileStore, bool)> {
    let dir = context.directories.config.as_ref().ok_or_else(|| {
        Error::new(Kind::Configuration, "there is no directory for the profile")
            .with_cause(NO_HOME)
            .with_hint("set HOME, or print variables instead: --print")
    })?;
    let store = ProfileStore::new(dir);
    let exists = store.check(profile)?;
    Ok((store, exists))
}

fn confirm_replacement(
    store: &ProfileStore,
    profile: &str,
    dialogue: Option<&mut Dialogue>,
) -> Result<()> {
    let exists = || {
        let file = store.config_file();
        let message = format!("there is a profile {profile:?} in {} already", file.display());
        Error::new(Kind::Configuration, message)
            .with_hint("replace it with --force, or name another one with --profile")
    };
    let Some(dialogue) = dialogue else {
        return Err(exists());
    };
    let question = format!("There is a profile {profile:?} already. Replace it?");
    if dialogue.confirm_loss(&question)? { Ok(()) } else { Err(exists()) }
}

/// Runs the command that prints the secret, and examines the settings as `doctor` does.
///
/// # Errors
/// If the settings cannot be used as they are.
fn check(
    answers: &Answers,
    args: &InitArgs,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<DoctorReport> {
    let secret = answers.secret(context)?;
    let mut layers = answers.layers(args, secret, context);
    let report = doctor::examine(&mut layers, context, &mut streams.stdin);
    match report.first_failure().filter(|error| !is_beyond_settings(error.kind)) {
        Some(refusal) => Err(refusal),
        None => Ok(report),
    }
}

/// Failures that say nothing against the settings: whoever is offline can still set them up.
fn is_beyond_settings(kind: Kind) -> bool {
    matches!(kind, Kind::Unavailable | Kind::RateLimited | Kind::Cache | Kind::System)
}

fn not_written(refusal: Error) -> Error {
    let message = format!("nothing was written: {}", refusal.message);
    Error { message, ..refusal }
}

/// Returns a line for each fault that the check has found.
fn remarks(report: &DoctorReport) -> Vec<String> {
    let unchecked = report.first_failure();
    let unchecked = unchecked.map(|error| format!("the check failed: {}", error.one_line()));
    let is_warning = |level| level == FindingLevel::Warning;
    let warnings = report.findings.iter().filter(|finding| is_warning(finding.level));
    unchecked.into_iter().chain(warnings.map(|finding| finding.message.clone())).collect()
}

fn plan(profile: &str, store: &ProfileStore, answers: &Answers) -> String {
    let file = store.config_file();
    let secret = match &answers.secret {
        Some(SecretChoice::Value(_)) => {
            format!("\n  the secret  {}", store.secret_file(profile).display())
        }
        _ => String::new(),
    };
    format!("\n  [{profile}]  {}{secret}", file.display())
}

fn write(
    store: &ProfileStore,
    profile: &str,
    lines: &ProfileLines,
    answers: &Answers,
) -> Result<()> {
    let secret = match &answers.secret {
        Some(SecretChoice::Value(secret)) => Some(secret),
        _ => None,
    };
    store.write(profile, lines, secret)
}

fn written(profile: &str, store: &ProfileStore, answers: &Answers) -> String {
    let file = store.config_file();
    let secret = match &answers.secret {
        Some(SecretChoice::Value(_)) => format!(
            "stored, for this user alone, in\n            {}",
            store.secret_file(profile).display()
        ),
        Some(SecretChoice::File(file)) => format!("left in the file {}", shown::plain(file)),
        Some(SecretChoice::Command(argv)) => {
            format!("printed by the command {}, whenever it is needed", shown::quoted(&argv[0]))
        }
        Some(SecretChoice::Variable(name)) => format!("not stored: it is read from {name}"),
        None => String::new(),
    };
    let text = format!("Profile:    {profile}, in {}\nThe secret: {secret}\n", file.display());
    sanitize::lines(&text).into_owned()
}

fn print_exports(answers: &Answers, args: &InitArgs, streams: &mut StandardStreams) -> Result<()> {
    let variable = |setting: &Setting| *setting.variables.last().expect("each has one");
    let mut settings = Vec::new();
    for (setting, value) in
        [(&table::REGION, &answers.region), (&table::CLIENT_ID, &answers.client_id)]
    {
        settings.extend(value.as_deref().map(|value| (variable(setting), value)));
    }
    let mut others = other_settings(args);
    others.retain(|(setting, _)| !setting.variables.is_empty());
    settings.extend(others.iter().map(|(setting, value)| (variable(setting), value.as_str())));
    let command = match &answers.secret {
        Some(SecretChoice::Command(argv)) => Some(&argv[..]),
        _ => None,
    };
    streams.print(exports(&settings, command).as_bytes())
}
