//! The manual pages.

use std::fs;

use crate::common;
use crate::common::runner::Runner;

/// mandoc is the strictest reader of manual pages. That a page has no date is meant.
#[test]
fn the_manual_is_well_formed_and_refers_to_pages_that_there_are() {
    if common::program("mandoc").is_none() {
        return common::missing("mandoc");
    }
    let runner = Runner::bare();
    let mut pages = vec![Vec::new()];
    let mut printed = 0;
    while let Some(verbs) = pages.pop() {
        let words: Vec<&str> =
            ["man"].into_iter().chain(verbs.iter().map(String::as_str)).collect();
        let page = runner.run(&words).succeeded().to_owned();
        let file = runner.home().join("page.1");
        fs::write(&file, &page).unwrap();
        let lint = runner.start_program(&["mandoc", "-Tlint", "-Wwarning", "page.1"]).finish();
        let found = lint.stdout.lines().filter(|line| !line.contains("missing date"));
        assert_eq!(found.collect::<Vec<_>>(), Vec::<&str>::new(), "{words:?}");
        assert!(!page.contains("watchdog"), "{words:?}");
        let name = format!(
            r"gc\-token\-{}",
            verbs.iter().map(|it| format!(r"{it}\-")).collect::<String>()
        );
        for line in page.lines().filter(|it| it.ends_with("(1)") && !it.contains(' ')) {
            let verb = line.trim_end_matches("(1)").strip_prefix(&name).expect(line);
            pages.push([verbs.clone(), vec![verb.replace(r"\-", "-")]].concat());
        }
        printed += 1;
    }
    assert!(printed > 18, "{printed} pages");
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
