//! `sandbox`: runs the stand-in for Genesys Cloud until it is stopped.

use std::fs;
use std::io;
use std::path::Path;

use super::path_from_flag;
use super::stop::Stop;
use crate::cli::sandbox::{SECRET_VARIABLE, SandboxArgs};
use crate::context::{Context, StandardStreams};
use crate::error::{Error, Kind, Result};
use crate::sandbox::{DEFAULT_SECRET, Sandbox};

/// Starts the sandbox, prints the variables that point clients at it, and serves until SIGINT
/// or SIGTERM, or until standard input closes if requested.
pub fn run(args: &SandboxArgs, context: &Context, streams: &mut StandardStreams) -> Result<()> {
    let failed = |what: &str, cause: io::Error| {
        Error::new(Kind::System, format!("the sandbox {what}")).with_source(cause)
    };
    let runtime = crate::context::runtime().map_err(|cause| failed("cannot start", cause))?;
    let stop = runtime.block_on(async { Stop::listen() });
    let mut stop = stop.map_err(|cause| failed("cannot handle signals", cause))?;
    let sandbox = Sandbox::start(args.plan(&context.env), context.clock.clone())?;
    let ca_file = match (&args.ca_out, sandbox.ca_pem()) {
        (Some(file), Some(pem)) => Some(write_ca(&path_from_flag("ca-out", file, context)?, pem)?),
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
    context.reporter.hint("the sandbox serves until Ctrl-C; set these variables in another shell");
    if args.until_stdin_closes {
        stop = stop.or_end_of_stdin(&mut streams.stdin);
    }
    runtime.block_on(stop.wait());
    Ok(())
}

type SandboxVariable = (&'static str, VariableValue);

enum VariableValue {
    Text(String),
    /// A reference to another variable, so that a secret of the user is not printed.
    SameAs(&'static str),
}

fn variables(
    args: &SandboxArgs,
    context: &Context,
    sandbox: &Sandbox,
    ca_file: Option<String>,
) -> Vec<SandboxVariable> {
    let secret = match context.env.os(SECRET_VARIABLE) {
        Some(_) => VariableValue::SameAs(SECRET_VARIABLE),
        None => VariableValue::Text(DEFAULT_SECRET.to_owned()),
    };
    let client_id = VariableValue::Text(args.client_id.clone());
    let mut variables = vec![
        ("GENESYSCLOUD_OAUTHCLIENT_ID", client_id),
        ("GENESYSCLOUD_OAUTHCLIENT_SECRET", secret),
        ("GC_TOKEN_LOGIN_URL", VariableValue::Text(sandbox.login_url())),
        ("GC_TOKEN_API_URL", VariableValue::Text(sandbox.api_url())),
    ];
    variables.extend(ca_file.map(|file| ("GC_TOKEN_CA_FILE", VariableValue::Text(file))));
    variables
}

fn as_exports(variables: &[SandboxVariable]) -> String {
    let export = |(name, value): &SandboxVariable| match value {
        VariableValue::Text(text) => format!("export {name}='{}'\n", text.replace('\'', r"'\''")),
        VariableValue::SameAs(other) => format!("export {name}=\"${other}\"\n"),
    };
    variables.iter().map(export).collect()
}

fn as_json(variables: &[SandboxVariable]) -> String {
    let member = |(name, value): &SandboxVariable| match value {
        VariableValue::Text(text) => Some((name.to_string(), text.as_str().into())),
        VariableValue::SameAs(_) => None,
    };
    let object: serde_json::Map<_, _> = variables.iter().filter_map(member).collect();
    format!("{}\n", serde_json::Value::Object(object))
}

/// Writes the certificate and returns its absolute path.
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
        let message = format!("--ca-out: cannot write {}", file.display());
        Error::new(Kind::Configuration, message).with_source(cause)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Vec<SandboxVariable> {
        vec![
            ("ID", VariableValue::Text("it's $HOME".into())),
            ("SECRET", VariableValue::SameAs(SECRET_VARIABLE)),
        ]
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
