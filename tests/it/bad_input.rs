//! Bad input from everywhere: what exactly is said, and with which exit code.
//!
//! Each table runs the real program once for each of its rows; what comes out
//! stands, reviewed, in `snapshots/`. Standard output is empty on failure.

mod commands;
mod control;
mod entries;
mod hostile;
mod optional;
mod places;
mod profiles;
mod queries;
mod replies;
mod settings;
mod shells;
mod text;

use crate::common::process::Finished;

/// The results of a table's rows, for a snapshot.
#[derive(Default)]
struct Report(String);

impl Report {
    /// Asserts a failure with a message, and records it.
    fn failure(&mut self, input: &str, finished: &Finished) {
        let code = finished.status.code();
        let code = code.filter(|code| *code != 0);
        let code = code.unwrap_or_else(|| panic!("{input}: no failure: {finished:#?}"));
        assert_eq!(finished.stdout, "", "{input}");
        assert!(finished.stderr.starts_with("gc-token: "), "{input}: {finished:#?}");
        self.row(input, &format!("exit {code}"), &finished.stderr);
    }

    /// Asserts a warning besides the token, and records it.
    fn warning(&mut self, input: &str, finished: &Finished) {
        let token = finished.succeeded().trim_end();
        assert_eq!(token.len(), 86, "{input}: {finished:#?}");
        self.row(input, "a token", &finished.stderr);
    }

    fn row(&mut self, input: &str, outcome: &str, stderr: &str) {
        self.0 += &format!("## {input}\n{outcome}\n{stderr}\n");
    }
}
