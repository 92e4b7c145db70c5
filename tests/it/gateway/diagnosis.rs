//! A 502 of the gateway explains a failure as `get` does, with the hint.

use gc_token::internals::sandbox::SandboxConfig;

use super::rig::{Front, runner};
use crate::common::cloud::cloud;
use crate::common::port::dead_port;
use crate::endpoint::server::{Server, Step, reply};
use crate::endpoint::trust::certificate;

#[test]
fn a_502_tells_the_cause_and_what_to_do() {
    let dead = format!("127.0.0.1:{}", dead_port());
    let (_, der, key) = certificate("127.0.0.1", (2020, 2100));
    let tls = Server::start_tls(vec![reply(200, "", "{}")], der, key);
    let tls = format!("127.0.0.1:{}", tls.port);
    let plain = Server::start(vec![Step::Blurt(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())]);
    let plain = format!("127.0.0.1:{}", plain.port);
    // A label of 64 characters is refused before any name server is asked.
    let no_name = format!("{}.invalid", "x".repeat(64));
    for (scheme, host, cause, hint) in [
        ("http", &dead, "refused the connection: nothing listens there", "start the server on"),
        (
            "https",
            &tls,
            "cannot be trusted: its certificate is signed by an authority that is not trusted here",
            "name its CA with --ca-file",
        ),
        ("https", &plain, "does not speak TLS on this port", "it probably speaks plain HTTP"),
        (
            "https",
            &no_name,
            "cannot be resolved (DNS)",
            "if only a proxy can reach it, set HTTPS_PROXY",
        ),
    ] {
        let cloud = cloud(SandboxConfig::default());
        let other_ca = certificate("other", (2020, 2100)).0;
        let runner = runner(&cloud, &format!("{scheme}://{host}"))
            .with_file("other.pem", &other_ca)
            .set("SSL_CERT_FILE", "other.pem");
        let front = Front::start(runner, &[]);
        let reply = front.get("/x");
        reply.is_ours(502);
        let text = reply.text();
        assert!(text.contains(&format!("no response from {host}: ")), "{text}");
        assert!(text.contains(cause) && text.contains(hint), "{text}");
        front.finish();
    }
}
