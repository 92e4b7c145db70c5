//! `gc-token sandbox`: runs the stand-in until it is told to stop.

use std::fs;
use std::io;
use std::path::Path;

use super::given_path;
use super::stop::Stop;
use crate::cli::sandbox::{SECRET_VARIABLE, SandboxArgs};
use crate::context::{Context, StandardStreams};
use crate::error::{Error, Kind, Result};
use crate::sandbox::{DEFAULT_SECRET, Sandbox};

/// Starts the sandbox, prints the variables that point clients at it, and
/// serves until SIGINT or SIGTERM, or until standard input closes where that
/// was asked for.
///
/// # Errors
/// `Configuration` when the sandbox cannot start, or when the certificate or
/// the variables cannot be written.
pub fn run(args: &SandboxArgs, context: &Context, streams: &mut StandardStreams) -> Result<()> {
    let failed = |what: &str, cause: io::Error| {
        Error::new(Kind::System, format!("the sandbox {what}")).with_source(cause)
    };
    let runtime = crate::context::runtime().map_err(|cause| failed("cannot start", cause))?;
    let stop = runtime.block_on(async { Stop::listen() });
    let mut stop = stop.map_err(|cause| failed("cannot listen to signals", cause))?;
    let sandbox = Sandbox::start(args.plan(&context.env), context.clock.clone())?;
    let ca_file = match (&args.ca_out, sandbox.ca_pem()) {
        (Some(file), Some(pem)) => Some(write_ca(&given_path("ca-out", file, context)?, pem)?),
        _ => None,
    };
    let variables = variables(args, context, &sandbox, ca_file);
    let text = if args.json { as_json(&variables) } else { as_exports(&variables) };
    streams.stdout.write_all(text.as_bytes()).and_then(|()| streams.stdout.flush()).map_err(
        |cause| {
            Error::new(Kind::Output, "the sandbox cannot print its variables").with_source(cause)
        },
    )?;
    let counters = format!("{}/sandbox/counters", sandbox.api_url());
    context.reporter.info(format_args!("counters at {counters}"));
    if args.until_stdin_closes {
        stop = stop.or_end_of_stdin(&mut streams.stdin);
    }
    runtime.block_on(stop.wait());
    Ok(())
}

/// A variable's name and its value.
type Variable = (&'static str, Value);

enum Value {
    /// This text.
    Text(String),
    /// What another variable holds: a secret of the user's own is not
    /// repeated.
    SameAs(&'static str),
}

fn variables(
    args: &SandboxArgs,
    context: &Context,
    sandbox: &Sandbox,
    ca_file: Option<String>,
) -> Vec<Variable> {
    let secret = match context.env.os(SECRET_VARIABLE) {
        Some(_) => Value::SameAs(SECRET_VARIABLE),
        None => Value::Text(DEFAULT_SECRET.to_owned()),
    };
    let client_id = Value::Text(args.client_id.clone());
    let mut variables = vec![
        ("GENESYSCLOUD_OAUTHCLIENT_ID", client_id),
        ("GENESYSCLOUD_OAUTHCLIENT_SECRET", secret),
        ("GC_TOKEN_LOGIN_URL", Value::Text(sandbox.login_url())),
        ("GC_TOKEN_API_URL", Value::Text(sandbox.api_url())),
    ];
    variables.extend(ca_file.map(|file| ("GC_TOKEN_CA_FILE", Value::Text(file))));
    variables
}

/// One POSIX `export` for each variable.
fn as_exports(variables: &[Variable]) -> String {
    let export = |(name, value): &Variable| match value {
        Value::Text(text) => format!("export {name}='{}'\n", text.replace('\'', r"'\''")),
        Value::SameAs(other) => format!("export {name}=\"${other}\"\n"),
    };
    variables.iter().map(export).collect()
}

/// One line. A secret that is not to be repeated is left out.
fn as_json(variables: &[Variable]) -> String {
    let member = |(name, value): &Variable| match value {
        Value::Text(text) => Some((name.to_string(), text.as_str().into())),
        Value::SameAs(_) => None,
    };
    let object: serde_json::Map<_, _> = variables.iter().filter_map(member).collect();
    format!("{}\n", serde_json::Value::Object(object))
}

/// Writes the certificate, and says where it is for every working directory.
fn write_ca(file: &Path, pem: &str) -> Result<String> {
    let write = || {
        fs::write(file, pem)?;
        let absolute = std::path::absolute(file)?;
        absolute
            .into_os_string()
            .into_string()
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "the path is not valid UTF-8"))
    };
    write().map_err(|cause| {
        let what = format!("--ca-out: cannot write {}", file.display());
        Error::new(Kind::Configuration, what).with_source(cause)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Vec<Variable> {
        vec![("ID", Value::Text("it's $HOME".into())), ("SECRET", Value::SameAs(SECRET_VARIABLE))]
    }

    #[test]
    fn exports_are_quoted_and_repeat_no_secret() {
        assert_eq!(
            as_exports(&variables()),
            "export ID='it'\\''s $HOME'\nexport SECRET=\"$GC_TOKEN_SANDBOX_SECRET\"\n"
        );
    }

    #[test]
    fn json_is_one_line_and_repeats_no_secret() {
        assert_eq!(as_json(&variables()), "{\"ID\":\"it's $HOME\"}\n");
    }
}
