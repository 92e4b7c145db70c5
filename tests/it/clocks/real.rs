//! The same with real processes: `gc-token` under libfaketime, which makes its
//! wall clock false and leaves its boot clock as it is, and in a time
//! namespace, which is another boot to it.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use gc_token::internals::context::{Clock, SystemClock};
use gc_token::internals::sandbox::{Sandbox, SandboxConfig, TokenFormat};
use jiff::{SignedDuration, Timestamp};

use super::docs;
use super::matrix::runners;
use super::script::Script;
use crate::common::cloud::{CLIENT, SECRET, accepts, cloud};
use crate::common::process::wait_until;
use crate::common::{missing, program, say};

/// Long enough for two calls on a busy machine, short enough to be waited for.
const LIFETIME: u64 = 15;

#[test]
fn false_wall_clocks_of_real_processes() {
    if faketime().is_some() {
        docs::section("faketime", &table(None));
    }
}

#[test]
fn false_wall_clocks_and_another_boot_of_real_processes() {
    match (faketime(), namespace()) {
        (Some(_), Some(unshare)) => docs::section("namespaces", &table(Some(&unshare))),
        (Some(_), None) => say("NOT TESTED: this kernel allows no time namespaces here"),
        (None, _) => {}
    }
}

/// That the rest of this file tests anything.
#[test]
fn the_wall_clock_of_the_program_is_false_and_its_boot_clock_is_not() {
    if faketime().is_none() {
        return;
    }
    let clock = SystemClock::default();
    let stage = Stage::new(TokenFormat::Opaque);
    let before = clock.read();
    stage.gc_token(86_400, None).unwrap();
    let after = clock.read();
    let header = stage.header();
    let sent: gc_token::internals::clock::Reading =
        serde_json::from_value(header["stamp"]["sent"].clone()).unwrap();
    assert!(before.boot <= sent.boot && sent.boot <= after.boot);
    let ahead = sent.wall.duration_since(after.wall);
    assert!(ahead > SignedDuration::from_hours(23), "{ahead}");
    assert_eq!(sent.boot_id, after.boot_id);
    let Some(unshare) = namespace() else { return };
    // A fresh cache entry, made in the namespace.
    let stage = Stage::new(TokenFormat::Opaque);
    stage.gc_token(0, Some(&unshare)).unwrap();
    let header = stage.header();
    let sent: gc_token::internals::clock::Reading =
        serde_json::from_value(header["stamp"]["sent"].clone()).unwrap();
    assert_ne!(sent.boot_id, after.boot_id);
    assert!(sent.boot > after.boot + SignedDuration::from_secs(90_000));
}

/// Counts for one client.
#[derive(Default)]
struct Count {
    refusals: usize,
    mints: usize,
}

