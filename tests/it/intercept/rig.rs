//! A proxy in this process, and a client without opinions.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gc_token::internals::broker;
use gc_token::internals::config::{self, Layers, PoolSettings, Query};
use gc_token::internals::context::{Context, Environment, Reporter, StandardInput};
use gc_token::internals::proxy::intercept::{Interception, InterceptionConfig};
use gc_token::internals::proxy::{AccessLog, ClientTokens, ReverseProxy, StandIn};
use gc_token::internals::sandbox::Sandbox;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tokio::sync::oneshot;
use url::Url;

use crate::common::cloud::{CLIENT, SECRET, cloud};

/// A cloud, and a proxy before it. The proxy ends with this.
pub(crate) struct Rig {
    pub(crate) cloud: Sandbox,
    /// The token that the run's child is given.
    pub(crate) token: String,
    /// The token of the cloud that the run began with.
    pub(crate) real_token: String,
    pub(crate) variables: BTreeMap<&'static str, OsString>,
    pub(crate) directory: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// TLS through the proxy.
pub(crate) type Secured = StreamOwned<ClientConnection, TcpStream>;

impl Rig {
    /// With these variables in the environment that gc-token itself has.
    pub(crate) fn new<const N: usize>(env: [(&str, &str); N]) -> Rig {
        let cloud = cloud(Default::default());
        let context = context(&cloud, &env);
        let mut layers = Layers::new(Vec::new(), Query::default(), &context.env);
        layers.load_profile(&context).unwrap();
        let settings = config::resolve(&layers, &context, &mut StandardInput::empty()).unwrap();
        let plan = InterceptionConfig::new(&settings.issuer, settings.network.clone()).unwrap();
        let given = broker::get_token(&settings, &context).unwrap();
        let real_token = given.token.access_token.expose().to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (interception, token) = {
            let _inside = runtime.enter();
            let log = AccessLog::new(None, context.reporter.clone());
            let stand_in = Some(StandIn::random().unwrap());
            let tokens = ClientTokens::new(given.token, stand_in);
            let proxy =
                ReverseProxy::start(settings, PoolSettings::default(), tokens, log, &context)
                    .unwrap();
            let token = proxy.client_token().access_token.expose().to_owned();
            (Interception::start(proxy, plan, &context).unwrap(), token)
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let variables = interception.variables().iter().cloned().collect();
        let directory = interception.directory().to_owned();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                let _ = stopped.await;
                interception.drain(Duration::from_secs(60)).await;
            });
        });
        let (stop, thread) = (Some(stop), Some(thread));
        Rig { cloud, token, real_token, variables, directory, stop, thread }
    }

    /// Closes the proxy, and waits until it is gone.
    pub(crate) fn close(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// The URL of the proxy, as the child gets it.
    pub(crate) fn proxy(&self) -> Url {
        Url::parse(self.variables["HTTPS_PROXY"].to_str().unwrap()).unwrap()
    }

    /// The header that lets a client in.
    pub(crate) fn credentials(&self) -> String {
        let proxy = self.proxy();
        let pair = format!("{}:{}", proxy.username(), proxy.password().unwrap());
        format!("Proxy-Authorization: Basic {}\r\n", BASE64_STANDARD.encode(pair))
    }

    /// A connection to the proxy.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.proxy().port().unwrap())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// A way through to `host:port`, or the proxy's answer.
    pub(crate) fn tunnel(&self, to: &str) -> Result<TcpStream, String> {
        let mut stream = self.connect();
        let head = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{}\r\n", self.credentials());
        stream.write_all(head.as_bytes()).unwrap();
        let reply = head_of(&mut stream);
        if reply.starts_with("HTTP/1.1 200 ") { Ok(stream) } else { Err(reply) }
    }

    /// A request to the proxy in absolute form, with `rest` below its fields; the
    /// whole answer. `rest` ends the head by itself where it has a body.
    pub(crate) fn in_clear(&self, method: &str, target: &str, rest: &str) -> String {
        let end = if rest.contains("\r\n\r\n") { "" } else { "\r\n" };
        let credentials = self.credentials();
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
             {credentials}{rest}{end}"
        );
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    /// TLS with one of the cloud's hosts, as a client that trusts the bundle.
    pub(crate) fn secured(&self, host: &str) -> Secured {
        let stream = self.tunnel(&format!("{host}:443")).unwrap();
        let bundle = &self.variables["SSL_CERT_FILE"];
        let roots = CertificateDer::pem_file_iter(bundle).unwrap().map(Result::unwrap);
        tls(stream, host, roots)
    }

    /// Sends a request to one of the cloud's hosts; returns the whole response.
    pub(crate) fn ask(&self, host: &str, head: &str, body: &str) -> String {
        let mut stream = self.secured(host);
        let length = body.len();
        let request =
            format!("{head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = Vec::new();
        // Not every end of a connection is announced.
        if let Err(error) = stream.read_to_end(&mut reply) {
            assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{error}");
        }
        String::from_utf8(reply).unwrap()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.close();
    }
}

/// The world of a runner in Ireland, whose requests go to the sandbox.
fn context(cloud: &Sandbox, env: &[(&str, &str)]) -> Context {
    let (login, api) = (cloud.login_url(), cloud.api_url());
    let own = [
        ("GENESYSCLOUD_REGION", "eu-west-1"),
        ("GENESYSCLOUD_OAUTHCLIENT_ID", CLIENT),
        ("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET),
        ("GC_TOKEN_LOGIN_URL", &login),
        ("GC_TOKEN_API_URL", &api),
        ("GC_TOKEN_NO_CACHE", "true"),
    ];
    let pairs = own.iter().chain(env).map(|(name, value)| ((*name).to_owned(), value.into()));
    let reporter = Reporter::to(Box::new(std::io::sink()));
    Context::with_env(Environment::fixed(pairs), reporter)
}

/// TLS over `stream`, trusting `roots` and nobody else.
pub(crate) fn tls(
    stream: TcpStream,
    host: &str,
    roots: impl IntoIterator<Item = CertificateDer<'static>>,
) -> Secured {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream)
}

/// Reads an answer's head, and not a byte more.
pub(crate) fn head_of(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// A server that gets one connection after the other, in a thread each.
pub(crate) fn server(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(stream.unwrap()));
        }
    });
    port
}

/// A proxy that writes down what it is asked, and answers with these bytes.
pub(crate) fn parent(answer: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let asked = seen.clone();
    let port = server(move |mut stream| {
        let head = head_of(&mut stream);
        asked.lock().unwrap().push(head);
        stream.write_all(answer.as_bytes()).unwrap();
    });
    (port, seen)
}
