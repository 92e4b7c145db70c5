//! The token endpoint over real sockets on loopback.

mod scripted;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gc_token::endpoint::{TokenRequest, mint_in};
use gc_token::error::{Error, Kind};
use gc_token::settings::{ClientAuth, Issuer, Network};
use gc_token::token::Token;
use gc_token::world::{Clock, Environment, SystemClock, Talk};
use jiff::SignedDuration;
use rustls::pki_types::CertificateDer;
use scripted::{Server, Step, dead_port, reply};

const ID: &str = "the-client";
const SECRET: &str = "the-s3cret/of:the client";
/// `the-client:the-s3cret%2Fof%3Athe+client`, as the Authorization header has it.
const BASIC: &str = "dGhlLWNsaWVudDp0aGUtczNjcmV0JTJGb2YlM0F0aGUrY2xpZW50";
const TOKEN: &str = "an-access-token";
const GOOD: &str = r#"{"access_token":"an-access-token","token_type":"bearer","expires_in":300}"#;

/// One mint and everything it said.
struct Mint {
    result: Result<Token, Error>,
    talk: String,
}

struct Setup {
    token_url: String,
    network: Network,
    env: Environment,
    auth: ClientAuth,
}

impl Setup {
    fn of(token_url: String) -> Setup {
        Setup {
            token_url,
            network: Network {
                timeout: Duration::from_secs(20),
                ca_file: None,
            },
            env: Environment::Fixed(Default::default()),
            auth: ClientAuth::Basic,
        }
    }

    fn http(server: &Server) -> Setup {
        Setup::of(format!("http://127.0.0.1:{}/oauth/token", server.port))
    }

    fn timeout(mut self, timeout: Duration) -> Setup {
        self.network.timeout = timeout;
        self
    }

