//! What `env` prints is given to the real shells, and what they export is
//! compared with the value byte for byte.
//!
//! A shell that is missing fails the test when `CI=true`; elsewhere it is named
//! on standard error, and the others are tried.

mod completion;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

use gc_token::internals::output::{Name, OutputFormat, Rendered, Variable};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::Config;

/// A shell, and how its script says what the tests need.
struct Shell {
    program: &'static str,
    arguments: &'static [&'static str],
    format: OutputFormat,
    /// The ways to evaluate what stands in the file `FILE`.
    evaluate: &'static [&'static str],
    /// Makes the script stop at a failure, where it would not do so anyway.
    strict: &'static str,
}

const SHELLS: [Shell; 4] = [
    posix("bash", &["--norc", "--noprofile"]),
    posix("dash", &[]),
    posix("zsh", &["-f"]),
    Shell {
        program: "fish",
        arguments: &["--no-config"],
        format: OutputFormat::Fish,
        evaluate: &["cat FILE | source", "eval (cat FILE)"],
        strict: "",
    },
];

const NUSHELL: Shell = Shell {
    program: "nu",
    arguments: &["--no-config-file"],
    format: OutputFormat::Nushell,
    evaluate: &["source FILE"],
    strict: "",
};

const fn posix(program: &'static str, arguments: &'static [&'static str]) -> Shell {
    Shell {
        program,
        arguments,
        format: OutputFormat::Posix,
        evaluate: &["eval \"$(cat FILE)\""],
        strict: "set -e\n",
    }
}

/// Bytes and characters mean different things in different locales.
const LOCALES: [&str; 2] = ["C", "C.UTF-8"];

/// Values that broke some quoting once, or look as if they would.
const NASTY: [&str; 24] = [
    "",
    " ",
    "abc",
    "-n",
    "'",
    "''",
    "it's",
    "\"",
    "\\",
    "\\'",
    "a\\",
    "\n",
    "a\n\n",
    "\r\n",
    "$HOME ${HOME} $(id) `id`",
    "!! !$ %PATH% ^",
    "'; touch /tmp/owned; '",
    "*?[a-z]{a,b}~",
    "\u{1}\u{7f}\u{1b}[0m\t\u{8}",
    "\u{feff}\u{2018}\u{2019}\u{201a}\u{201b}\u{201c}",
    "\u{85}\u{2028}\u{2029}\u{a0}",
    "\u{f600}\u{f6ff}\u{fdd0}\u{fffe}\u{10ffff}",
    "r#'x'# \"\\u{41}\" (1 + 1)",
    "caf\u{e9} \u{1f600} \u{5d0}",
];

#[test]
fn the_nasty_values_arrive_whole() {
    let values: Vec<_> = NASTY.iter().map(ToString::to_string).collect();
    round_trip(&SHELLS, &values);
}

#[test]
fn nushell_takes_the_nasty_values_and_arbitrary_ones() {
    let values: Vec<_> = NASTY.iter().map(ToString::to_string).collect();
    round_trip(&[NUSHELL], &values);
    proptest!(config(4), |(values in vec(value(), 40))| round_trip(&[NUSHELL], &values));
}

#[test]
fn arbitrary_values_arrive_whole() {
    proptest!(config(6), |(values in vec(value(), 40))| round_trip(&SHELLS, &values));
}

#[test]
fn dotenv_means_the_same_to_the_shells() {
    let sourced = SHELLS.map(|shell| Shell {
        format: OutputFormat::Dotenv,
        evaluate: &["set -a; . ./FILE; set +a"],
        ..shell
    });
    let sourced = &sourced[..3];
    proptest!(config(6), |(values in vec(prop_oneof![value(), "[ -~]{0,6}", "[a-d ~#:=]{1,4}"], 60))| {
        let carried: Vec<_> = values
            .into_iter()
            .filter(|value| export(OutputFormat::Dotenv, value).is_some())
            .collect();
        round_trip(sourced, &carried);
    });
}

#[test]
fn unset_takes_the_variable_away() {
    for shell in SHELLS.iter().chain([&NUSHELL]).filter(installed) {
        let dir = tempfile::tempdir().unwrap();
        let unset = shell.format.unset(&[&name()]).unwrap();
        fs::write(dir.path().join("set"), export(shell.format, "x").unwrap().stdout).unwrap();
        fs::write(dir.path().join("unset"), &unset).unwrap();
        for evaluate in shell.evaluate {
            let evaluate = |file| evaluate.replace("FILE", file);
            let script = format!(
                "{}{}\n^printenv V\n{}\n{}\n^printenv\n",
                shell.strict,
                evaluate("set"),
                evaluate("unset"),
                // What is not set must be no failure, either.
                evaluate("unset"),
            );
            let output = run(shell, dir.path(), "C.UTF-8", &script);
            let stdout = String::from_utf8(output.stdout).unwrap();
            let (first, rest) = stdout.split_once('\n').unwrap();
            assert_eq!(first, "x", "{}", shell.program);
            assert!(rest.contains("PATH="), "{}: {rest}", shell.program);
            assert!(!rest.contains("\nV="), "{}: {rest}", shell.program);
        }
    }
}

#[test]
fn the_failing_statement_stops_a_script() {
    for shell in SHELLS.iter().chain([&NUSHELL]).filter(installed) {
        let dir = tempfile::tempdir().unwrap();
        let failure = shell.format.failing_statement().unwrap();
        fs::write(dir.path().join("failure"), failure).unwrap();
        for evaluate in shell.evaluate {
            let evaluate = evaluate.replace("FILE", "failure");
            // fish has no `set -e`: its scripts check the status themselves.
            let check = match shell.program {
                "fish" => "; or exit 7",
                _ => "",
            };
            let script = format!("{}{evaluate}{check}\n^printenv PATH\n", shell.strict);
            let output = run(shell, dir.path(), "C.UTF-8", &script);
            assert!(!output.status.success(), "{}", shell.program);
            assert_eq!(output.stdout, b"", "{} went on", shell.program);
        }
    }
}

/// Sets one variable after the other to `values`, in one process per shell,
/// locale and way to evaluate, and compares what a child sees.
fn round_trip(shells: &[Shell], values: &[String]) {
    for shell in shells.iter().filter(installed) {
        let dir = tempfile::tempdir().unwrap();
        for (i, value) in values.iter().enumerate() {
            let rendered = export(shell.format, value).expect("shells take any value");
            fs::write(dir.path().join(format!("{i}.env")), rendered.stdout).unwrap();
        }
        for (locale, evaluate) in
            LOCALES.iter().flat_map(|locale| shell.evaluate.iter().map(move |it| (locale, it)))
        {
            let mut script = shell.strict.to_owned();
            for i in 0..values.len() {
                let evaluate = evaluate.replace("FILE", &format!("{i}.env"));
                script += &format!("{evaluate}\n^printenv V\n^printf '\\0'\n");
            }
            let output = run(shell, dir.path(), locale, &script);
            let mut arrived = output.stdout.split(|byte| *byte == 0);
            for value in values {
                let line = arrived.next().unwrap_or_default();
                let text = line.strip_suffix(b"\n").unwrap_or(b"(nothing)");
                assert_eq!(
                    text.escape_ascii().to_string(),
                    value.as_bytes().escape_ascii().to_string(),
                    "{} in {locale} by {evaluate:?}: {}",
                    shell.program,
                    String::from_utf8_lossy(&output.stderr)
                );
            }
            assert_eq!(arrived.collect::<Vec<_>>(), [b""]);
        }
    }
}

/// Runs a script in `dir`. Scripts mark programs by nushell's `^`, which the
/// other shells do without.
fn run(shell: &Shell, dir: &Path, locale: &str, script: &str) -> Output {
    let script = match shell.program {
        "nu" => script.replace("^printf '\\0'", r#"print --no-newline "\u{0}""#),
        _ => script.replace("\n^", "\n"),
    };
    let path = dir.join("script");
    fs::write(&path, script).unwrap();
    Command::new(shell.program)
        .args(shell.arguments)
        .arg(&path)
        .current_dir(dir)
        .env_clear()
        .env("PATH", path_variable())
        .env("HOME", dir)
        .env("LC_ALL", locale)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn installed(shell: &&Shell) -> bool {
    let program = shell.program;
    let found = std::env::split_paths(&path_variable()).any(|dir| dir.join(program).is_file());
    if !found {
        assert!(!in_ci(), "{program} is not installed, and CI=true");
        say_once(program);
    }
    found
}

fn say_once(program: &'static str) {
    static SAID: Mutex<Vec<&str>> = Mutex::new(Vec::new());
    let mut said = SAID.lock().unwrap();
    if !said.contains(&program) {
        said.push(program);
        // Not eprintln!, which the test harness keeps to itself.
        let _ = writeln!(
            std::io::stderr(),
            "\nMISSING: {program} is not on PATH, so its quoting is NOT tested\n"
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "the shells are found by it")]
fn path_variable() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "decides what a missing shell is")]
fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|ci| ci == "true")
}

fn export(format: OutputFormat, value: &str) -> Option<Rendered> {
    let variable = Variable { name: &name(), value, secret: true };
    format.export(&[variable]).ok()
}

fn name() -> Name {
    "V".parse().unwrap()
}

/// Any text but NUL, half of it made of what quoting stumbles over.
fn value() -> impl Strategy<Value = String> {
    let nasty = proptest::sample::select(
        "'\"\\$`!%^&|;#~*?[](){}<>=, \t\r\n\u{1}\u{7f}\u{2018}\u{2019}\u{feff}an0x"
            .chars()
            .collect::<Vec<_>>(),
    );
    let any = any::<char>().prop_filter("no variable holds NUL", |char| *char != '\0');
    vec(prop_oneof![nasty, any], 0..24).prop_map(String::from_iter)
}

/// Few cases, each of many values: what costs time is the processes.
fn config(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 50,
        max_shrink_time: 30_000,
        ..Config::default()
    }
}
