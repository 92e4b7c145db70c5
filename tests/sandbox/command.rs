//! The command: what it prints, and what ends it.

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use clap::Parser;
use gc_token::cli::sandbox::Args;
use gc_token::command::sandbox::run;
use gc_token::context::{Context, Directories, Environment, Reporter, SystemClock};
use gc_token::error::Result;
use rustix::process::{Signal, getpid, kill_process};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

/// The command on a thread of its own, and the other ends of its pipes.
struct Running {
    stdin: UnixStream,
    stdout: BufReader<UnixStream>,
    thread: JoinHandle<Result<()>>,
}

fn start(args: &[&str], env: Environment) -> Running {
    let args = Cli::parse_from(["sandbox"].iter().chain(args)).args;
    let (stdin, its_stdin) = UnixStream::pair().unwrap();
    let (stdout, its_stdout) = UnixStream::pair().unwrap();
    let thread = std::thread::spawn(move || {
        let mut context = Context {
            env,
            clock: Arc::new(SystemClock::default()),
            directories: Directories::default(),
            stdin: Some(Box::new(its_stdin)),
            stdin_is_terminal: false,
            stdout: Box::new(its_stdout),
            reporter: Reporter::to(Box::new(std::io::sink())).into(),
        };
        run(&args, &mut context)
    });
    Running { stdin, stdout: BufReader::new(stdout), thread }
}

impl Running {
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }
}

/// One test, because a signal reaches every command in this process.
#[test]
fn serves_until_stdin_closes_or_a_signal_comes() {
    let mut json = start(&["--json", "--until-stdin-closes"], [].into());
    let variables: serde_json::Value = serde_json::from_str(&json.line()).unwrap();
    assert_eq!(variables["GENESYSCLOUD_OAUTHCLIENT_ID"], "sandbox-client");
    assert_eq!(variables["GENESYSCLOUD_OAUTHCLIENT_SECRET"], "sandbox-secret");
    let api = variables["GC_TOKEN_API_URL"].as_str().unwrap();
    let address = api.strip_prefix("http://").unwrap();
    TcpStream::connect(address).unwrap();
    drop(json.stdin);
    assert_eq!(json.thread.join().unwrap(), Ok(()));
    assert!(TcpStream::connect(address).is_err());

    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    let env = [("GC_TOKEN_SANDBOX_SECRET", "of-my-own")].into();
    let mut exports = start(&["--tls", "--ca-out", ca.to_str().unwrap()], env);
    let lines = [(); 5].map(|()| exports.line());
    assert_eq!(lines[0], "export GENESYSCLOUD_OAUTHCLIENT_ID='sandbox-client'\n");
    assert_eq!(lines[1], "export GENESYSCLOUD_OAUTHCLIENT_SECRET=\"$GC_TOKEN_SANDBOX_SECRET\"\n");
    assert!(lines[2].starts_with("export GC_TOKEN_LOGIN_URL='https://127.0.0.1:"));
    assert!(lines[3].starts_with("export GC_TOKEN_API_URL='https://127.0.0.1:"));
    assert_eq!(lines[4], format!("export GC_TOKEN_CA_FILE='{}'\n", ca.display()));
    let pem = std::fs::read_to_string(&ca).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
    let address = lines[3].split_once("https://").unwrap().1;
    let mut idle = TcpStream::connect(address.trim_end_matches("'\n")).unwrap();
    let moment = Some(Duration::from_millis(100));
    idle.set_read_timeout(moment).unwrap();
    let kind = idle.read(&mut [0]).unwrap_err().kind();
    assert_eq!(kind, ErrorKind::WouldBlock, "it serves on");
    kill_process(getpid(), Signal::TERM).unwrap();
    assert_eq!(exports.thread.join().unwrap(), Ok(()));
}

#[test]
fn a_certificate_that_cannot_be_written_is_named() {
    let running = start(&["--tls", "--ca-out", "/nowhere/ca.pem"], [].into());
    let error = running.thread.join().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "error: --ca-out: cannot write /nowhere/ca.pem\n  cause: No such file or directory \
         (os error 2)"
    );
}
