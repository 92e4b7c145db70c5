//! `config`: shows, checks and describes the settings.

mod show;

use crate::cli::ConfigCommand;
use crate::config::{self, Flags, Layers, Query, table};
use crate::context::{Context, Screen, StandardInput, StandardStreams};
use crate::error::{Error, Result};
use crate::sanitize;
use crate::text::counted;
use show::ShownSettings;

pub(super) fn run(
    command: ConfigCommand,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<()> {
    let text = match command {
        ConfigCommand::Show(args) => show(args.flags, context, streams.screen(&context.env))?,
        ConfigCommand::Check(args) => check(args.flags, context, &mut streams.stdin)?,
        ConfigCommand::Schema => format!("{:#}\n", config::json_schema()),
    };
    streams.print(text.as_bytes())
}

/// Mistakes are shown beside the values, and are no failure.
fn show(flags: Flags, context: &Context, screen: Screen) -> Result<String> {
    let mut layers = Layers::new(flags, Query::default(), &context.env);
    let is_verbose = layers.verbosity().is_ok_and(|level| level > 0);
    let as_json = layers.bool(&table::JSON)?;
    let unreadable = layers.load_unchecked_profile(context);
    let shown = ShownSettings {
        profile: layers.profile_place(),
        settings: config::inspect(&layers),
        unreadable,
        key_faults: layers.profile_key_faults(),
    };
    Ok(if as_json {
        format!("{}\n", sanitize::json(&shown.to_json()))
    } else {
        shown.to_text(is_verbose, screen)
    })
}

fn check(flags: Flags, context: &Context, stdin: &mut StandardInput) -> Result<String> {
    let mut layers = Layers::new(flags, Query::default(), &context.env);
    context.reporter.set_verbosity(layers.verbosity().unwrap_or_default());
    let checked = config::check(&mut layers, context, stdin);
    for fault in &checked.faults {
        context.reporter.error(fault);
    }
    match checked.faults.first() {
        None => Ok(format!(
            "no mistakes: the settings and {} were checked\n",
            counted(checked.profiles.len(), "profile")
        )),
        Some(first) => {
            let mistakes = counted(checked.faults.len(), "mistake");
            Err(Error::new(first.kind, format!("found {mistakes} in the settings")))
        }
    }
}
