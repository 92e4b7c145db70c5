//! The token endpoint over real sockets on loopback.

mod scripted;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gc_token::endpoint::{TokenRequest, mint_in};
use gc_token::error::{Error, Kind};
use gc_token::settings::{ClientAuth, Issuer, Network};
use gc_token::token::Token;
use gc_token::world::{Environment, SystemClock, Talk};
use jiff::SignedDuration;
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
