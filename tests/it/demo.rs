//! `gc-token demo` as a stranger runs it, in real time: what it says, what it
//! does not say, and what it leaves behind.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A user's machine: a home and a temporary directory, both empty.
struct Machine {
    home: TempDir,
    tmp: TempDir,
}

impl Machine {
    fn new() -> Machine {
        Machine { home: tempfile::tempdir().unwrap(), tmp: tempfile::tempdir().unwrap() }
    }

    /// The demo, in an environment that would spoil it if it counted.
    fn demo(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gc-token"));
        command
            .arg("demo")
            .env_clear()
            .env("HOME", self.home.path())
            .env("TMPDIR", self.tmp.path())
            .env("GENESYSCLOUD_OAUTHCLIENT_ID", "of-the-user")
            .env("GENESYSCLOUD_OAUTHCLIENT_SECRET", "canary-secret")
            .env("GENESYSCLOUD_REGION", "nowhere")
            .env("GC_TOKEN_MIN_TTL", "1h")
            .env("GC_TOKEN_CACHE_DIR", self.home.path().join("cache"))
            .env("GC_TOKEN_TIMEOUT", "nonsense")
            .env("SSL_CERT_FILE", "/nowhere")
            .stdin(Stdio::null());
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            // Port 9 discards: nobody listens there.
            command.env(name, "http://127.0.0.1:9");
            command.env(name.to_lowercase(), "http://127.0.0.1:9");
        }
        command
    }

    fn is_untouched(&self) -> bool {
        let empty = |dir: &Path| fs::read_dir(dir).unwrap().next().is_none();
        empty(self.home.path()) && empty(self.tmp.path())
    }
}

#[test]
fn tells_a_true_story_and_leaves_nothing_behind() {
    let machine = Machine::new();
    let output = machine.demo().output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{stdout}");

    let told: Vec<_> = stdout.lines().filter_map(step).collect();
    let naive: Vec<_> = told.iter().filter(|(who, _)| *who == "naive").collect();
    assert!(naive[0].1.starts_with("mints"), "{stdout}");
    assert!(naive[1].1.starts_with("now < exp"), "{stdout}");
    let answers: Vec<_> = told.iter().filter(|(who, _)| *who == "API").collect();
    let answers: Vec<_> = answers.iter().map(|(_, answer)| *answer).collect();
    assert_eq!(
        answers,
        ["200 OK", "200 OK", "200 OK", "200 OK", "401 credentials.expired", "200 OK"]
    );
    let ours = told.iter().filter(|(who, _)| *who == "gc-token");
    let ours: Vec<_> = ours.map(|(_, what)| what.split(':').next().unwrap()).collect();
    assert_eq!(
        ours,
        ["mints", "has measured", "has measured", "reuses its token", "mints again", "mints again"]
    );
    assert!(stdout.contains("4 mints: 1 by the naive client, 3 by gc-token"));
    assert!(stdout.contains("9 API calls: 3 by gc-token, to verify its new tokens"));

    for secret in ["sandbox-secret", "canary-secret", "of-the-user"] {
        assert!(!stdout.contains(secret), "{secret} in {stdout}");
    }
    // A token has 86 of these in a row.
    let longest = stdout
        .split(|char: char| !char.is_ascii_alphanumeric() && !"-_".contains(char))
        .max_by_key(|word| word.len());
    assert!(longest.unwrap().len() < 20, "{longest:?}");
    assert!(machine.is_untouched());
}

#[test]
fn puts_its_files_away_when_it_is_interrupted() {
    for signal in [Signal::INT, Signal::TERM] {
        let machine = Machine::new();
        let mut command = machine.demo();
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut lines = stdout.lines().map(Result::unwrap);
        lines.find(|line| line.contains("the API is")).unwrap();
        assert!(!machine.is_untouched(), "its cache is somewhere");
        kill_process(Pid::from_child(&child), signal).unwrap();
        let rest: Vec<_> = lines.collect();
        assert_eq!(rest, Vec::<String>::new());
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "gc-token: error: the demo was interrupted\n"
        );
        assert_eq!(output.status.code(), Some(1));
        assert!(machine.is_untouched());
    }
}

/// `  1.0s  who  what`
fn step(line: &str) -> Option<(&str, &str)> {
    let (moment, rest) = line.trim_start().split_once("s  ")?;
    moment.parse::<f64>().ok()?;
    let (who, what) = rest.trim_start().split_once("  ")?;
    Some((who, what.trim_start()))
}
