//! What the requests of one process share: connections, and the trusted certificates.
//! Proxies between a process and its hosts.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gc_token::internals::sandbox::SandboxConfig;

use crate::common::cloud::{SECRET, cloud};
use crate::common::runner::Runner;
use crate::doctor::report::Report;
use crate::endpoint::server::{Server, Step, reply};
use crate::endpoint::setup::GOOD;
use crate::endpoint::trust::certificate;

/// Issuer and API at one port that keeps connections open; counts them.
fn one_host() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            std::thread::spawn(move || serve(stream.unwrap()));
        }
    });
    (url, connections)
}

fn serve(stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let head = read_head(&mut reader)?;
        if head.is_empty() {
            return Ok(());
        }
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().unwrap());
        reader.read_exact(&mut vec![0; length])?;
        let body = if head.starts_with("POST ") { GOOD } else { "" };
        let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        reader.get_mut().write_all(response.as_bytes())?;
    }
}

fn read_head(reader: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut head = String::new();
    while reader.read_line(&mut head)? > 0 && !head.ends_with("\r\n\r\n") {}
    Ok(head)
}

#[test]
fn a_mint_and_the_check_of_its_token_share_a_connection() {
    let (url, connections) = one_host();
    let runner = Runner::bare()
        .at(&url)
        .set("GC_TOKEN_API_URL", &url)
        .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET);
    assert_eq!(runner.run(&["get", "--verify=always"]).succeeded(), "an-access-token\n");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

/// A pipe can be read once, and not by each client again.
#[test]
fn certificates_are_read_once_for_the_issuer_and_the_api() {
    let cloud = cloud(SandboxConfig { tls: true, ..SandboxConfig::default() });
    let runner = Runner::of(&cloud).with_file("ca.pem", cloud.ca_pem().unwrap());
    let script = "gc-token get --verify=always --ca-file <(cat \"$HOME/ca.pem\")";
    runner.shell("bash", script).token();
}

/// A proxy that leads to `port` whatever host it is asked for.
fn proxy_to(port: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own_port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = BufReader::new(client.unwrap());
            let asked = read_head(&mut client).unwrap();
            assert!(asked.starts_with("CONNECT login.example.invalid:443 "), "{asked}");
            let mut client = client.into_inner();
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let mut from_server = server.try_clone().unwrap();
            let mut to_client = client.try_clone().unwrap();
            std::thread::spawn(move || std::io::copy(&mut from_server, &mut to_client));
            std::thread::spawn(move || std::io::copy(&mut client, &mut server));
        }
    });
    own_port
}

#[test]
fn doctor_shows_the_phases_through_a_proxy() {
    let name = "login.example.invalid";
    let (pem, der, key) = certificate(name, (2020, 2100));
    let server = Server::start_tls(vec![reply(405, "", "{}")], der, key);
    let runner = |proxy: u16| {
        Runner::bare()
            .with_file("ca.pem", &pem)
            .set("GC_TOKEN_CA_FILE", "ca.pem")
            .set("HTTPS_PROXY", format!("http://me:hunter2@127.0.0.1:{proxy}"))
            .set("GC_TOKEN_TOKEN_URL", format!("https://{name}/oauth/token"))
            .set("GENESYSCLOUD_OAUTHCLIENT_ID", "the-client")
            .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET)
    };
    let report = Report::of(&runner(proxy_to(server.port)), &[]);
    for phase in ["connect ", "tunnel ", "TLS ", "first byte "] {
        report.says("issuer", "ok", phase);
    }
    report.does_not_say("DNS").does_not_say("hunter2");
    // A proxy that leads to a host without TLS: how far the request got.
    let plain = Server::start(vec![Step::Blurt(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())]);
    Report::of(&runner(proxy_to(plain.port)), &[]).says("issuer", "note", "tunnel ").says(
        "issuer",
        "warning",
        "login.example.invalid does not speak TLS on this port",
    );
}