    fn mint(&self) -> Mint {
        let issuer = Issuer {
            token_url: self.token_url.clone(),
            login_url: None,
            api_url: None,
            region: None,
            scope: None,
            audience: None,
        };
        let request = TokenRequest {
            issuer: &issuer,
            client_id: ID,
            client_secret: &SECRET.into(),
            auth: self.auth,
        };
        let sink = Sink::default();
        let talk = Talk::to(Box::new(sink.clone()));
        talk.set_verbosity(2);
        let clock = SystemClock::default();
        let result = mint_in(&self.env, &request, &self.network, &clock, &talk);
        let talk = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        let mint = Mint { result, talk };
        mint.holds_no_secret();
        mint
    }
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Mint {
    /// Run after every mint of this file.
    fn holds_no_secret(&self) {
        let shown = match &self.result {
            Ok(token) => format!("{token:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        for secret in [SECRET, "s3cret", BASIC, TOKEN, "hunter2"] {
            assert!(!shown.contains(secret), "{shown}");
            assert!(!self.talk.contains(secret), "{}", self.talk);
        }
    }

    fn token(self) -> Token {
        self.result
            .unwrap_or_else(|error| panic!("{error}\n{}", self.talk))
    }

    fn error(self) -> Error {
        self.result.expect_err(&self.talk)
    }
}

#[test]
fn a_token_comes_with_what_was_measured_around_it() {
    let date = "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n";
    let server = Server::start(vec![reply(200, date, GOOD)]);
    let token = Setup::http(&server).mint().token();
    assert_eq!(token.access_token.expose(), TOKEN);
    assert_eq!(token.token_type, "bearer");
    assert_eq!(token.stamp.lifetime, SignedDuration::from_secs(300));
    // The issuer's clock stands in 2023, whatever the local one shows.
    let end = token.stamp.expires_at().as_second();
    assert!((1_700_000_280..=1_700_000_300).contains(&end), "{end}");
    let requests = server.requests();
    let [request] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "grant_type=client_credentials");
    let mut lines: Vec<_> = head.lines().map(str::to_ascii_lowercase).collect();
    assert_eq!(lines.remove(0), "post /oauth/token http/1.1");
    lines.sort();
    let expected = [
        "accept: application/json".to_owned(),
        format!("authorization: basic {}", BASIC.to_ascii_lowercase()),
        "content-length: 29".to_owned(),
        "content-type: application/x-www-form-urlencoded".to_owned(),
        format!("host: 127.0.0.1:{}", server.port),
        format!("user-agent: gc-token/{}", env!("CARGO_PKG_VERSION")),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn post_sends_the_credentials_in_the_form_only() {
    let server = Server::start(vec![reply(200, "", GOOD)]);
    let mut setup = Setup::http(&server);
    setup.auth = ClientAuth::Post;
    setup.mint().token();
    let request = server.requests().remove(0);
    assert!(!request.to_ascii_lowercase().contains("authorization"));
    let body = "grant_type=client_credentials&client_id=the-client\
                &client_secret=the-s3cret%2Fof%3Athe+client";
    assert!(request.ends_with(body), "{request}");
}

#[test]
fn passing_failures_are_tried_again() {
    let rate = r#"{"error":"invalid_request","error_description":"rate limit exceeded; wait"}"#;
    for (name, step) in [
        ("500", reply(500, "", "{}")),
        ("503 with HTML", reply(503, "", "<html>busy</html>")),
        ("429", reply(429, "Retry-After: 0\r\n", "")),
        ("the vendor's rate limit", reply(400, "", rate)),
        ("a dropped connection", Step::Drop),
        (
            "a cut reply",
            Step::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"access".to_vec()),
        ),
    ] {
        let server = Server::start(vec![step.clone(), step, reply(200, "", GOOD)]);
        let mint = Setup::http(&server).mint();
        assert!(mint.talk.contains("attempt 2: "), "{name}: {}", mint.talk);
        mint.token();
        assert_eq!(server.requests().len(), 3, "{name}");
    }
}

#[test]
fn final_failures_are_not_tried_again() {
    let refused = r#"{"error":"invalid_client","description":"client not found","error_description":"client not found"}"#;
    let tail = format!("no {SECRET} and no {BASIC}");
    let echo = format!(r#"{{"error":"invalid_client","error_description":"{tail}"}}"#);
    let id = "ININ-Correlation-Id: 5b2f\r\n";
    for (step, kind, cause) in [
        (
            reply(400, id, refused),
            Kind::CredentialsRefused,
            "HTTP 400: invalid_client: client not found; correlation id 5b2f",
        ),
        (
            reply(401, "", &echo),
            Kind::CredentialsRefused,
            "HTTP 401: invalid_client: no [redacted] and no [redacted]",
        ),
        (
            reply(302, "Location: https://portal.example/login?t=x\r\n", ""),
            Kind::Unavailable,
            "HTTP 302: a redirect to portal.example, which is not followed",
        ),
        (
            reply(200, "", "<html>welcome</html>"),
            Kind::Unavailable,
            "HTTP 200 with 20 bytes of application/json that are not a JSON object",
        ),
    ] {
        let server = Server::start(vec![step, reply(200, "", GOOD)]);
        let error = Setup::http(&server).mint().error();
        assert_eq!(error.cause.as_deref(), Some(cause));
        assert_eq!(error.kind, kind);
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn six_attempts_are_enough() {
    let server = Server::start(vec![reply(503, "", "")]);
    let error = Setup::http(&server).mint().error();
    assert_eq!(error.kind, Kind::Unavailable);
    assert_eq!(
        error.what,
        format!("no token from 127.0.0.1:{} after 6 attempts", server.port)
    );
    assert_eq!(error.cause.as_deref(), Some("HTTP 503 with an empty body"));
    assert_eq!(server.requests().len(), 6);
}

#[test]
fn a_wait_that_the_issuer_asks_for_is_kept() {
    let server = Server::start(vec![
        reply(429, "Retry-After: 1\r\n", ""),
        reply(200, "", GOOD),
    ]);
    let begin = Clock::read(&SystemClock::default());
    Setup::http(&server).mint().token();
    let took = Clock::read(&SystemClock::default()).boot - begin.boot;
    assert!(took >= SignedDuration::from_secs(1), "{took}");
}

#[test]
fn a_wait_past_the_time_limit_is_not_begun() {
    let server = Server::start(vec![reply(429, "Retry-After: 3600\r\n", "")]);
    let error = Setup::http(&server).mint().error();
    assert_eq!(error.kind, Kind::RateLimited);
    let cause = error.cause.unwrap();
    assert!(
        cause.starts_with("HTTP 429 with an empty body; the next attempt in 3600")
            && cause.ends_with(" would be past the time limit of 20s"),
        "{cause}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn the_time_limit_is_hard() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".to_vec();
    let pause = Duration::from_millis(50);
    for step in [Step::Hang, Step::Trickle(head, pause)] {
        let server = Server::start(vec![step]);
        let setup = Setup::http(&server).timeout(Duration::from_millis(300));
        let error = setup.mint().error();
        assert_eq!(error.kind, Kind::Unavailable);
        assert_eq!(
            error.what,
            format!("no token from 127.0.0.1:{} within 300ms", server.port)
        );
        assert_eq!(
            error.cause.as_deref(),
            Some("no complete reply to attempt 1")
        );
    }
}

#[test]
fn the_time_limit_tells_what_was_seen_before() {
    let server = Server::start(vec![reply(500, "", r#"{"error":"oops"}"#), Step::Hang]);
    let setup = Setup::http(&server).timeout(Duration::from_secs(1));
    let error = setup.mint().error();
    assert_eq!(
        error.cause.as_deref(),
        Some("no complete reply to attempt 2; before that: HTTP 500: oops")
    );
}

#[test]
fn a_huge_reply_is_refused_announced_or_not() {
    let body = " ".repeat(1024 * 1024 + 1);
    let mut unannounced = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    unannounced.extend_from_slice(body.as_bytes());
    for step in [reply(200, "", &body), Step::Send(unannounced)] {
        let server = Server::start(vec![step]);
        let error = Setup::http(&server).mint().error();
        assert_eq!(error.kind, Kind::Unavailable);
        assert_eq!(
            error.cause.unwrap(),
            format!(
                "127.0.0.1:{} answered HTTP 200 with more than 1024 KiB, which no token reply has",
                server.port
            )
        );
        assert_eq!(server.requests().len(), 1);
    }
    // The largest reply that is read.
    let good = format!("{GOOD}{}", " ".repeat(1024 * 1024 - GOOD.len()));
    let server = Server::start(vec![reply(200, "", &good)]);
    Setup::http(&server).mint().token();
}

#[test]
fn ways_to_miss_the_issuer_are_told_apart() {
    let second = Duration::from_secs(1);
    let port = dead_port();
    let setup = Setup::of(format!("http://127.0.0.1:{port}/")).timeout(second);
    let cause = setup.mint().error().cause.unwrap();
    let begin = format!("127.0.0.1:{port} refused the connection: nothing listens there");
    assert!(cause.starts_with(&begin), "{cause}");

    // A label of 64 characters is refused before any name server is asked.
    let host = format!("{}.invalid", "x".repeat(64));
    let setup = Setup::of(format!("http://{host}/")).timeout(second);
    let cause = setup.mint().error().cause.unwrap();
    let begin = format!("the name of {host} cannot be resolved (DNS)");
    assert!(cause.starts_with(&begin), "{cause}");

    let server = Server::start(vec![Step::Send(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec())]);
    let error = Setup::http(&server).mint().error();
    let cause = format!("127.0.0.1:{} does not speak HTTP", server.port);
    assert_eq!(error.cause, Some(cause));
    assert_eq!(server.requests().len(), 1);
}

/// A self-signed certificate for `name`, valid from the first to the last of
/// these years, as PEM and with its key.
fn certificate(name: &str, years: (i32, i32)) -> (String, CertificateDer<'static>, Vec<u8>) {
    let mut params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    let subject = format!("{name} {years:?}");
    let subject_type = rcgen::DnType::CommonName;
    params.distinguished_name.push(subject_type, subject);
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let cert = params.self_signed(&key).unwrap();
    (cert.pem(), cert.der().clone(), key.serialize_der())
}

/// Mints over TLS with a certificate for `name`, trusted or not.
fn mint_over_tls(name: &str, years: (i32, i32), trusted: bool) -> (Mint, Server) {
    let (pem, der, key) = certificate(name, years);
    let server = Server::start_tls(vec![reply(200, "", GOOD)], der, key);
    let dir = tempfile::tempdir().unwrap();
    let write = |file: &str, pem: String| {
        let path = dir.path().join(file);
        std::fs::write(&path, pem).unwrap();
        path
    };
    let other = write("other.pem", certificate("other", (2020, 2100)).0);
    let mut setup = Setup::of(format!("https://127.0.0.1:{}/oauth/token", server.port));
    setup.env = [("SSL_CERT_FILE", other.to_str().unwrap())].into();
    if trusted {
        setup.network.ca_file = Some(write("ca.pem", pem));
    }
    (setup.mint(), server)
}

#[test]
fn tls_trusts_the_ca_file() {
    let (mint, server) = mint_over_tls("127.0.0.1", (2020, 2100), true);
    mint.token();
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_certificate_that_cannot_be_trusted_gets_no_secret_and_says_why() {
    let year = jiff::tz::TimeZone::UTC
        .to_datetime(SystemClock::default().read().wall)
        .year();
    let clock = format!("this machine's clock shows {year}-");
    for (name, years, trusted, cause, hint) in [
        (
            "127.0.0.1",
            (2020, 2100),
            false,
            "its certificate is signed by an authority that is not trusted here",
            "--ca-file",
        ),
        (
            "127.0.0.1",
            (2001, 2002),
            true,
            &format!("its certificate has expired; {clock}"),
            "set the clock",
        ),
        (
            "127.0.0.1",
            (2099, 2100),
            true,
            &format!("its certificate is not valid yet; {clock}"),
            "set the clock",
        ),
        (
            "example.com",
            (2020, 2100),
            true,
            "its certificate is for another host",
            "check the host's name",
        ),
    ] {
        let (mint, server) = mint_over_tls(name, years, trusted);
        let error = mint.error();
        let begin = format!("127.0.0.1:{} cannot be trusted: {cause}", server.port);
        assert!(error.cause.as_ref().unwrap().starts_with(&begin), "{error}");
        assert!(error.hint.as_ref().unwrap().contains(hint), "{error}");
        assert_eq!(error.kind, Kind::Unavailable);
        assert_eq!(
            error.what,
            format!("no token from 127.0.0.1:{}", server.port)
        );
        assert_eq!(server.requests(), [""; 0]);
    }
}

#[test]
fn tls_with_a_server_that_speaks_none_says_so() {
    let server = Server::start(vec![Step::Blurt(
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
    )]);
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, certificate("x", (2020, 2100)).0).unwrap();
    let mut setup = Setup::of(format!("https://127.0.0.1:{}/", server.port));
    setup.env = [("SSL_CERT_FILE", ca.to_str().unwrap())].into();
    let error = setup.timeout(Duration::from_secs(2)).mint().error();
    let begin = format!("TLS with 127.0.0.1:{}: ", server.port);
    assert!(error.cause.as_ref().unwrap().starts_with(&begin), "{error}");
}

#[test]
fn a_proxys_failures_name_the_proxy_and_not_its_credentials() {
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, certificate("x", (2020, 2100)).0).unwrap();
    let refusing = Server::start(vec![reply(502, "", "")]);
    let wanting = Server::start(vec![reply(407, "", "")]);
    for (port, cause) in [
        (
            dead_port(),
            " refused the connection: nothing listens there",
        ),
        (
            refusing.port,
            " refused to connect to login.example.invalid",
        ),
        (wanting.port, " wants credentials"),
    ] {
        let mut setup = Setup::of("https://login.example.invalid/oauth/token".to_owned());
        let proxy = format!("http://me:hunter2@127.0.0.1:{port}");
        setup.env = [
            ("HTTPS_PROXY", proxy.as_str()),
            ("SSL_CERT_FILE", ca.to_str().unwrap()),
        ]
        .into();
        let error = setup.timeout(Duration::from_secs(1)).mint().error();
        let begin = format!("the proxy 127.0.0.1:{port}{cause}");
        assert!(error.cause.as_ref().unwrap().starts_with(&begin), "{error}");
        assert_eq!(error.kind, Kind::Unavailable);
    }
    let requests = wanting.requests();
    assert_eq!(requests.len(), 1);
    // me:hunter2, for the proxy; nothing that is meant for the issuer.
    let request = requests[0].to_ascii_lowercase();
    assert!(
        request.starts_with("connect login.example.invalid:443 "),
        "{request}"
    );
    assert!(
        request.contains("proxy-authorization: basic bwu6ahvudgvymg=="),
        "{request}"
    );
    assert!(!request.contains("\nauthorization"), "{request}");
}

#[test]
fn loopback_is_reached_past_any_proxy() {
    let server = Server::start(vec![reply(200, "", GOOD)]);
    let mut setup = Setup::http(&server);
    let proxy = format!("http://127.0.0.1:{}", dead_port());
    setup.env = [("ALL_PROXY", proxy.as_str())].into();
    setup.mint().token();
}
