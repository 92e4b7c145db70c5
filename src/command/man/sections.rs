//! The sections of a manual page that clap does not render, in the order of man-pages(7).

use clap::Command;
use clap_mangen::roff::{Roff, bold, italic, roman};

use crate::cli::examples::CommandGuide;
use crate::cli::help::{EXIT_CODES, EXIT_NOTES};
use crate::cli::sandbox::SECRET_VARIABLE;
use crate::config::{Setting, table};

pub(super) fn own_sections(command: &Command) -> Roff {
    let mut roff = Roff::new();
    let name = command.get_display_name().unwrap_or(command.get_name());
    let words = command.get_bin_name().unwrap_or_default();
    let path = words.strip_prefix("gc-token").unwrap_or_default().trim_start();
    exit_status(&mut roff, path);
    environment(&mut roff, path);
    files(&mut roff, path);
    let guide = CommandGuide::find(path);
    if let Some(guide) = guide {
        examples(&mut roff, guide);
    }
    see_also(&mut roff, name, guide);
    roff
}

fn definition(roff: &mut Roff, term: &str, text: &str) {
    roff.control("TP", []);
    roff.text([bold(term)]);
    roff.text([roman(text)]);
}

fn exit_status(roff: &mut Roff, path: &str) {
    roff.control("SH", ["EXIT STATUS"]);
    let runs_command = runs_command(path);
    for (code, meaning) in EXIT_CODES.iter().filter(|(code, _)| code.len() < 3 || runs_command) {
        definition(roff, code, meaning);
    }
    roff.control("PP", []);
    roff.text([roman(EXIT_NOTES)]);
}

/// The overview describes all commands.
fn runs_command(path: &str) -> bool {
    ["", "exec", "sandbox"].contains(&path)
}

fn environment(roff: &mut Roff, path: &str) {
    let mut variables: Vec<(String, String)> = Vec::new();
    if takes_settings(path, &table::CLIENT_ID) {
        let names = table::SECRET_VARIABLES.join(", ");
        variables.push((names, "The client secret; the first one that is set counts.".to_owned()));
    }
    for setting in table::ALL.iter().filter(|setting| takes_settings(path, setting)) {
        let text = format!("{} (--{}).", setting.help, setting.flag);
        variables.push((setting.variables.join(", "), text));
    }
    let own = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    match path {
        "sandbox" => variables.push(own(SECRET_VARIABLE, "The client secret of the sandbox.")),
        "man" => variables.push(own(
            "SOURCE_DATE_EPOCH",
            "The date of the pages, in seconds since 1970; without it they have none.",
        )),
        _ => {}
    }
    if uses_network(path) {
        variables
            .push(own("HTTPS_PROXY, NO_PROXY", "The proxy, and the hosts reached without it."));
        variables.push(own("SSL_CERT_FILE, SSL_CERT_DIR", "Trusted certificates."));
    }
    if variables.is_empty() {
        return;
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for (names, text) in variables {
        definition(roff, &names, &text);
    }
}

/// The settings of a subcommand are those of the command above it.
fn takes_settings(path: &str, setting: &Setting) -> bool {
    path.is_empty() || setting.is_flag_of(path.split(' ').next().unwrap_or_default())
}

fn uses_network(path: &str) -> bool {
    takes_settings(path, &table::TIMEOUT)
}

fn files(roff: &mut Roff, path: &str) {
    const PROFILES: (&str, &str) = ("~/.config/gc-token/config.toml", "Profiles.");
    const VENDORS: (&str, &str) =
        ("~/.gc/config.toml", "Profiles of the vendor's programs, which are read as well.");
    const CACHE: (&str, &str) = ("~/.cache/gc-token", "Cached tokens, encrypted.");
    const KEYS: (&str, &str) = ("~/.local/state/gc-token", "Keys of the cache.");
    const MIRROR: (&str, &str) =
        ("~/.terraform.d/plugins", "The mirror that is written by default.");
    let takes_tokens = takes_settings(path, &table::CLIENT_ID);
    let uses_cache = takes_settings(path, &table::CACHE_DIR);
    let is_about = |name: &str| path.is_empty() || path.split(' ').next() == Some(name);
    let files = [
        (PROFILES, uses_cache || is_about("config")),
        (VENDORS, takes_tokens),
        (CACHE, uses_cache),
        (KEYS, uses_cache),
        (MIRROR, is_about("terraform")),
    ];
    let mut files = files.into_iter().filter(|(_, is_used)| *is_used).peekable();
    if files.peek().is_none() {
        return;
    }
    roff.control("SH", ["FILES"]);
    for ((file, text), _) in files {
        roff.control("TP", []);
        roff.text([italic(file)]);
        roff.text([roman(text)]);
    }
    roff.control("PP", []);
    roff.text([roman("XDG_CONFIG_HOME, XDG_CACHE_HOME and XDG_STATE_HOME move them.")]);
}

fn examples(roff: &mut Roff, guide: &CommandGuide) {
    roff.control("SH", ["EXAMPLES"]);
    for (number, example) in guide.examples.iter().enumerate() {
        if number > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(format!("{}:", example.purpose))]);
        roff.control("PP", []);
        roff.control("RS", ["4"]);
        roff.control("nf", []);
        roff.text([roman(example.line)]);
        roff.control("fi", []);
        roff.control("RE", []);
    }
}

fn see_also(roff: &mut Roff, name: &str, guide: Option<&CommandGuide>) {
    roff.control("SH", ["SEE ALSO"]);
    if let Some((above, _)) = name.rsplit_once('-').filter(|_| name != "gc-token") {
        roff.text([bold(above), roman("(1)")]);
        roff.control("PP", []);
    }
    if let Some(guide) = guide {
        roff.text([roman(guide.url())]);
    }
}
