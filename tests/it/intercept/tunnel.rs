//! All other hosts, which nobody looks into.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};

use rcgen::Certificate;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::intercept::rig::{Rig, head_of, parent, server, tls};

const OPEN: &str = "HTTP/1.1 200 OK\r\n\r\nfirst words";

#[test]
fn another_host_shows_its_own_certificate() {
    let (config, own) = identity();
    let certificate = own.der().clone();
    let port = server(move |stream| {
        let mut stream = secured(&config, stream);
        let mut asked = [0; 4];
        if stream.read_exact(&mut asked).is_ok() {
            stream.write_all(&asked).unwrap();
        }
    });
    let rig = Rig::new([]);
    let way = rig.tunnel(&format!("localhost:{port}")).unwrap();
    let mut client = tls(way, "localhost", [certificate.clone()]);
    client.write_all(b"ping").unwrap();
    let mut heard = [0; 4];
    client.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"ping");
    assert_eq!(client.conn.peer_certificates(), Some(&[certificate][..]));
}

/// TLS of `localhost`.
fn identity() -> (Arc<ServerConfig>, Certificate) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    (Arc::new(config), own.cert)
}

fn secured(config: &Arc<ServerConfig>, stream: TcpStream) -> impl Read + Write {
    StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream)
}

#[test]
fn a_tunnel_works_whichever_side_starts_or_ends() {
    let port = server(|mut stream| {
        stream.write_all(b"hello, ").unwrap();
        let mut said = Vec::new();
        stream.read_to_end(&mut said).unwrap();
        stream.write_all(&said).unwrap();
    });
    let rig = Rig::new([]);
    let mut client = rig.tunnel(&format!("127.0.0.1:{port}")).unwrap();
    let said: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    client.write_all(&said).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut heard = Vec::new();
    client.read_to_end(&mut heard).unwrap();
    assert_eq!(heard, [b"hello, ".as_slice(), &said].concat());
}

#[test]
fn an_unreachable_host_is_a_bad_gateway() {
    let rig = Rig::new([]);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = rig.tunnel(&closed.to_string()).unwrap_err();
    assert!(refused.starts_with("HTTP/1.1 502 "), "{refused}");
}

#[test]
fn the_upstream_proxy_gets_its_credentials() {
    let (port, asked) = parent(OPEN);
    let proxy = format!("http://user:hunter2@127.0.0.1:{port}");
    let rig = Rig::new([("HTTPS_PROXY", &proxy)]);
    // The cloud's names are intercepted at their own port alone.
    for host in ["other.example:443", "other.example:22", "api.mypurecloud.ie:8443"] {
        let mut client = rig.tunnel(host).unwrap();
        let mut heard = String::new();
        client.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "first words");
        let asked = asked.lock().unwrap().pop().unwrap();
        assert!(asked.starts_with(&format!("CONNECT {host} HTTP/1.1\r\n")), "{asked}");
        // user:hunter2, and not what let the client in here.
        let shown: Vec<_> = asked
            .lines()
            .filter(|line| line.to_lowercase().starts_with("proxy-authorization:"))
            .collect();
        assert_eq!(shown.len(), 1, "{asked}");
        assert!(shown[0].ends_with(": Basic dXNlcjpodW50ZXIy"), "{asked}");
    }
}

#[test]
fn the_upstream_proxy_may_use_tls() {
    let (config, own) = identity();
    let dir = tempfile::tempdir().unwrap();
    let trusted = dir.path().join("proxy.pem");
    std::fs::write(&trusted, own.pem()).unwrap();
    let asked = Arc::new(Mutex::new(String::new()));
    let heard = asked.clone();
    let port = server(move |stream| {
        let mut stream = secured(&config, stream);
        *heard.lock().unwrap() = head_of(&mut stream);
        stream.write_all(OPEN.as_bytes()).unwrap();
    });
    let proxy = format!("https://user:hunter2@localhost:{port}");
    let rig = Rig::new([("HTTPS_PROXY", &proxy), ("SSL_CERT_FILE", trusted.to_str().unwrap())]);
    let mut client = rig.tunnel("other.example:443").unwrap();
    let mut words = [0; 11];
    client.read_exact(&mut words).unwrap();
    assert_eq!(&words, b"first words");
    let asked = asked.lock().unwrap();
    assert!(asked.contains("Basic dXNlcjpodW50ZXIy"), "{asked}");

    // One that nobody trusts is not told the password.
    let rig = Rig::new([("HTTPS_PROXY", &proxy)]);
    let refused = rig.tunnel("other.example:443").unwrap_err();
    assert!(refused.starts_with("HTTP/1.1 502 "), "{refused}");
}

#[test]
fn a_proxy_that_refuses_is_a_bad_gateway() {
    let (port, _) = parent("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    let rig = Rig::new([("https_proxy", &format!("http://user:hunter2@127.0.0.1:{port}"))]);
    let refused = rig.tunnel("other.example:443").unwrap_err();
    assert!(refused.starts_with("HTTP/1.1 502 "), "{refused}");
}

/// 0.0.0.0 leads to this machine, too, but is none of its own names.
#[test]
fn no_proxy_applies_even_where_the_child_does_not_get_it() {
    let (proxy, asked) = parent(OPEN);
    let port = server(|mut stream| stream.write_all(b"straight").unwrap());
    let proxy = format!("http://127.0.0.1:{proxy}");
    let hear = |rig: &Rig| {
        let mut client = rig.tunnel(&format!("0.0.0.0:{port}")).unwrap();
        let mut heard = String::new();
        client.read_to_string(&mut heard).unwrap();
        heard
    };
    assert_eq!(hear(&Rig::new([("HTTPS_PROXY", &proxy)])), "first words");
    let seen = asked.lock().unwrap().len();
    let rig = Rig::new([("HTTPS_PROXY", &proxy), ("NO_PROXY", "*")]);
    assert_eq!(rig.variables["NO_PROXY"], "localhost,127.0.0.1,::1");
    assert_eq!(hear(&rig), "straight");
    let rig = Rig::new([("HTTPS_PROXY", &proxy), ("NO_PROXY", "0.0.0.0,.mypurecloud.ie")]);
    assert_eq!(rig.variables["NO_PROXY"], "0.0.0.0,localhost,127.0.0.1,::1");
    assert_eq!(hear(&rig), "straight");
    assert_eq!(asked.lock().unwrap().len(), seen);
}
