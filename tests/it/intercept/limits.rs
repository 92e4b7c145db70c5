//! How many connections there may be, as a process: none of one kind takes what
//! another kind needs, and clients that have gone take nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use url::Url;

use crate::common::cloud::cloud;
use crate::common::process::{Running, wait_until};
use crate::common::runner::Runner;
use crate::intercept::rig::{head_of, server, tls};

/// A command under `exec --intercept`, which waits; and its proxy.
struct Proxy {
    running: Running,
    runner: Runner,
    url: Url,
    bundle: String,
    token: String,
}

const SCRIPT: &str = r#"
    echo "$HTTPS_PROXY $SSL_CERT_FILE $GENESYSCLOUD_ACCESS_TOKEN" > "$HOME/told"; echo ready
    until [ -e "$HOME/done" ]; do sleep 0.1; done"#;

impl Proxy {
    /// With so many files.
    fn start(runner: Runner, files: u32) -> Proxy {
        let runner = runner.set("GENESYSCLOUD_REGION", "eu-west-1");
        let mut running =
            runner.start_with_files(files, &["exec", "--intercept", "--", "sh", "-c", SCRIPT]);
        running.wait_until_it_prints("ready\n");
        let told = std::fs::read_to_string(runner.home().join("told")).unwrap();
        let words: Vec<_> = told.split_whitespace().collect();
        let (url, bundle) = (Url::parse(words[0]).unwrap(), words[1].to_owned());
        let token = words[2].to_owned();
        Proxy { running, runner, url, bundle, token }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.url.port().unwrap())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(100))).unwrap();
        stream
    }

    /// A connection through the proxy, or its answer.
    fn tunnel(&self, to: &str) -> Result<TcpStream, String> {
        self.ask_for_tunnel(to).map_err(|(reply, _)| reply)
    }

    /// A refused client keeps the connection to the proxy.
    fn ask_for_tunnel(&self, to: &str) -> Result<TcpStream, (String, TcpStream)> {
        let mut stream = self.connect();
        let pair = format!("{}:{}", self.url.username(), self.url.password().unwrap());
        let shown = BASE64_STANDARD.encode(pair);
        let head = format!(
            "CONNECT {to} HTTP/1.1\r\nHost: {to}\r\nProxy-Authorization: Basic {shown}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let reply = head_of(&mut stream);
        if reply.starts_with("HTTP/1.1 200 ") { Ok(stream) } else { Err((reply, stream)) }
    }

    /// Asks the API by a connection of its own; the answer's first line.
    fn ask(&self) -> String {
        let host = "api.mypurecloud.ie";
        let roots = CertificateDer::pem_file_iter(&self.bundle).unwrap().map(Result::unwrap);
        let mut stream = tls(self.tunnel(&format!("{host}:443")).unwrap(), host, roots);
        let token = &self.token;
        let head = format!(
            "GET /api/v2/organizations/me HTTP/1.1\r\nHost: {host}\r\n\
             Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let head = head_of(&mut stream);
        head.lines().next().unwrap_or_default().to_owned()
    }

    fn end(self) {
        std::fs::write(self.runner.home().join("done"), "").unwrap();
        let finished = self.running.finish();
        assert_eq!(finished.status.code(), Some(0), "{finished:#?}");
    }
}

/// A server that says nothing, and keeps what comes. It counts.
fn silent() -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counting = count.clone();
    let kept = Mutex::new(Vec::new());
    let port = server(move |stream| {
        kept.lock().unwrap().push(stream);
        counting.fetch_add(1, Ordering::SeqCst);
    });
    (format!("127.0.0.1:{port}"), count)
}

/// Opens twice as many connections as there may be files, many of which send no request. The
/// token is revoked, so that its renewal needs files, too.
#[test]
fn disconnected_clients_take_no_permits() {
    let cloud = cloud(Default::default());
    let proxy = Proxy::start(Runner::of(&cloud), 192);
    let (host, reached) = silent();
    for number in 1..=80 {
        let mut client = proxy.tunnel(&host).unwrap_or_else(|said| panic!("{number}: {said}"));
        client.write_all(b"hello").unwrap();
        drop(client);
        wait_until("it is passed on", || reached.load(Ordering::SeqCst) == number);
    }
    let _strangers: Vec<_> = (0..100).map(|_| proxy.connect()).collect();
    assert_eq!(proxy.ask(), "HTTP/1.1 200 OK");
    cloud.revoke_all();
    assert_eq!(proxy.ask(), "HTTP/1.1 200 OK");
    assert_eq!(cloud.counters().mints, 2);
    proxy.end();
}

/// Tunnels whose clients are there stay, and the next one is refused; the cloud's
/// hosts have room of their own.
#[test]
fn tunnels_take_no_permits_of_intercepted_hosts() {
    let cloud = cloud(Default::default());
    let proxy = Proxy::start(Runner::of(&cloud), 192);
    let (host, _) = silent();
    let mut tunnels = Vec::new();
    let refused = loop {
        match proxy.tunnel(&host) {
            Ok(client) => tunnels.push(client),
            Err(refused) => break refused,
        }
        assert!(tunnels.len() < 192);
    };
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(tunnels.len() >= 16, "{}", tunnels.len());
    assert_eq!(proxy.ask(), "HTTP/1.1 200 OK");
    cloud.revoke_all();
    assert_eq!(proxy.ask(), "HTTP/1.1 200 OK");
    // They are all still there.
    for client in &mut tunnels {
        client.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        let kind = client.read(&mut [0]).unwrap_err().kind();
        assert_eq!(kind, std::io::ErrorKind::WouldBlock);
    }
    proxy.end();
}

/// Opens more refused connections than the proxy accepts: none waits for another's timeout, nor
/// does a request to the cloud.
#[test]
fn clients_whose_tunnel_was_refused_delay_no_other() {
    let cloud = cloud(Default::default());
    let proxy = Proxy::start(Runner::of(&cloud), 192);
    let (host, _) = silent();
    let tunnels: Vec<_> = std::iter::from_fn(|| proxy.tunnel(&host).ok()).collect();
    assert!(tunnels.len() < 192);
    let refused: Vec<_> = (0..100).filter_map(|_| proxy.ask_for_tunnel(&host).err()).collect();
    assert_eq!(refused.len(), 100);
    for (reply, mut client) in refused {
        assert!(reply.starts_with("HTTP/1.1 503 "), "{reply}");
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).unwrap();
        assert!(reply.to_ascii_lowercase().contains("connection: close"), "{reply}");
    }
    assert_eq!(proxy.ask(), "HTTP/1.1 200 OK");
    drop(tunnels);
    proxy.end();
}

/// Of files, the program takes what it may have, and the command what it would have
/// without the program.
#[test]
fn the_file_limit_is_raised_but_not_for_the_command() {
    let cloud = cloud(Default::default());
    for front in ["--gateway", "--intercept"] {
        let runner = Runner::of(&cloud).set("GENESYSCLOUD_REGION", "eu-west-1");
        let script = format!(
            "ulimit -S -n 256; ulimit -H -n 2048
             gc-token exec {front} -- sh -c '
                 ulimit -S -n; ulimit -H -n
                 until grep \"files *2048 *2048\" /proc/$PPID/limits; do sleep 0.1; done'"
        );
        let finished = runner.shell("sh", &script);
        let said: Vec<_> = finished.succeeded().split_whitespace().collect();
        assert_eq!(said, ["256", "2048", "Max", "open", "files", "2048", "2048", "files"]);
    }
}
