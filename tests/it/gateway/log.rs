//! What the access log quotes of a request.

use gc_token::internals::sandbox::SandboxConfig;

use super::rig::{Front, runner};
use super::upstream::Upstream;
use crate::common::cloud::cloud;

/// Percent-encoded it stays; these bytes are not.
const PATHS: [&str; 5] = [
    "/a\u{9b}31mred\u{85}b",
    "/a\u{202e}b\u{200b}c\u{e0041}",
    "/##vso[task.complete]b",
    "/a##[error]b",
    "/%1b[31m",
];

#[test]
fn control_characters_in_a_path_are_escaped_in_the_log() {
    for format in ["text", "json"] {
        let cloud = cloud(SandboxConfig::default());
        let upstream = Upstream::willing();
        let args = [&*format!("--log-format={format}")];
        let front = Front::start(runner(&cloud, &upstream.url()), &args);
        let Front { address, prefix, token, .. } = &front;
        for path in PATHS {
            let request = format!(
                "GET /{prefix}{path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
                 Connection: close\r\n\r\n"
            );
            // Some are no paths for the library: those are refused.
            front.connect().send(request);
        }
        let said = front.finish().stderr;
        assert!(said.lines().count() >= 3, "{said}");
        assert!(said.contains("31m"), "{said}");
        assert!(!said.contains("##"), "{said}");
        let steers = |char: char| {
            char.is_control() && char != '\n'
                || matches!(char, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{e0000}'..='\u{e0fff}')
        };
        assert!(!said.chars().any(steers), "{said:?}");
        if format == "json" {
            // Nothing is lost, where the library takes the path at all.
            let paths = said.lines().filter_map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).ok()?;
                Some(line["path"].as_str()?.to_owned())
            });
            let paths: Vec<_> = paths.collect();
            assert!(paths.contains(&PATHS[0].to_owned()), "{paths:?}");
            assert!(paths.contains(&PATHS[1].to_owned()), "{paths:?}");
        }
    }
}
