//! The client secret: file, environment, profile, or a command that prints it.

use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use secrecy::SecretString;
use zeroize::{Zeroize, Zeroizing};

use super::origin::Given;
use super::{Layers, names};
use crate::error::{Error, Kind, Result};
use crate::ownership::Opened;
use crate::world::{Clock, Environment, World};

/// The client secret, or the way to it. Redacted in `Debug`.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// Known already.
    Known(SecretString),
    /// A command that prints it: slow, may prompt, so it is run only when a
    /// token has to be minted. An argv list; no shell.
    Command(Vec<String>),
}

/// The variables that hold a client secret: our own name, then the Terraform
/// provider's.
pub const VARIABLES: [&str; 2] = ["GC_TOKEN_CLIENT_SECRET", "GENESYSCLOUD_OAUTHCLIENT_SECRET"];

/// How long a secret command may take: long enough for a person to unlock a
/// password manager.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);

/// No secret comes near this.
const LONGEST: u64 = 64 << 10;

impl SecretSource {
    /// Finds the secret of the client `id`: `--client-secret-file`, then the
    /// environment, then the profile, if it is the profile's client.
    pub(super) fn resolve(layers: &Layers, id: &Given, world: &mut World) -> Result<SecretSource> {
        if let Some(secret) = &layers.secret {
            return Ok(SecretSource::Known(secret.clone()));
        }
        if let Some(file) = layers.find(&names::CLIENT_SECRET_FILE) {
            return read_file(&file, world).map(SecretSource::Known);
        }
        for name in VARIABLES {
            if let Some(secret) = world.env.os(name) {
                let secret = trimmed(Zeroizing::new(secret.into_vec()));
                return checked(secret, name).map(SecretSource::Known);
            }
        }
        let Some(profile) = &layers.profile else {
            return Err(missing(id, layers));
        };
        let own = profile.find(&names::CLIENT_ID);
        if own.is_some_and(|own| own.value != id.value) {
            return Err(missing(id, layers).why(format!(
                "{} is of another client than {} names",
                profile.origin("client_secret"),
                id.origin
            )));
        }
        if let Some(secret) = profile.secret() {
            return Ok(SecretSource::Known(secret));
        }
        let command = profile.secret_command()?.ok_or_else(|| missing(id, layers))?;
        if let Some((outsider, remedy)) = profile.outsider() {
            let origin = profile.origin("client_secret_command");
            let what = format!("{origin} is not run, as another user could have written it");
            return Err(Error::new(Kind::Configuration, what)
                .why(outsider.to_string())
                .hint(remedy));
        }
        Ok(SecretSource::Command(command))
    }

    /// Where the secret is looked up first and found: the source's name, never
    /// the secret. Nothing is read for it.
    pub fn place(layers: &Layers, env: &Environment) -> Option<String> {
        if layers.secret.is_some() {
            return Some("attribute \"client_secret\"".to_owned());
        }
        if let Some(file) = layers.find(&names::CLIENT_SECRET_FILE) {
            let name = match file.value.as_str() {
                "-" => "standard input".to_owned(),
                name => format!("the file {name}"),
            };
            return Some(format!("{name}, from {}", file.origin));
        }
        if let Some(name) = VARIABLES.into_iter().find(|name| env.os(name).is_some()) {
            return Some(name.to_owned());
        }
        let profile = layers.profile.as_ref()?;
        if profile.secret().is_some() {
            return Some(profile.origin("client_secret").to_string());
        }
        let argv = profile.secret_command().ok()??;
        // Its arguments are the user's own business.
        let origin = profile.origin("client_secret_command");
        Some(format!("the command {:?}, {origin}", argv[0]))
    }

    /// The secret itself; runs the command where it takes one.
    pub fn get(&self, clock: &dyn Clock) -> Result<SecretString> {
        match self {
            SecretSource::Known(secret) => Ok(secret.clone()),
            SecretSource::Command(argv) => run(argv, clock),
        }
    }
}

fn missing(id: &Given, layers: &Layers) -> Error {
    Error::new(Kind::Configuration, format!("there is no secret for client {:?}", id.value))
        .why(layers.secret_sources(&VARIABLES))
        .hint("set GENESYSCLOUD_OAUTHCLIENT_SECRET, or client_secret_command in a profile")
        .at("client_secret")
}

