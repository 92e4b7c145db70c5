//! A line on a terminal that says what a slow command waits for. It appears after a second,
//! and is removed before anything else is written there.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::{Emphasis, Environment, Screen};
use crate::platform::{InterruptGuard, is_foreground_stderr, write_from_background};
use crate::{sanitize, sync};

const DELAY: Duration = Duration::from_secs(1);

/// Also the longest time for which a signal is held back while the line is drawn.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Carriage return, and erasure of the whole line (ECMA-48, EL).
const ERASE: &str = "\r\u{1b}[2K";

/// Without a thread until something is waited for.
#[derive(Clone)]
pub(super) struct ProgressLine {
    shared: Arc<SharedLine>,
}

struct SharedLine {
    screen: Screen,
    state: Mutex<ProgressState>,
    changed: Condvar,
}

#[derive(Default)]
struct ProgressState {
    /// By their age; the newest is shown.
    activities: BTreeMap<u64, String>,
    next_id: u64,
    /// Changes whenever the process begins to wait after it had nothing to wait for.
    episode: u64,
    drawn: Option<String>,
    pauses: u32,
    has_thread: bool,
    interrupt: Option<InterruptGuard>,
}

/// Something that is waited for, until this is dropped.
pub(crate) struct Activity {
    line: Option<(ProgressLine, u64)>,
}

/// Another program has the terminal until this is dropped.
pub(crate) struct ProgressPause(Option<ProgressLine>);

/// Returns whether a line that changes is welcome: not in the log of a CI system, which may
/// give its jobs a terminal.
pub(super) fn shows_progress(env: &Environment, screen: Screen) -> bool {
    let is_ci = env.text("CI").is_some_and(|value| value != "false" && value != "0");
    screen.is_terminal && !super::screen::is_dumb(env) && !is_ci
}

impl ProgressLine {
    pub(super) fn new(screen: Screen) -> ProgressLine {
        let (state, changed) = (Mutex::default(), Condvar::new());
        ProgressLine { shared: Arc::new(SharedLine { screen, state, changed }) }
    }

    pub(super) fn begin(&self, text: &str) -> Activity {
        let mut state = self.state();
        let id = state.next_id;
        state.next_id += 1;
        if state.activities.is_empty() {
            state.episode += 1;
        }
        state.activities.insert(id, sanitize::line(text).into_owned());
        if !state.has_thread {
            let shared = self.shared.clone();
            let thread = std::thread::Builder::new().name("progress".into());
            state.has_thread = thread.spawn(move || shared.draw_when_slow()).is_ok();
        }
        self.shared.changed.notify_all();
        Activity { line: Some((self.clone(), id)) }
    }

    pub(super) fn pause(&self) -> ProgressPause {
        let mut state = self.state();
        state.pauses += 1;
        state.erase();
        ProgressPause(Some(self.clone()))
    }

    /// Writes in place of the line, which returns later.
    pub(super) fn write_instead<T>(&self, write: impl FnOnce() -> T) -> T {
        let mut state = self.state();
        state.erase();
        write()
    }

    /// Removes the line for good, as the process ends.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.activities.clear();
        state.pauses += 1;
        state.erase();
    }

    fn state(&self) -> MutexGuard<'_, ProgressState> {
        sync::lock(&self.shared.state)
    }
}

impl Activity {
    pub(super) fn hidden() -> Activity {
        Activity { line: None }
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        if let Some((line, id)) = &self.line {
            let mut state = line.state();
            state.activities.remove(id);
            if state.activities.is_empty() {
                state.erase();
            }
        }
    }
}

impl ProgressPause {
    pub(super) fn needless() -> ProgressPause {
        ProgressPause(None)
    }
}

impl Drop for ProgressPause {
    fn drop(&mut self) {
        if let Some(line) = &self.0 {
            line.state().pauses -= 1;
        }
    }
}

impl SharedLine {
    fn draw_when_slow(&self) {
        let mut state = sync::lock(&self.state);
        loop {
            let is_idle = |state: &mut ProgressState| state.activities.is_empty();
            let Ok(waiting) = self.changed.wait_while(state, is_idle) else { return };
            let episode = waiting.episode;
            let is_same = |state: &mut ProgressState| state.episode == episode;
            let Ok((slow, _)) = self.changed.wait_timeout_while(waiting, DELAY, is_same) else {
                return;
            };
            state = slow;
            while state.episode == episode && !state.activities.is_empty() {
                state.draw(self.screen);
                let Ok((next, _)) = self.changed.wait_timeout(state, POLL_INTERVAL) else { return };
                state = next;
                if state.interrupt.as_ref().is_some_and(InterruptGuard::is_interrupted) {
                    // The signal then has its usual effect.
                    state.erase();
                }
            }
        }
    }
}

impl ProgressState {
    fn draw(&mut self, screen: Screen) {
        let newest = self.activities.last_key_value().map(|(_, text)| text);
        let Some(text) = newest.filter(|_| self.pauses == 0) else {
            return;
        };
        if self.drawn.as_ref() == Some(text) || !is_foreground_stderr() {
            return;
        }
        let text = text.clone();
        // A line that is wrapped could not be erased.
        let width = screen.columns.unwrap_or(80).saturating_sub(1);
        let shown = sanitize::shorten(text.clone(), width.saturating_sub(3));
        if self.interrupt.is_none() {
            self.interrupt = InterruptGuard::hold().ok();
        }
        if self.interrupt.as_ref().is_some_and(InterruptGuard::is_interrupted) {
            // Somebody else still holds the signal back.
            self.interrupt = None;
            return;
        }
        write_stderr(&format!("{ERASE}{}", screen.paint(Emphasis::Muted, shown)));
        self.drawn = Some(text);
    }

    fn erase(&mut self) {
        if self.drawn.take().is_some() {
            write_stderr(ERASE);
        }
        self.interrupt = None;
    }
}

fn write_stderr(text: &str) {
    let _ = write_from_background(|| std::io::stderr().write_all(text.as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_gets_no_line_that_changes() {
        let terminal = Screen { is_terminal: true, ..Screen::default() };
        let shows = |env: Environment, screen| shows_progress(&env, screen);
        assert!(shows([("TERM", "xterm")].into(), terminal));
        assert!(shows([("TERM", "xterm"), ("CI", "false")].into(), terminal));
        assert!(!shows([("TERM", "xterm")].into(), Screen::default()));
        assert!(!shows([("TERM", "dumb")].into(), terminal));
        assert!(!shows([("TERM", "xterm"), ("CI", "true")].into(), terminal));
    }
}
