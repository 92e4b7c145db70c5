//! `env`: statements that set the token in a shell or a CI system.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use clap::ValueEnum;

use super::{load_layers, resolve_and_get_token};
use crate::config::{Flags, Layers, Query, Setting, table};
use crate::context::{Context, Environment, StandardStreams};
use crate::error::{Error, Kind, Result};
use crate::output::{Name, OutputFormat, Rendered, Variable};

pub(super) fn run(flags: Flags, context: &Context, streams: &mut StandardStreams) -> Result<()> {
    let unchecked = Layers::new(flags.clone(), Query::default(), &context.env);
    let format = output_format(&unchecked);
    let result = match format {
        Ok(format) => print_variables(format, flags, context, streams),
        Err(error) => return fail(OutputFormat::default(), error, streams),
    };
    result.or_else(|error| fail(format.unwrap_or_default(), error, streams))
}

/// Fails before there are settings, with the statement for the format that they name.
pub(super) fn refuse<T>(
    flags: Flags,
    error: Error,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<T> {
    let unchecked = Layers::new(flags, Query::default(), &context.env);
    fail(output_format(&unchecked).unwrap_or_default(), error, streams)
}

/// `eval ""` succeeds, so a script would continue without a token: prints a statement that
/// fails. Returns `error` even if that cannot be written.
fn fail<T>(format: OutputFormat, error: Error, streams: &mut StandardStreams) -> Result<T> {
    let _ = streams.print(format.failing_statement().unwrap_or_default().as_bytes());
    Err(error)
}

pub(crate) fn failing_statement(args: &[OsString], env: &Environment) -> Option<&'static str> {
    let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    if args.get(1)? != "env" {
        return None;
    }
    let flag = |(at, arg): (usize, &std::borrow::Cow<'_, str>)| match &**arg {
        "--shell" | "-s" => Some(args.get(at + 1)?.to_string()),
        arg => arg.strip_prefix("--shell=").or(arg.strip_prefix("-s")).map(str::to_owned),
    };
    let named = args.iter().enumerate().find_map(flag).or_else(|| env.text("GC_TOKEN_SHELL"));
    let format = named.and_then(|name| OutputFormat::from_str(&name, false).ok());
    format.unwrap_or_default().failing_statement()
}

pub(super) fn output_format(layers: &Layers) -> Result<OutputFormat> {
    let Some(given) = layers.find(&table::SHELL) else {
        return Ok(OutputFormat::default());
    };
    OutputFormat::from_str(&given.value, false).map_err(|_| {
        let known: Vec<_> =
            OutputFormat::value_variants().iter().map(|format| format.name()).collect();
        given
            .refused("is neither a shell nor a CI system")
            .with_hint(format!("one of {}", known.join(", ")))
    })
}

fn print_variables(
    format: OutputFormat,
    flags: Flags,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<()> {
    let layers = load_layers(flags, Query::default(), context)?;
    let token_name = variable_name(&layers, &table::VAR)?;
    let region_name = variable_name(&layers, &table::REGION_VAR)?;
    if layers.bool(&table::UNSET)? {
        let bytes = format.unset(&[&token_name, &region_name])?;
        return streams.print(&bytes);
    }
    let (settings, provided) = resolve_and_get_token(&layers, context, &mut streams.stdin)?;
    let access_token = provided.token.access_token.expose();
    let mut variables = vec![Variable { name: &token_name, value: access_token, secret: true }];
    if let Some(region) = settings.issuer.region {
        variables.push(Variable { name: &region_name, value: region.aws, secret: false });
    }
    let rendered = format.export(&variables)?;
    write_rendered(&rendered, context, streams)?;
    if streams.screen(&context.env).is_terminal
        && let Some(command) = shell_at_hand(format, &layers, &context.env).shell_command()
    {
        context
            .reporter
            .hint(format_args!("this only shows the statements; to set them: {command}"));
    }
    Ok(())
}

/// Without `--shell`, the user's own shell.
fn shell_at_hand(format: OutputFormat, layers: &Layers, env: &Environment) -> OutputFormat {
    match layers.find(&table::SHELL) {
        Some(_) => format,
        None => env.text("SHELL").map_or(format, |path| OutputFormat::of_shell(&path)),
    }
}

/// Writes standard output first, because it holds the mask for the file's contents.
pub(super) fn write_rendered(
    rendered: &Rendered,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<()> {
    let Some(bytes) = &rendered.github_env else {
        return streams.print(&rendered.stdout);
    };
    let unusable = |what: &str| {
        Error::new(Kind::Configuration, what)
            .with_hint("run this in a step of a GitHub Actions job")
    };
    let path = context.env.os("GITHUB_ENV").ok_or_else(|| unusable("GITHUB_ENV is not set"))?;
    let mut file = OpenOptions::new().append(true).open(&path).map_err(|error| {
        unusable(&format!("cannot open {} (GITHUB_ENV)", path.display())).with_source(error)
    })?;
    streams.print(&rendered.stdout)?;
    let line_end: &[u8] = if ends_in_mid_line(Path::new(&path)) { b"\n" } else { b"" };
    file.write_all(line_end).and_then(|()| file.write_all(bytes)).map_err(|error| {
        Error::new(Kind::Output, format!("cannot write to {}", path.display())).with_source(error)
    })
}

/// Returns whether the last line has no line end. If the file cannot be read it counts as
/// complete, because not every reader of `GITHUB_ENV` accepts an empty line.
fn ends_in_mid_line(path: &Path) -> bool {
    let last = || {
        let mut file = File::open(path).ok()?;
        file.seek(SeekFrom::End(-1)).ok()?;
        let mut last = [0];
        file.read_exact(&mut last).ok().map(|()| last[0])
    };
    std::fs::metadata(path).is_ok_and(|about| about.is_file())
        && last().is_some_and(|byte| byte != b'\n')
}

fn variable_name(layers: &Layers, setting: &'static Setting) -> Result<Name> {
    let Some(given) = layers.find(setting) else {
        let default = setting.default_text().expect("it has a default");
        return Ok(default.parse().expect("the default is a name"));
    };
    given.value.parse().map_err(|_| {
        given
            .refused("is not the name of a variable")
            .with_hint("letters, digits and _, no digit first")
    })
}
