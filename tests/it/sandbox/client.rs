//! A client without opinions: no proxy, no redirects, no retries.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use gc_token::internals::sandbox::{DEFAULT_SECRET, Sandbox};
use reqwest::RequestBuilder;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;

pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    login: String,
    api: String,
}

/// A reply, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    headers: reqwest::header::HeaderMap,
}

impl Client {
    /// Trusts the sandbox's authority and no other.
    pub(crate) fn new(sandbox: &Sandbox) -> Client {
        let mut roots = rustls::RootCertStore::empty();
        if let Some(pem) = sandbox.ca_pem() {
            roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Client {
            http: reqwest::Client::builder()
                .tls_backend_preconfigured(tls)
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            login: sandbox.login_url(),
            api: sandbox.api_url(),
        }
    }

    /// Asks for a token with the right credentials.
    pub(crate) fn mint(&self) -> Answer {
        let grant = [("grant_type", "client_credentials")];
        self.mint_with(Some(("sandbox-client", DEFAULT_SECRET)), &grant)
    }

    /// Asks for a token until there is one.
    pub(crate) fn mint_after_faults(&self) -> String {
        loop {
            let answer = self.mint();
            if answer.status == 200 {
                return answer.token();
            }
        }
    }

    pub(crate) fn mint_with(&self, basic: Option<(&str, &str)>, form: &[(&str, &str)]) -> Answer {
        let mut request = self.http.post(format!("{}/oauth/token", self.login));
        if let Some((id, secret)) = basic {
            request = request.basic_auth(id, Some(secret));
        }
        self.send(request.form(form), None)
    }

    pub(crate) fn me(&self, token: Option<&str>) -> Answer {
        self.get(&format!("{}/api/v2/tokens/me", self.api), token)
    }

    pub(crate) fn get(&self, url: &str, token: Option<&str>) -> Answer {
        self.send(self.http.get(url), token)
    }

    pub(crate) fn try_get(&self, url: &str) -> Result<Answer, String> {
        self.try_send(self.http.get(url))
    }

    pub(crate) fn as_json(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("content-type", "application/json")
    }

    pub(crate) fn send(&self, request: RequestBuilder, token: Option<&str>) -> Answer {
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        self.try_send(request).unwrap()
    }

    pub(crate) fn try_send(&self, request: RequestBuilder) -> Result<Answer, String> {
        self.runtime.block_on(async {
            let reply = request.send().await.map_err(|why| format!("{why:?}"))?;
            Ok(Answer {
                status: reply.status().as_u16(),
                headers: reply.headers().clone(),
                body: reply.text().await.map_err(|why| format!("{why:?}"))?,
            })
        })
    }

    /// Asks for a token over a bare connection, and reads what comes until it
    /// is closed.
    pub(crate) fn raw_mint(&self) -> String {
        let mut bytes = Vec::new();
        let mut stream = self.raw_request();
        let patience = Some(Duration::from_secs(30));
        stream.set_read_timeout(patience).unwrap();
        // A reset instead of an orderly close is fine here.
        if let Err(why) = stream.read_to_end(&mut bytes) {
            assert_eq!(why.kind(), ErrorKind::ConnectionReset);
        }
        String::from_utf8(bytes).unwrap()
    }

    /// A bare connection on which a token has been asked for.
    pub(crate) fn raw_request(&self) -> TcpStream {
        let address = self.login.strip_prefix("http://").unwrap();
        let credentials = format!("sandbox-client:{DEFAULT_SECRET}");
        let body = "grant_type=client_credentials";
        let request = format!(
            "POST /oauth/token HTTP/1.1\r\nhost: {address}\r\nauthorization: Basic {}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            base64::prelude::BASE64_STANDARD.encode(credentials),
            body.len(),
        );
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|why| panic!("{why}: {}", self.body))
    }

    pub(crate) fn token(&self) -> String {
        self.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// The API's error code.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap().to_owned()
    }
}