/// The secret in a file; `-` is standard input.
fn read_file(file: &Given, world: &mut World) -> Result<SecretString> {
    let unreadable = || {
        let what = format!("cannot read the client secret from {:?}", file.value);
        Error::new(Kind::Configuration, what).hint(format!("see {}", file.origin))
    };
    let secret = if file.value == "-" {
        if world.stdin_is_terminal {
            return Err(unreadable().why("standard input is a terminal, where it would be shown"));
        }
        let stdin = world
            .take_stdin()
            .ok_or_else(|| unreadable().why("standard input holds the Terraform query already"))?;
        let mut secret = Zeroizing::new(Vec::new());
        let read = stdin.take(LONGEST).read_to_end(&mut secret);
        read.map(|_| secret)
    } else {
        Opened::open(Path::new(&file.value)).and_then(|opened| {
            warn_of_others(&opened, file, world);
            opened.read(LONGEST)
        })
    };
    let secret = secret.map_err(|error| unreadable().because(error))?;
    checked(trimmed(secret), &format!("{:?} ({})", file.value, file.origin))
}

/// Other users who may read the file know the secret, and those who may write to it
/// can only do harm.
fn warn_of_others(opened: &Opened, file: &Given, world: &World) {
    let Given { value, origin } = file;
    if let Some(outsider) = opened.outsider() {
        let remedy = outsider.remedy(Path::new(value));
        world.talk.warn(format_args!(
            "{origin}: {value:?} could be changed by another user ({outsider}): {remedy}"
        ));
    } else if let Some(mode) = opened.readable_by_others() {
        world.talk.warn(format_args!(
            "{origin}: other users may read {value:?} (its mode is {mode:04o}): chmod 600 {value}"
        ));
    }
}

/// Runs the command without a shell; its standard error and its terminal are
/// the user's, so that it can ask.
fn run(argv: &[String], clock: &dyn Clock) -> Result<SecretString> {
    // Its arguments are the user's own business: only its name is shown.
    let name = &argv[0];
    let failed = || {
        let what = format!("the client secret command {name:?} failed");
        Error::new(Kind::Configuration, what).hint("see client_secret_command in the profile")
    };
    let mut child = Command::new(name)
        .args(&argv[1..])
        .stdin(Stdio::inherit())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed().because(error))?;
    let mut stdout = child.stdout.take().expect("it is piped");
    let reader = std::thread::spawn(move || {
        let mut secret = Zeroizing::new(Vec::new());
        stdout.by_ref().take(LONGEST).read_to_end(&mut secret).map(|_| secret)
    });
    let start = clock.read();
    let status = loop {
        match child.try_wait().map_err(|error| failed().because(error))? {
            Some(status) => break status,
            None if clock.read().boot - start.boot
                > COMMAND_LIMIT.try_into().unwrap_or_default() =>
            {
                let _ = child.kill().and_then(|()| child.wait());
                return Err(failed().why(format!("it took longer than {COMMAND_LIMIT:?}")));
            }
            None => clock.sleep(Duration::from_millis(5)),
        }
    };
    if !status.success() {
        return Err(failed().why(status.to_string()));
    }
    let secret = reader.join().map_err(|_| failed().why("its output cannot be read"))?;
    let secret = secret.map_err(|error| failed().because(error))?;
    checked(trimmed(secret), &format!("the output of {name:?}"))
}

/// Without the line ends that editors, `echo` and CI forms leave behind.
fn trimmed(mut secret: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    while matches!(secret.last(), Some(b'\n' | b'\r')) {
        secret.pop();
    }
    secret
}

fn checked(mut secret: Zeroizing<Vec<u8>>, origin: &str) -> Result<SecretString> {
    let refuse = |why: &str| {
        let what = format!("the client secret from {origin} {why}");
        Err(Error::new(Kind::Configuration, what))
    };
    if secret.is_empty() {
        return refuse("is empty");
    }
    if secret.iter().any(u8::is_ascii_control) {
        return refuse("has more than one line, or control characters");
    }
    match String::from_utf8(std::mem::take(&mut *secret)) {
        Ok(secret) => Ok(secret.into()),
        Err(error) => {
            error.into_bytes().zeroize();
            refuse("is not UTF-8")
        }
    }
}
