//! `sandbox`: runs the stand-in for Genesys Cloud until it is stopped, or a command has ended.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::Path;

use super::path_from_flag;
use super::stop::Stop;
use crate::child::Program;
use crate::cli::sandbox::{SECRET_VARIABLE, SandboxArgs};
use crate::config::{Setting, table};
use crate::context::{Context, Environment, StandardStreams};
use crate::error::{Error, Kind, Result};
use crate::exec;
use crate::platform::{self, ForwardedSignals, Watchdog};
use crate::sandbox::{DEFAULT_SECRET, Sandbox};

/// Starts the sandbox, and runs a command with its variables if there is one. Otherwise prints
/// the variables, and serves until SIGINT or SIGTERM, or until standard input closes if
/// requested.
pub fn run(args: &SandboxArgs, context: &Context, streams: &mut StandardStreams) -> Result<u8> {
    if !args.command.is_empty() {
        return run_command(args, context);
    }
    if args.tls && args.ca_out.is_none() {
        return Err(Error::new(Kind::Usage, "--tls: clients need the authority's certificate")
            .with_hint("pass --ca-out FILE, or a command, which finds the file"));
    }
    serve(args, context, streams).map(|()| 0)
}

fn serve(args: &SandboxArgs, context: &Context, streams: &mut StandardStreams) -> Result<()> {
    let runtime = crate::context::runtime().map_err(|cause| failed("cannot start", cause))?;
    let stop = runtime.block_on(async { Stop::listen() });
    let mut stop = stop.map_err(|cause| failed("cannot handle signals", cause))?;
    let sandbox = Sandbox::start(args.plan(&context.env), context.clock.clone())?;
    let ca_file = match &args.ca_out {
        Some(file) => write_ca(&path_from_flag("ca-out", file, context)?, &sandbox)?,
        None => None,
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

fn failed(what: &str, cause: io::Error) -> Error {
    Error::new(Kind::System, format!("the sandbox {what}")).with_source(cause)
}

/// Returns the command's exit code. The watchdog removes the directory if this process is
/// killed.
fn run_command(args: &SandboxArgs, context: &Context) -> Result<u8> {
    let program = Program::find(&args.command, context.env.os("PATH").as_deref())?;
    let runtime = crate::context::runtime().map_err(|cause| failed("cannot start", cause))?;
    let mut signals = runtime.block_on(async { ForwardedSignals::listen() })?;
    let sandbox = Sandbox::start(args.plan(&context.env), context.clock.clone())?;
    let dir = platform::private_temp_dir()
        .map_err(|cause| failed("cannot make a temporary directory", cause))?;
    let mut watchdog = Watchdog::start()?;
    watchdog.remove_on_exit(dir.path()).map_err(|cause| failed("cannot run a command", cause))?;
    let ca_file = match &args.ca_out {
        Some(file) => path_from_flag("ca-out", file, context)?,
        None => dir.path().join("ca.pem"),
    };
    let ca_file = write_ca(&ca_file, &sandbox)?;
    let env = command_env(variables(args, context, &sandbox, ca_file), dir.path(), &context.env);
    let code = runtime.block_on(exec::run(&program, &env, &mut watchdog, &mut signals));
    runtime.shutdown_background();
    watchdog.disarm();
    code
}

/// Settings that would lead the command elsewhere.
const REPLACED: [&Setting; 12] = [
    &table::PROFILE,
    &table::REGION,
    &table::CLIENT_ID,
    &table::CLIENT_SECRET_FILE,
    &table::LOGIN_URL,
    &table::API_URL,
    &table::TOKEN_URL,
    &table::CA_FILE,
    &table::CACHE_DIR,
    &table::STORE,
    &table::STORE_PASSWORD_FILE,
    &table::STORE_REQUIRED,
];

/// Replaces what leads to an account, for gc-token and for the vendor's programs. Other
/// settings are left to be tried out.
fn command_env(
    variables: Vec<SandboxVariable>,
    dir: &Path,
    env: &Environment,
) -> BTreeMap<OsString, OsString> {
    let replaced = REPLACED.iter().flat_map(|setting| setting.variables);
    let secrets = table::SECRET_VARIABLES.iter().chain([&table::STORE_PASSWORD_VARIABLE]);
    let replaced: Vec<_> = replaced.chain(secrets).map(OsStr::new).collect();
    let is_replaced = |name: &OsString| {
        name.as_encoded_bytes().starts_with(b"GENESYSCLOUD_") || replaced.contains(&&**name)
    };
    let mut all = env.all();
    all.retain(|name, _| !is_replaced(name));
    for (name, value) in variables {
        let value = match value {
            VariableValue::Text(text) => text.into(),
            VariableValue::SameAs(other) => env.os(other).unwrap_or_default(),
        };
        all.insert(name.into(), value);
    }
    let dirs = ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"];
    all.extend(dirs.map(|name| (name.into(), dir.join(name).into())));
    all.insert("GC_TOKEN_CACHE_DIR".into(), dir.join("cache").into());
    all
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

/// Writes the certificate, if the sandbox has one, and returns its absolute path.
fn write_ca(file: &Path, sandbox: &Sandbox) -> Result<Option<String>> {
    let Some(pem) = sandbox.ca_pem() else {
        return Ok(None);
    };
    let write = || {
        fs::write(file, pem)?;
        let absolute = std::path::absolute(file)?;
        absolute
            .into_os_string()
            .into_string()
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "the path is not valid UTF-8"))
    };
    write().map(Some).map_err(|cause| {
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
