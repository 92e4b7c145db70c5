//! The manual pages.

use std::collections::BTreeSet;
use std::fs;

use crate::common;
use crate::common::runner::Runner;

/// mandoc is the strictest reader of manual pages.
#[test]
fn the_manual_is_well_formed_and_complete() {
    if common::program("mandoc").is_none() {
        return common::missing("mandoc");
    }
    let runner = Runner::bare().set("SOURCE_DATE_EPOCH", "1767225600");
    runner.run(&["man", "--all", "share/man1"]).succeeded();
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(runner.home().join("share/man1")).unwrap() {
        let path = entry.unwrap().path();
        let page = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let lint = ["mandoc", "-Tlint", "-Wwarning", path.to_str().unwrap()];
        assert_eq!(runner.start_program(&lint).finish().stdout, "", "{name}");
        assert!(page.contains(" 1 \"2026-01-01\" \"gc-token "), "{name}");
        let wanted = ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLES", "SEE ALSO"];
        for section in wanted {
            let heading = [format!(".SH {section}\n"), format!(".SH \"{section}\"\n")];
            assert!(heading.iter().any(|heading| page.contains(heading)), "{name}: {section}");
        }
        assert!(!page.contains("watchdog"), "{name}");
        names.insert(name);
    }
    // Each command that the help lists has a page, which 'man COMMAND' prints.
    let mut commands = vec![Vec::new()];
    while let Some(words) = commands.pop() {
        let name = ["gc-token"].iter().chain(&words).copied().collect::<Vec<_>>().join("-");
        let file = runner.home().join(format!("share/man1/{name}.1"));
        let page = fs::read_to_string(file).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(runner.run(&[&["man"], &words[..]].concat()).succeeded(), page, "{name}");
        assert!(names.remove(&name));
        let prefix = format!("{}\\-", name.replace('-', "\\-"));
        let below = page.lines().filter_map(|line| line.strip_prefix(&prefix)?.strip_suffix("(1)"));
        let below: Vec<_> = below.map(|word| word.replace("\\-", "-").leak() as &str).collect();
        commands.extend(below.into_iter().map(|word| [&words[..], &[word]].concat()));
    }
    assert_eq!(names, BTreeSet::new(), "pages of no command");
}

#[test]
fn a_page_names_what_its_command_reads() {
    let runner = Runner::bare();
    let get = runner.run(&["man", "get"]).succeeded().replace('\\', "");
    let sections = [
        "GENESYSCLOUD_OAUTHCLIENT_SECRET",
        "GC_TOKEN_MIN_TTL",
        ".SH FILES\n.TP\nfI~/.config/gc-token/config.toml",
        "fB10fR\n",
        "gc-token get --json",
        "fBgc-tokenfR(1)",
    ];
    for text in sections {
        assert!(get.contains(text), "{text}: {get}");
    }
    assert!(!get.contains("fB127fR"), "{get}");
    assert!(runner.run(&["man", "exec"]).succeeded().contains("\\fB127\\fR\n"));
    assert!(!runner.run(&["man", "regions"]).succeeded().contains(".SH FILES"));
    let refused = runner.run(&["man", "--all", "/dev/null/man1"]);
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    assert!(refused.stderr.contains("--all: cannot write /dev/null/man1"), "{refused:?}");
}

/// Nobody has to know of what the program starts itself.
#[test]
fn internal_commands_are_offered_nowhere() {
    let runner = Runner::bare();
    let shells = ["bash", "elvish", "fish", "nushell", "powershell", "zsh"];
    let help: [&[&str]; 3] = [&["--help"], &["help"], &["man"]];
    let scripts = shells.each_ref().map(|shell| ["completions", shell]);
    for words in help.into_iter().chain(scripts.iter().map(|words| &words[..])) {
        let text = runner.run(words).succeeded().to_owned();
        assert!(text.contains("gc-token") && !text.contains("watchdog"), "{words:?}");
    }
}
