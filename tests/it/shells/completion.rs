//! A person presses TAB in bash, zsh and fish; nushell is asked as an editor asks it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use crate::common::process::wait_until;
use crate::common::runner::Runner;
use crate::common::terminal::Terminal;
use crate::common::{missing, program};

/// The text before TAB, and the completed line, in every shell.
const COMPLETED: &[(&str, &str)] = &[
    ("gc-token ext", "gc-token external"),
    ("gc-token exec --inter", "gc-token exec --intercept"),
    ("gc-token cache pru", "gc-token cache prune"),
    ("gc-token terraform inst", "gc-token terraform install"),
    ("gc-token env --shell az", "gc-token env --shell azure-pipelines"),
    ("gc-token env -s fi", "gc-token env -s fish"),
    ("gc-token env --shell=dot", "gc-token env --shell=dotenv"),
    ("gc-token get --verify al", "gc-token get --verify always"),
    ("gc-token get -v --format he", "gc-token get -v --format header"),
    ("gc-token get --region ap-sout", "gc-token get --region ap-south"),
    ("gc-token get --region sa", "gc-token get --region sa-east-1"),
    ("gc-token status --client-auth po", "gc-token status --client-auth post"),
    ("gc-token gateway --log-format js", "gc-token gateway --log-format json"),
    ("gc-token doctor --profile st", "gc-token doctor --profile staging"),
    ("gc-token doctor --profile=ven", "gc-token doctor --profile=vendors"),
    ("gc-token completions nu", "gc-token completions nushell"),
    ("gc-token man gate", "gc-token man gateway"),
    ("gc-token man cache pru", "gc-token man cache prune"),
    ("gc-token man --all dir", "gc-token man --all directory"),
    ("gc-token get --region Irel", "gc-token get --region Ireland"),
    ("gc-token get --min-ttl 10", "gc-token get --min-ttl 10m"),
    // Before the name of the command, too.
    ("gc-token --verify al", "gc-token --verify always"),
    ("gc-token --profile=st", "gc-token --profile=staging"),
    ("gc-token --region sa-east-1 -v stat", "gc-token --region sa-east-1 -v status"),
    ("gc-token --verify never get --format he", "gc-token --verify never get --format header"),
    // Only gc-token itself starts that one.
    ("gc-token exec-", "gc-token exec-"),
    // Files are completed by the shell, with what needs quotes.
    ("gc-token get --ca-file my", "gc-token get --ca-file my ca.pem"),
    ("gc-token get --ca-file=my", "gc-token get --ca-file=my ca.pem"),
    ("gc-token get --ca-file ~/dir", "gc-token get --ca-file HOME/directory"),
    // And so is the command of 'exec', with its own arguments.
    ("gc-token exec -- frobn", "gc-token exec -- frobnicate"),
    (
        "gc-token exec --gateway -v -- frobnicate app",
        "gc-token exec --gateway -v -- frobnicate apply",
    ),
    ("gc-token exec frobn", "gc-token exec frobnicate"),
    ("gc-token --verify never exec -v frobn", "gc-token --verify never exec -v frobnicate"),
    ("gc-token exec --set=A=b:c frobnicate app", "gc-token exec --set=A=b:c frobnicate apply"),
    ("gc-token sandbox --lifetime 1h frobn", "gc-token sandbox --lifetime 1h frobnicate"),
];

/// A shell, how it is started, and how it learns of the completions.
struct Shell {
    words: &'static [&'static str],
    /// The path of the script below HOME.
    place: &'static str,
    /// The user's own configuration.
    set_up: &'static str,
}

const BASH: Shell = Shell {
    words: &["bash", "--norc", "--noprofile", "-i"],
    place: "gc-token.bash",
    set_up: ". ./gc-token.bash",
};

const BASH_COMPLETION: &str = "/usr/share/bash-completion/bash_completion";

#[test]
fn bash_completes_what_is_sourced() {
    // Without the package, nothing knows how frobnicate is completed.
    let completed: Vec<_> =
        COMPLETED.iter().copied().filter(|(typed, _)| !typed.ends_with("frobnicate app")).collect();
    try_out("bash", &BASH, &completed);
}

#[test]
fn bash_completes_what_its_package_finds() {
    if !fs::exists(BASH_COMPLETION).unwrap() {
        return missing("the package bash-completion");
    }
    let place = ".local/share/bash-completion/completions/gc-token";
    let set_up =
        ". /usr/share/bash-completion/bash_completion; complete -W 'apply plan' frobnicate";
    try_out("bash", &Shell { place, set_up, ..BASH }, COMPLETED);
}

#[test]
fn zsh_completes_what_is_sourced() {
    let set_up = "autoload -U compinit; compinit -u; . ./_gc-token; \
                  _frobnicate() { compadd apply plan }; compdef _frobnicate frobnicate";
    let words = &["zsh", "-f", "-i"];
    try_out("zsh", &Shell { words, place: "_gc-token", set_up }, COMPLETED);
}

