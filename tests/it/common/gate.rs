//! A TCP proxy that holds connections back until a test opens it, so that tests can order
//! events without sleeping.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use super::process::wait_until;

/// A proxy, closed at first. Its threads end with the process.
pub struct Gate {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// The number of connections, and whether the gate is open.
    arrived: Mutex<(usize, bool)>,
    opened: Condvar,
}

impl Gate {
    /// Starts a gate in front of the server at `url`.
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
                    copy_both_ways(client.unwrap(), TcpStream::connect(host).unwrap());
                });
            }
        });
        Gate { port, state }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Lets waiting and later connections through.
    pub fn open(&self) {
        self.state.arrived.lock().unwrap().1 = true;
        self.state.opened.notify_all();
    }

    /// Holds later connections back.
    pub fn close(&self) {
        self.state.arrived.lock().unwrap().1 = false;
    }

    /// The number of connections so far, let through or not.
    pub fn arrivals(&self) -> usize {
        self.state.arrived.lock().unwrap().0
    }

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

fn copy_both_ways(client: TcpStream, server: TcpStream) {
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
