//! One mint against a server of the test's own, and what it said.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gc_token::internals::clock::OffsetEstimate;
use gc_token::internals::config::{ClientAuth, Issuer, NetworkSettings};
use gc_token::internals::context::{Context, Environment, Reporter};
use gc_token::internals::error::Error;
use gc_token::internals::net::Session;
use gc_token::internals::oauth::{TokenRequest, mint};
use gc_token::internals::token::Token;

use crate::endpoint::server::Server;

const ID: &str = "the-client";
pub(crate) const SECRET: &str = "the-s3cret/of:the client";
/// `the-client:the-s3cret%2Fof%3Athe+client`, as the Authorization header has it.
pub(crate) const BASIC: &str = "dGhlLWNsaWVudDp0aGUtczNjcmV0JTJGb2YlM0F0aGUrY2xpZW50";
pub(crate) const TOKEN: &str = "an-access-token";
pub(crate) const GOOD: &str =
    r#"{"access_token":"an-access-token","token_type":"bearer","expires_in":300}"#;

const SHORT_WAITS: u64 = 756_500;

/// The result of a mint, and its messages.
pub(crate) struct Mint {
    result: Result<Token, Error>,
    pub(crate) reporter: String,
}

pub(crate) struct Setup {
    pub(crate) token_url: String,
    pub(crate) network: NetworkSettings,
    pub(crate) env: Environment,
    pub(crate) auth: ClientAuth,
    pub(crate) known: Option<OffsetEstimate>,
}

impl Setup {
    pub(crate) fn of(token_url: String) -> Setup {
        Setup {
            token_url,
            network: NetworkSettings::new(Duration::from_secs(20), None),
            env: Environment::fixed([]),
            auth: ClientAuth::Basic,
            known: None,
        }
    }

    pub(crate) fn http(server: &Server) -> Setup {
        Setup::of(format!("http://127.0.0.1:{}/oauth/token", server.port))
    }

    pub(crate) fn timeout(mut self, timeout: Duration) -> Setup {
        self.network.timeout = timeout;
        self
    }

    pub(crate) fn mint(&self) -> Mint {
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
        // The jitter draws from this thread's generator: from this seed, five
        // short waits.
        fastrand::seed(SHORT_WAITS);
        let sink = Sink::default();
        let reporter = Reporter::to(Box::new(sink.clone()));
        reporter.set_verbosity(2);
        let context = Context::with_env(self.env.clone(), reporter);
        let known = self.known.as_ref();
        let result = mint(&Session::new(&self.network, &context), &request, known);
        let reporter = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        let mint = Mint { result, reporter };
        mint.holds_no_secret();
        mint
    }
}

#[derive(Clone, Default)]
pub(crate) struct Sink(Arc<Mutex<Vec<u8>>>);

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
            assert!(!self.reporter.contains(secret), "{}", self.reporter);
        }
    }

    pub(crate) fn token(self) -> Token {
        self.result.unwrap_or_else(|error| panic!("{error}\n{}", self.reporter))
    }

    pub(crate) fn error(self) -> Error {
        self.result.expect_err(&self.reporter)
    }
}
