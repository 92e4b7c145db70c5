//! An interactive shell on a pseudo-terminal.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::guard;
use super::runner::Runner;

pub struct Terminal {
    child: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
    transcript: String,
    /// Set once the test has hung up.
    hung_up: Arc<AtomicBool>,
}

const SCREEN_TIMEOUT: Duration = Duration::from_secs(60);

impl Terminal {
    /// Starts a shell; `words` are its command line.
    pub fn start(runner: &Runner, words: &[&str]) -> Terminal {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = OpenOptions::new().read(true).write(true).open(name).unwrap();
        let end = || Stdio::from(slave.try_clone().unwrap());
        let mut command: Command = runner.command_with_path("setsid");
        command.arg("--ctty").args(words).env("PS1", "$ ");
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        drop((slave, command));
        let keyboard = File::from(master);
        let mut output = keyboard.try_clone().unwrap();
        let (sender, screen) = channel();
        let hung_up = Arc::new(AtomicBool::default());
        let is_hung_up = hung_up.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while !is_hung_up.load(Ordering::Relaxed) {
                let mut ready = [PollFd::new(&output, PollFlags::IN)];
                let wait = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
                if poll(&mut ready, Some(&wait)) == Ok(0) {
                    continue;
                }
                // The terminal's last user closes it.
                let Ok(length @ 1..) = output.read(&mut bytes) else {
                    break;
                };
                if sender.send(bytes[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal {
            child,
            keyboard,
            screen,
            seen: String::new(),
            transcript: String::new(),
            hung_up,
        }
    }

    /// Runs `gc-token` on a terminal of this width that knows colours, to its end. Returns all
    /// that appeared, with `^[` for escape, and searches it for secrets.
    pub fn screen(runner: &Runner, columns: u16, args: &[&str]) -> String {
        let size = format!("stty rows 24 cols {columns}; exec gc-token \"$@\"");
        let words: Vec<_> = ["sh", "-c", &size, "sh"].iter().chain(args).copied().collect();
        let mut terminal = Terminal::start(runner, &words);
        while let Ok(bytes) = terminal.screen.recv_timeout(SCREEN_TIMEOUT) {
            terminal.seen += &String::from_utf8_lossy(&bytes);
        }
        guard::holds_no_secret(terminal.seen.as_bytes(), "a terminal");
        terminal.seen.replace("\r\n", "\n").replace('\u{1b}', "^[")
    }

    pub fn type_in(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until `text` appears on the screen, after the text that was last waited for.
    pub fn see(&mut self, text: &str) {
        while !self.seen.contains(text) {
            let bytes = self.screen.recv_timeout(SCREEN_TIMEOUT);
            let bytes = bytes.unwrap_or_else(|_| panic!("{text:?} is not in {:?}", self.seen));
            let text = String::from_utf8_lossy(&bytes);
            self.seen += &text;
            self.transcript += &text;
        }
        let end = self.seen.find(text).unwrap() + text.len();
        self.seen.drain(..end);
    }

    /// Returns all that has been shown so far, up to what was last waited for at least.
    pub fn transcript(&self) -> &str {
        &self.transcript
    }

    /// Closes the terminal, as a lost connection does, and waits until the shell has ended.
    pub fn hang_up(mut self) {
        self.hung_up.store(true, Ordering::Relaxed);
        self.keyboard = File::open("/dev/null").unwrap();
        self.child.wait().unwrap();
    }

    pub fn leave(mut self) {
        self.type_in("exit 0\n");
        self.child.wait().unwrap();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}