#[test]
fn zsh_completes_what_it_finds() {
    let set_up = "fpath=(~/functions $fpath); autoload -U compinit; compinit -u; \
                  _frobnicate() { compadd apply plan }; compdef _frobnicate frobnicate";
    let words = &["zsh", "-f", "-i"];
    try_out("zsh", &Shell { words, place: "functions/_gc-token", set_up }, COMPLETED);
}

#[test]
fn fish_completes_what_it_finds() {
    let set_up = "complete --command frobnicate --no-files --arguments 'apply plan'";
    let words = &["fish", "--init-command", "set -g fish_autosuggestion_enabled 0"];
    let place = ".config/fish/completions/gc-token.fish";
    try_out("fish", &Shell { words, place, set_up }, COMPLETED);
}

#[test]
fn nushell_completes_what_is_sourced() {
    if program("nu").is_none() {
        return missing("nu");
    }
    let runner = runner();
    let script = runner.run(&["completions", "nushell"]).succeeded().to_owned();
    for (typed, offered) in [
        ("gc-token ext", &["gc-token external"] as &[_]),
        ("gc-token env --shell po", &["posix", "powershell"]),
        ("gc-token get --verify al", &["always"]),
        ("gc-token get --region sa", &["sa-east-1"]),
        ("gc-token doctor --profile st", &["staging"]),
        ("gc-token completions nu", &["nushell"]),
        ("gc-token exec-", &[]),
    ] {
        let file = runner.home().join("typed.nu");
        let text = format!("{script}\n{typed}");
        fs::write(&file, &text).unwrap();
        let mut nu = runner.command_with_path("nu");
        nu.args(["--no-config-file", "--ide-complete", &text.len().to_string(), "typed.nu"]);
        let answer: serde_json::Value = serde_json::from_str(&output(&mut nu)).unwrap();
        assert_eq!(answer["completions"], serde_json::json!(offered), "{typed}");
    }
    // The script declares the command line, and nothing that was allowed is refused.
    let script = format!(
        "{script}\ngc-token exec -vv --no-cache --set 'A={{token}}' --set 'B={{token}}' -- \
         frobnicate --flag=1 -auto-approve"
    );
    let ended = runner.shell("nu", &script);
    assert_eq!(ended.status.code(), Some(3), "{ended:#?}");
    assert!(ended.stderr.contains("there is no region"), "{}", ended.stderr);
}

/// Presses TAB after each line, and compares the line that it makes.
fn try_out(name: &str, shell: &Shell, completed: &[(&str, &str)]) {
    if program(name).is_none() {
        return missing(name);
    }
    let runner = runner();
    let script = runner.run(&["completions", name]).succeeded().to_owned();
    let runner = runner.with_file(shell.place, &script);
    let mut terminal = Terminal::start(&runner, shell.words);
    terminal.type_in(&format!("{}; echo be''gin\n", shell.set_up));
    terminal.see("begin\r\n");
    for (typed, wanted) in completed {
        assert_eq!(tab(&runner, &mut terminal, typed), *wanted, "{name}: {typed}");
    }
    terminal.leave();
}

/// Returns the line after TAB: it becomes the arguments of `echo`.
fn tab(runner: &Runner, terminal: &mut Terminal, typed: &str) -> String {
    let file = runner.home().join("line");
    let _ = fs::remove_file(&file);
    const BEGIN: &str = "\x01";
    const END: &str = "\x05";
    terminal.type_in(&format!("{typed}\t{BEGIN}echo {END} > ~/line; echo wri''tten\n"));
    terminal.see("written\r\n");
    let mut line = String::new();
    wait_until("the line is written", || {
        line = fs::read_to_string(&file).unwrap_or_default();
        line.ends_with('\n')
    });
    // zsh takes the slash away again when the line goes on with a blank.
    line.trim_end().trim_end_matches('/').replace(&runner.home().display().to_string(), "HOME")
}

/// A machine with profiles, a file and a directory, and a program of its own.
fn runner() -> Runner {
    let runner = Runner::bare()
        .with_file(".config/gc-token/config.toml", "[staging]\n[production]\n")
        .with_file(".gc/config.toml", "[vendors]\n")
        .with_file("my ca.pem", "")
        .with_file("directory/file", "")
        .with_file("bin/frobnicate", "#!/bin/sh\n");
    let program = runner.home().join("bin/frobnicate");
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::split_paths(&super::path_variable()).collect::<Vec<PathBuf>>();
    let path = [runner.home().join("bin")].into_iter().chain(path);
    let path = std::env::join_paths(path).unwrap();
    runner.set("PATH", path).set("TERM", "xterm").set("INPUTRC", "/dev/null")
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
