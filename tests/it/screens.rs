//! What people see on a terminal: colours, widths, and the line that says what is waited for.
//!
//! Light and dark terminals get the same: only the 16 colours of ANSI are used, whose shades
//! the terminal chooses, and never a background.

mod progress;

use gc_token::internals::sandbox::SandboxConfig;

use crate::common::cloud::cloud;
use crate::common::runner::Runner;
use crate::common::terminal::Terminal;

fn machine() -> Runner {
    Runner::bare().set("TERM", "xterm-256color")
}

/// Replaces what differs from run to run.
fn normalized(runner: &Runner, screen: &str) -> String {
    let screen = screen.replace(&runner.home().display().to_string(), "HOME");
    let lines = screen.lines().map(|line| match line.split_once(" on linux ") {
        Some((version, _)) => format!("{version} on linux ..."),
        None => line.to_owned(),
    });
    lines.map(|line| line + "\n").collect()
}

#[track_caller]
fn fits(screen: &str, columns: usize) {
    for line in screen.lines() {
        let mut plain = String::new();
        for part in line.split("^[") {
            let is_first = plain.is_empty() && line.starts_with(part);
            plain += if is_first {
                part
            } else {
                part.trim_start_matches(|char| "[0123456789;".contains(char)).get(1..).unwrap_or("")
            };
        }
        assert!(plain.chars().count() <= columns, "{line:?} in {screen}");
    }
}

#[test]
fn a_report_of_doctor_is_coloured_and_fits_the_terminal() {
    for columns in [60, 80, 120] {
        let runner = machine();
        let screen = normalized(&runner, &Terminal::screen(&runner, columns, &["doctor"]));
        fits(&screen, columns.into());
        insta::assert_snapshot!(format!("doctor_{columns}"), screen);
    }
}

#[test]
fn a_page_of_the_manual_comes_with_the_command_that_shows_it() {
    let runner = machine();
    let hint = "to read it: gc-token man > gc-token.1; man ./gc-token.1";
    assert!(Terminal::screen(&runner, 80, &["man"]).contains(hint));
    let page = runner.run(&["man"]);
    assert_eq!(page.stderr, "");
    page.succeeded();
}

#[test]
fn messages_have_coloured_labels() {
    let runner = machine();
    for (name, args) in [("no_region", &["get"][..]), ("unknown_flag", &["get", "--regin=x"])] {
        let screen = normalized(&runner, &Terminal::screen(&runner, 80, args));
        insta::assert_snapshot!(name, screen);
    }
}

#[test]
fn colour_can_be_declined_and_demanded() {
    let coloured = Terminal::screen(&machine(), 80, &["doctor"]);
    assert!(coloured.contains("^["), "{coloured}");
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb"), ("CLICOLOR", "0")] {
        for args in [&["doctor"][..], &["get"], &["get", "--regin"], &["--help"]] {
            let screen = Terminal::screen(&machine().set(name, value), 80, args);
            assert!(!screen.contains("^["), "{name}={value}: {screen}");
        }
    }
    let piped = machine().run(&["get"]);
    assert!(!piped.stderr.contains('\u{1b}'), "{piped:#?}");
    let forced = machine().set("CLICOLOR_FORCE", "1");
    for args in [&["get"][..], &["get", "--regin"]] {
        assert!(forced.run(args).stderr.contains("\u{1b}[31merror:"));
    }
    assert!(forced.run(&["--help"]).stdout.contains('\u{1b}'));
    assert!(forced.run(&["doctor"]).stdout.contains("\u{1b}[31mFAILURE"));
}

#[test]
fn foreign_text_brings_no_colours_along() {
    let runner = machine().set("GENESYSCLOUD_REGION", "x\u{1b}[32my");
    let screen = Terminal::screen(&runner, 80, &["get"]);
    assert!(screen.contains("^[[31merror:") && !screen.contains("^[[32m"), "{screen}");
}

#[test]
fn tables_fit_80_columns() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).set("TERM", "xterm");
    runner.run(&["get"]).succeeded();
    for args in [&["regions"][..], &["status"], &["doctor", "-v"], &["cache", "path"]] {
        let screen =
            Terminal::screen(&runner, 80, args).replace(runner.home().to_str().unwrap(), "~");
        fits(&screen, 80);
    }
}

#[test]
fn settings_and_ci_systems_fit_60_columns() {
    let profile = "[default]\nregion = 'Irland'\nscop = 'a'\nclient_id = 'the-client'\n\
                   scope = 'one two three four five six seven eight nine ten eleven twelve'\n";
    let runner = machine()
        .with_file(".config/gc-token/config.toml", profile)
        .set("GENESYSCLOUD_OAUTHCLIENT_ID", "another-client");
    for (runner, args) in [
        (&machine(), &["ci"][..]),
        (&runner, &["config", "show"]),
        (&runner, &["config", "show", "-v"]),
    ] {
        let screen = normalized(runner, &Terminal::screen(runner, 60, args));
        fits(&screen, 60);
        insta::assert_snapshot!(args.join("_"), screen);
    }
}

#[test]
fn a_terminal_is_told_how_to_go_on() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let mut shell = Terminal::start(&runner, &["bash", "--norc", "--noprofile"]);
    for (command, hint) in [
        ("sandbox", "hint: the sandbox serves until Ctrl-C"),
        ("gateway", "Ctrl-C ends it after its open requests"),
    ] {
        shell.see("$ ");
        shell.type_in(&format!("gc-token {command}\n"));
        shell.see(hint);
        shell.type_in("\u{3}");
    }
    shell.see("$ ");
    shell.type_in("gc-token env\n");
    shell.see("to set them: eval \"$(gc-token env)\"");
    shell.type_in("eval \"$(gc-token env)\"; echo \"set: ${#GENESYSCLOUD_ACCESS_TOKEN}\"\n");
    shell.see("set: 86");
    shell.type_in("SHELL=/usr/bin/fish gc-token env\n");
    shell.see("gc-token env --shell fish | source");
    shell.leave();
}
