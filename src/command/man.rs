//! `man`: manual pages in roff.

mod sections;

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::Roff;
use jiff::Timestamp;
use jiff::tz::Offset;

use self::sections::own_sections;
use super::path_from_flag;
use crate::completion::shown;
use crate::config::FlagTopic;
use crate::context::{Context, Environment, StandardStreams};
use crate::error::{Error, Kind, Result};
use crate::text;

pub(super) fn run(
    path: &[String],
    all: Option<&Path>,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<()> {
    let mut command = without_help(shown());
    command.build();
    let date = page_date(&context.env)?;
    if let Some(dir) = all {
        return write_pages(&command, &path_from_flag("all", dir, context)?, &date);
    }
    let page = path.iter().try_fold(&command, |command, name| {
        command.find_subcommand(name).ok_or_else(|| unknown_command(path))
    })?;
    streams.print(render_page(page, &date).as_bytes())?;
    if streams.screen(&context.env).is_terminal {
        context.reporter.hint(
            "this is the page's source; to read it: gc-token man > gc-token.1; man ./gc-token.1",
        );
    }
    Ok(())
}

fn without_help(command: Command) -> Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help)
}

fn unknown_command(path: &[String]) -> Error {
    Error::new(Kind::Usage, format!("unknown command {:?}", text::shown::plain(&path.join(" "))))
        .with_hint("'gc-token --help' lists them all")
}

/// The day of a reproducible build, as in <https://reproducible-builds.org/specs/source-date-epoch/>;
/// empty without one.
fn page_date(env: &Environment) -> Result<String> {
    const VARIABLE: &str = "SOURCE_DATE_EPOCH";
    let Some(seconds) = env.text(VARIABLE) else {
        return Ok(String::new());
    };
    let time = seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let time = time.ok_or_else(|| {
        Error::new(Kind::Configuration, format!("{VARIABLE}: not a number of seconds since 1970"))
    })?;
    Ok(Offset::UTC.to_datetime(time).date().to_string())
}

fn write_pages(command: &Command, dir: &Path, date: &str) -> Result<()> {
    let failed = |path: &Path, error| {
        let message = format!("--all: cannot write {}", path.display());
        Error::new(Kind::Configuration, message).with_source(error)
    };
    fs::create_dir_all(dir).map_err(|error| failed(dir, error))?;
    for page in pages(command) {
        let file = dir.join(format!("{}.1", page_name(page)));
        fs::write(&file, render_page(page, date)).map_err(|error| failed(&file, error))?;
    }
    Ok(())
}

/// Lists a command and all below it.
fn pages(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().flat_map(pages);
    [command].into_iter().chain(below).collect()
}

fn page_name(command: &Command) -> &str {
    command.get_display_name().unwrap_or(command.get_name())
}

fn render_page(command: &Command, date: &str) -> String {
    type Section = fn(&Man, &mut dyn Write) -> io::Result<()>;
    let mut sections: Vec<Section> = vec![
        Man::render_name_section,
        Man::render_synopsis_section,
        Man::render_description_section,
        Man::render_options_section,
    ];
    if command.has_subcommands() {
        sections.push(Man::render_subcommands_section);
    }
    let page = Man::new(command.clone());
    let render = |section: Section| {
        let mut text = Vec::new();
        section(&page, &mut text).expect("a vector takes everything");
        String::from_utf8(text).expect("the help is text")
    };
    let sections = sections.into_iter().map(render).map(|text| with_subsections(&text));
    let sections = sections.chain([own_sections(command).render()]);
    // Each section defines the apostrophe anew.
    let preamble = Roff::new().render();
    let body: String =
        sections.map(|text| text.strip_prefix(&preamble).unwrap_or(&text).to_owned()).collect();
    let title = format!(
        ".TH {} 1 \"{date}\" \"gc-token {}\" \"gc-token\"\n",
        page_name(command).to_uppercase(),
        env!("CARGO_PKG_VERSION")
    );
    // An empty line between two breaks makes formatters complain.
    format!("{preamble}{title}{body}").replace(".br\n\n.br\n", ".sp\n")
}

/// The topics of options become subsections.
fn with_subsections(text: &str) -> String {
    let headings = FlagTopic::ALL.iter().filter_map(|topic| topic.heading());
    headings.fold(text.to_owned(), |text, heading| {
        let upper = heading.to_uppercase();
        let [quoted, plain] = [format!(".SH \"{upper}\"\n"), format!(".SH {upper}\n")];
        let subsection = format!(".SS \"{heading}\"\n");
        text.replace(&quoted, &subsection).replace(&plain, &subsection)
    })
}
