//! Every cell, and the tables of what they show.

use std::fmt::Write;

use gc_token::internals::sandbox::TokenFormat;

use super::cell::{Cell, Count, EVERY, JOB, JOBS, LIFETIME, Outcome};
use super::docs;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Offsets and steps of a runner's clock, in seconds.
const SIZES: [(&str, i64); 5] =
    [("2 s", 2), ("5 min", 5 * MINUTE), ("1 h", HOUR), ("1 day", DAY), ("10 years", 3_652 * DAY)];

/// Issuer and API against the truth, in seconds.
const CLOUDS: [(i64, i64); 10] = [
    (0, 0),
    (0, 2),
    (0, 120),
    (0, -120),
    (120, 0),
    (120, 120),
    (120, -120),
    (-120, 0),
    (-120, 120),
    (-120, -120),
];

/// Runners: a name, the initial offset of the wall clock, and a later step of it.
pub(super) fn runners() -> Vec<(String, i64, i64)> {
    let mut runners = vec![("right".to_owned(), 0, 0)];
    for (name, size) in SIZES {
        runners.push((format!("{name} ahead"), size, 0));
        runners.push((format!("{name} behind"), -size, 0));
    }
    for (name, size) in SIZES {
        runners.push((format!("stepped {name} forwards"), 0, size));
        runners.push((format!("stepped {name} backwards"), 0, -size));
    }
    runners
}

#[test]
fn no_clock_makes_gc_token_hand_out_a_token_that_is_refused() {
    let mut text = legend();
    for (kind, format) in [("Opaque", TokenFormat::Opaque), ("JWT", TokenFormat::Jwt)] {
        for (boot, reboots) in [("one boot", false), ("a reboot in between", true)] {
            writeln!(text, "\n### {kind} tokens, {boot}\n").unwrap();
            text += &table(format, reboots);
        }
    }
    docs::section("matrix", &text);
}

fn legend() -> String {
    let need = format!(
        "{JOBS} jobs, one every {EVERY} s, each needs its token for {JOB} s, and tokens live \
         {LIFETIME} s. The columns are the clocks of issuer and API against the truth, in \
         seconds.\n"
    );
    let stops = "`exit 8` means that no token is valid at the API when it is made: its clock is \
                 behind the start that the JWT claims, by far more than the skew. `gc-token` says \
                 so and stops; the script goes on and is refused.\n";
    format!("\n{need}\n{stops}")
}

fn table(format: TokenFormat, reboots: bool) -> String {
    let mut text = "| runner |".to_owned();
    for (issuer, api) in CLOUDS {
        write!(text, " {issuer:+} / {api:+} |").unwrap();
    }
    text += "\n|---|";
    text += &"---|".repeat(CLOUDS.len());
    text.push('\n');
    // Runners with the same outcomes share a row.
    let mut rows: Vec<(String, String)> = Vec::new();
    for (name, ahead, step) in runners() {
        let mut cells = String::new();
        let outcomes = row(ahead, step, format, reboots);
        for ((issuer, api), outcome) in CLOUDS.iter().zip(outcomes) {
            let cell = format!("{name}, issuer {issuer:+}, API {api:+}, {format:?}, {reboots}");
            holds(&outcome, format == TokenFormat::Jwt && issuer > api, &cell);
            write!(cells, " {} |", shown(&outcome)).unwrap();
        }
        match rows.iter_mut().find(|(_, row)| *row == cells) {
            Some((names, _)) => write!(names, ", {name}").unwrap(),
            None => rows.push((name, cells)),
        }
    }
    for (names, cells) in rows {
        writeln!(text, "| {names} |{cells}").unwrap();
    }
    text
}

/// Runs all cells of a row in parallel.
fn row(ahead: i64, step: i64, format: TokenFormat, reboots: bool) -> Vec<Outcome> {
    std::thread::scope(|scope| {
        let cells = CLOUDS.map(|(issuer, api)| Cell { ahead, step, issuer, api, format, reboots });
        let played = cells.map(|cell| scope.spawn(move || cell.play()));
        played.map(|cell| cell.join().unwrap()).into()
    })
}

/// Asserts the promises of `gc-token`.
fn holds(outcome: &Outcome, no_token_is_valid: bool, cell: &str) {
    let Count { refusals, mints, stopped } = outcome.gc_token;
    assert_eq!(refusals, 0, "{cell}: {outcome:?}");
    assert_eq!(stopped, no_token_is_valid.then_some(8), "{cell}: {outcome:?}");
    assert!(mints <= outcome.ideal + 1, "{cell}: {outcome:?}");
}

fn shown(outcome: &Outcome) -> String {
    let Outcome { naive, gc_token, ideal } = outcome;
    match gc_token.stopped {
        Some(code) => format!("{} → exit {code}", naive.refusals),
        None => format!(
            "{} → {}, {} → {} ({ideal})",
            naive.refusals, gc_token.refusals, naive.mints, gc_token.mints
        ),
    }
}