/// Plays all cells at once: most of their time is waiting.
fn table(unshare: Option<&[String]>) -> String {
    let mut text = "\n| runner | opaque | JWT |\n|---|---|---|\n".to_owned();
    let rows = std::thread::scope(|scope| {
        let play = |ahead, step, format| scope.spawn(move || cell(ahead, step, format, unshare));
        let rows: Vec<_> = runners()
            .into_iter()
            .map(|(name, ahead, step)| {
                let formats = [TokenFormat::Opaque, TokenFormat::Jwt];
                (name, formats.map(|format| play(ahead, step, format)))
            })
            .collect();
        let end = |(name, cells): (String, [std::thread::ScopedJoinHandle<'_, _>; 2])| {
            (name, cells.map(|cell| cell.join().unwrap()))
        };
        rows.into_iter().map(end).collect::<Vec<_>>()
    });
    for (name, [opaque, jwt]) in rows {
        writeln!(text, "| {name} | {opaque} | {jwt} |").unwrap();
    }
    text
}

/// A token is made, used again after what happens to the clocks, and asked for
/// once more when it is dead at the API.
fn cell(ahead: i64, step: i64, format: TokenFormat, unshare: Option<&[String]>) -> String {
    let (naive, stage) = (Stage::new(format), Stage::new(format));
    let mut script = Script::default();
    let (mut old, mut new) = (Count::default(), Count::default());
    let mut held: Option<(String, String)> = None;
    for call in 0..3 {
        let (by, unshare) = match call {
            0 => (ahead, None),
            _ => (ahead + step, unshare),
        };
        if let Some((scripts, ours)) = &held
            && call == 2
        {
            wait_until("both tokens are dead", || {
                !accepts(&naive.cloud, scripts) && !accepts(&stage.cloud, ours)
            });
        }
        let scripts = script.get(&naive.cloud, date(by));
        old.refusals += usize::from(!accepts(&naive.cloud, &scripts));
        let ours = stage.gc_token(by, unshare).unwrap();
        new.refusals += usize::from(!accepts(&stage.cloud, &ours));
        held = Some((scripts, ours));
    }
    old.mints = script.mints;
    new.mints = stage.cloud.counters().mints as usize;
    let cell = format!("{ahead} {step} {format:?} {}", unshare.is_some());
    assert_eq!(new.refusals, 0, "{cell}");
    assert!(new.mints <= 3, "{cell}: {} mints", new.mints);
    format!("{} → {}, {} → {} (2)", old.refusals, new.refusals, old.mints, new.mints)
}

/// A cloud whose API is 2 s ahead, and a cache.
struct Stage {
    cloud: Sandbox,
    home: tempfile::TempDir,
}

impl Stage {
    fn new(format: TokenFormat) -> Stage {
        let cloud = cloud(SandboxConfig {
            lifetime: Duration::from_secs(LIFETIME),
            format,
            api_offset: SignedDuration::from_secs(2),
            ..SandboxConfig::default()
        });
        let home = tempfile::tempdir().unwrap();
        Stage { cloud, home }
    }

    fn cache(&self) -> PathBuf {
        self.home.path().join("cache")
    }

    /// Runs the program with a wall clock that is ahead by this many seconds.
    fn gc_token(&self, ahead: i64, unshare: Option<&[String]>) -> Result<String, String> {
        let mut words: Vec<String> = unshare.unwrap_or_default().into();
        words.extend(under_faketime(ahead));
        words.push(env!("CARGO_BIN_EXE_gc-token").into());
        let output = Command::new(&words[0])
            .args(&words[1..])
            .args(["get", "--skew=4s", "--min-ttl=2s"])
            .env_clear()
            .env(
                "PATH",
                gc_token::internals::context::Environment::of_process().os("PATH").unwrap(),
            )
            .env("HOME", self.home.path())
            .env("GC_TOKEN_CACHE_DIR", self.cache())
            .env("GC_TOKEN_LOGIN_URL", self.cloud.login_url())
            .env("GC_TOKEN_API_URL", self.cloud.api_url())
            .env("GENESYSCLOUD_OAUTHCLIENT_ID", CLIENT)
            .env("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap().trim_end().to_owned();
        match output.status.success() {
            true => Ok(text(output.stdout)),
            false => Err(text(output.stderr)),
        }
    }

    /// Reads the header of the cached entry.
    fn header(&self) -> serde_json::Value {
        let files = fs::read_dir(self.cache()).unwrap();
        let mut files = files.map(|file| file.unwrap().path());
        let entry = files.find(|file| file.extension().is_some_and(|it| it == "token"));
        let bytes = fs::read(entry.unwrap()).unwrap();
        let line = bytes.split(|byte| *byte == b'\n').nth(1).unwrap();
        serde_json::from_slice(line).unwrap()
    }
}

/// The wall clock as a process sees it: `date` is what a script asks.
fn date(ahead: i64) -> Timestamp {
    let words = under_faketime(ahead);
    let output = Command::new(&words[0]).args(&words[1..]).args(["date", "+%s"]).output().unwrap();
    let seconds = String::from_utf8(output.stdout).unwrap();
    Timestamp::from_second(seconds.trim().parse().unwrap()).unwrap()
}

/// The boot clock stays as it is.
fn under_faketime(ahead: i64) -> Vec<String> {
    let ahead = format!("{ahead:+}s");
    ["faketime", "--exclude-monotonic", "-f", &ahead].map(str::to_owned).into()
}

fn faketime() -> Option<PathBuf> {
    let found = program("faketime");
    if found.is_none() {
        missing("faketime");
    }
    found
}

/// Returns the command prefix for a time namespace, if the kernel allows one.
fn namespace() -> Option<Vec<String>> {
    let ways: [&[&str]; 2] = [&[], &["--user", "--map-root-user"]];
    let command = |way: &[&str]| -> Vec<String> {
        let time = ["--time", "--boottime", "100000"];
        let words = ["unshare"].iter().chain(way).chain(&time);
        words.map(|word| (*word).to_owned()).collect()
    };
    let works = |words: &Vec<String>| {
        let tried = Command::new(&words[0]).args(&words[1..]).arg("true").output();
        tried.is_ok_and(|output| output.status.success())
    };
    ways.into_iter().map(command).find(works)
}
