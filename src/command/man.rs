//! `man`: prints manual pages in roff.

use clap::Command;

use crate::completion::shown;
use crate::context::StandardStreams;
use crate::error::{Error, Kind, Result};

pub(super) fn run(path: &[String], streams: &mut StandardStreams) -> Result<()> {
    let mut command = without_help(shown());
    command.build();
    let page = path.iter().try_fold(&command, |command, name| {
        command.find_subcommand(name).ok_or_else(|| unknown_command(path))
    })?;
    streams.print(render_page(page).as_bytes())
}

fn without_help(command: Command) -> Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help)
}

fn unknown_command(path: &[String]) -> Error {
    Error::new(Kind::Usage, format!("unknown command {:?}", path.join(" ")))
        .with_hint("'gc-token --help' lists them all")
}

/// Renders one page, without a date, so that the output depends only on the version.
fn render_page(command: &Command) -> String {
    let mut roff = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut roff).expect("a vector takes everything");
    let page = String::from_utf8(roff).expect("the help is text");
    let name = command.get_display_name().unwrap_or(command.get_name()).to_uppercase();
    let title =
        format!(".TH {name} 1 \"\" \"gc-token {}\" \"gc-token\"", env!("CARGO_PKG_VERSION"));
    let line = |line: &str| {
        let line = if line.starts_with(".TH ") { &title } else { line };
        format!("{line}\n")
    };
    // An empty line between two breaks makes formatters complain.
    page.lines().map(line).collect::<String>().replace(".br\n\n.br\n", ".sp\n")
}
