//! Limits that are minutes long: the gateway in this process, in a time that
//! stands still until everybody waits, and then jumps.

use gc_token::internals::broker;
use gc_token::internals::config::{self, Layers, PoolSettings, Query};
use gc_token::internals::context::{Context, Environment, Reporter, StandardInput};
use gc_token::internals::proxy::gateway::{self, Gateway, PathSecret};
use gc_token::internals::proxy::{AccessLog, ClientTokens, ReverseProxy};
use gc_token::internals::sandbox::SandboxConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::common::cloud::{CLIENT, SECRET, cloud};

/// After the head of the request has come, the API sends `answer` and hangs.
/// Returns what a client gets that sends `body` and hangs as well, and how
/// many seconds that took.
fn play(fields: &str, body: &str, answer: &'static str) -> (String, u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let upstream = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", upstream.local_addr().unwrap());
    let cloud = cloud(SandboxConfig::default());
    let env: Environment = [
        ("GC_TOKEN_LOGIN_URL", &*cloud.login_url()),
        ("GC_TOKEN_API_URL", &url),
        ("GC_TOKEN_VERIFY", "never"),
        ("GC_TOKEN_NO_CACHE", "true"),
        ("GENESYSCLOUD_OAUTHCLIENT_ID", CLIENT),
        ("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET),
    ]
    .into();
    let context = Context::with_env(env, Reporter::collected().0);
    let layers = Layers::new(Vec::new(), Query::default(), &context.env);
    let settings = config::resolve(&layers, &context, &mut StandardInput::empty()).unwrap();
    let given = broker::get_token(&settings, &context).unwrap();
    let token = given.token.access_token.expose().to_owned();
    runtime.block_on(async {
        let log = AccessLog::new(None, context.reporter.clone());
        let proxy = ReverseProxy::start(
            settings,
            PoolSettings::default(),
            ClientTokens::new(given.token, None),
            log,
            &context,
        )
        .unwrap();
        let path_secret = PathSecret::random().unwrap();
        let path = path_secret.expose().to_owned();
        let listen = "127.0.0.1:0".parse().unwrap();
        let plan = gateway::GatewayConfig {
            listen,
            allow_remote: false,
            allowed_hosts: Default::default(),
            path_secret,
        };
        let gateway = Gateway::start(proxy, plan).unwrap();
        let port = gateway
            .variables(&[].into())
            .into_iter()
            .find_map(|(name, value)| (name == "GENESYSCLOUD_GATEWAY_PORT").then_some(value));
        upstream.set_nonblocking(true).unwrap();
        let upstream = TcpListener::from_std(upstream).unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = upstream.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.windows(4).any(|it| it == b"\r\n\r\n") {
                assert!(stream.read_buf(&mut head).await.unwrap() > 0);
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            tokio::time::pause();
            // It neither leaves nor says anything more.
            while stream.read_buf(&mut head).await.is_ok_and(|count| count > 0) {}
            std::future::pending::<()>().await;
        });
        let address = format!("127.0.0.1:{}", port.unwrap());
        let mut client = TcpStream::connect(&address).await.unwrap();
        let head = format!(
            "POST /{path}/x HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\n{fields}\r\n{body}"
        );
        let begun = paused_clock();
        client.write_all(head.as_bytes()).await.unwrap();
        let mut reply = String::new();
        // What breaks off may end in a reset.
        let _ = client.read_to_string(&mut reply).await;
        (reply, begun.elapsed().as_secs())
    })
}

#[expect(clippy::disallowed_methods, reason = "it goes on when everybody waits")]
fn paused_clock() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

#[test]
fn an_api_that_does_not_respond_times_out() {
    let (reply, seconds) = play("Content-Length: 3\r\n", "abc", "");
    assert!(reply.starts_with("HTTP/1.1 504 "), "{reply}");
    assert!(
        reply.contains("\"message\":\"gc-token: no response from 127.0.0.1:")
            && reply.ends_with(" within 120s\",\"status\":504}"),
        "{reply}"
    );
    assert!((120..=241).contains(&seconds), "{seconds}");
}

#[test]
fn a_stuck_response_is_cut_off() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
    let (reply, seconds) = play("Content-Length: 3\r\n", "abc", answer);
    assert!(reply.starts_with("HTTP/1.1 200 ") && reply.ends_with("\r\n\r\nhalf"), "{reply}");
    assert!((120..=121).contains(&seconds), "{seconds}");
}

#[test]
fn a_stuck_request_body_is_the_clients_error() {
    let (reply, seconds) = play("Content-Length: 10\r\n", "half", "");
    assert!(reply.starts_with("HTTP/1.1 400 "), "{reply}");
    assert!(reply.contains("the request body is incomplete: no data received for 120s"), "{reply}");
    assert!((120..=121).contains(&seconds), "{seconds}");
}
