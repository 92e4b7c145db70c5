//! A gate in front of a server: connections wait until it is opened. So a test
//! can arrange who has come how far, and needs no pauses.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use super::process::wait_until;

/// A gate, closed at first. Its threads end with the process.
pub struct Gate {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// How many connections came, and whether the gate is open.
    arrived: Mutex<(usize, bool)>,
    opened: Condvar,
}

impl Gate {
    /// A gate in front of the server at `url`.
    pub fn before(url: &str) -> Gate {
        let host = url.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let gate = state.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                gate.arrived.lock().unwrap().0 += 1;
                let (gate, host) = (gate.clone(), host.clone());
                std::thread::spawn(move || {
                    gate.wait();
                    pass(client.unwrap(), TcpStream::connect(host).unwrap());
                });
            }
        });
        Gate { port, state }
    }

    /// The URL to go through it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Lets through who waits, and whoever comes later.
    pub fn open(&self) {
        self.state.arrived.lock().unwrap().1 = true;
        self.state.opened.notify_all();
    }

    /// How many connections have come so far, let through or not.
    pub fn arrivals(&self) -> usize {
        self.state.arrived.lock().unwrap().0
    }

    /// Waits until this many have come.
    pub fn wait_for(&self, arrivals: usize) {
        wait_until("a connection arrives", || self.arrivals() >= arrivals);
    }
}

impl State {
    fn wait(&self) {
        let arrived = self.arrived.lock().unwrap();
        drop(self.opened.wait_while(arrived, |(_, open)| !*open).unwrap());
    }
}

/// Copies in both directions until both ends are done.
fn pass(client: TcpStream, server: TcpStream) {
    let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let there = std::thread::spawn(move || one_way(from, to));
    one_way(server, client);
    let _ = there.join();
}

fn one_way(mut from: TcpStream, mut to: TcpStream) {
    // Either end may be killed by the test.
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}
