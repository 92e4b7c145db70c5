//! Text that would steer a terminal, or that a CI system would take for a command, from
//! every place from which text comes: nothing of it leaves the program as it came.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;

use crate::common::cloud::cloud;
use crate::common::process::Finished;
use crate::common::runner::Runner;
use gc_token::internals::config::table;
use gc_token::internals::sandbox::SandboxConfig;

/// Without a line end, which not every place can hold.
const LINE: &str = "::error::a ##vso[task.complete result=Failed]b ##[error]c \u{9b}31md \u{202e}e\u{200b} \
                    #\u{ad}#vso[x] \u{2028}::warning::f\u{85}::debug::g \u{e0041}section_start:0:h";

/// Asserts that the output contains no control sequences.
#[track_caller]
fn is_harmless(place: &str, finished: &Finished) {
    for said in [&finished.stdout, &finished.stderr] {
        for line in said.split('\n') {
            assert!(!line.contains("##"), "{place}: {finished:#?}");
            assert!(!line.trim_start().starts_with("::"), "{place}: {finished:#?}");
            assert!(
                !line.contains("section_start:") || line.starts_with(['{', '[']),
                "{place}: {line}"
            );
            let steers = |char: char| {
                char.is_control() && char != '\t'
                    || matches!(char, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                        | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e0fff}')
            };
            assert!(!line.chars().any(steers), "{place}: {line:?}");
        }
    }
}

/// Commands that print settings.
const VERBS: [&[&str]; 7] = [
    &["get", "-vv"],
    &["env", "--shell=json"],
    &["status"],
    &["status", "--json"],
    &["doctor"],
    &["doctor", "--json"],
    &["cache", "list"],
];

#[test]
fn a_setting_can_hold_anything() {
    let cloud = cloud(SandboxConfig::default());
    std::thread::scope(|scope| {
        for setting in table::ALL {
            let cloud = &cloud;
            scope.spawn(move || {
                for value in
                    [LINE.to_owned(), format!("{LINE}\n::error::i"), "https://##[x]/".into()]
                {
                    let runner = Runner::of(cloud)
                        .set("GC_TOKEN_TIMEOUT", "3s")
                        .set(setting.variables[0], &value);
                    // Two of them take seconds each.
                    let verbs = VERBS.iter().filter(|verb| verb[0] != "doctor" || value == LINE);
                    for verb in verbs {
                        is_harmless(setting.flag, &runner.run(verb));
                    }
                }
                let flag = format!("--{}={LINE}\n::error::i", setting.flag);
                is_harmless(setting.flag, &Runner::of(cloud).run(&["get", &flag]));
            });
        }
    });
}

#[test]
fn a_command_line_can_hold_anything() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let several = format!("{LINE}\n::error::i\n##[error]j");
    for args in [
        vec![several.as_str()],
        vec!["get", &several],
        vec!["exec", "--", &several],
        vec!["cache", &several],
        vec!["completions", &several],
        vec!["sandbox", "--until-stdin-closes", "--fault", &several],
    ] {
        let finished = runner.run(&args);
        assert!(!finished.status.success(), "{finished:#?}");
        is_harmless(&args.concat(), &finished);
    }
    let query = serde_json::json!({ "region": several, several.as_str(): several }).to_string();
    is_harmless("query", &runner.run_on(&["external"], query.as_bytes()));
    is_harmless("query", &runner.run_on(&["external"], several.as_bytes()));
}

#[test]
fn a_profile_and_a_file_name_can_hold_anything() {
    let cloud = cloud(SandboxConfig::default());
    let text = LINE.replace('"', "");
    for profile in [
        format!("[default]\nregion = \"{text}\"\n"),
        format!("[default]\n\"{text}\" = 1\n"),
        format!("[default]\nclient_secret_command = [\"{text}\"]\n"),
        format!("[default]\n{text}\n"),
    ] {
        let runner = Runner::of(&cloud)
            .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
            .with_file(".config/gc-token/config.toml", &profile);
        for verb in VERBS {
            is_harmless(&profile, &runner.run(verb));
        }
    }
    let runner = Runner::of(&cloud);
    let dir = runner.home().join(format!("{}\n::error::i", LINE.replace('/', "")));
    let runner = runner.set("GC_TOKEN_CACHE_DIR", &dir);
    for verb in VERBS {
        is_harmless("directory", &runner.run(verb));
    }
}

/// The header of an entry is not authenticated before the seal is opened.
#[test]
fn the_header_of_a_cached_entry_can_hold_anything() {
    let cloud = cloud(SandboxConfig::default());
    let forged = format!("{LINE}\n::error::i\n##vso[task.x]j");
    let forge = |change: fn(&mut serde_json::Value, &str)| {
        let runner = Runner::of(&cloud);
        runner.run(&["get"]).succeeded();
        let file = runner.cached("token");
        let bytes = fs::read(&file).unwrap();
        let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
        let (format, header, sealed) = (lines.next(), lines.next(), lines.next());
        let mut header = serde_json::from_slice(header.unwrap()).unwrap();
        change(&mut header, &forged);
        let header = serde_json::to_vec(&header).unwrap();
        fs::write(&file, [format.unwrap(), b"\n", &header, b"\n", sealed.unwrap()].concat())
            .unwrap();
        runner
    };
    let readable = forge(|header, forged| {
        for name in ["token_url", "client_id", "scope", "audience", "token_type"] {
            header[name] = forged.into();
        }
    });
    let listed = readable.run(&["cache", "list"]);
    is_harmless("cache list", &listed);
    // A row is four lines, whatever is in it.
    assert_eq!(listed.succeeded().lines().count(), 4);
    let json = readable.run(&["cache", "list", "--json"]);
    is_harmless("cache list --json", &json);
    let json: serde_json::Value = serde_json::from_str(json.succeeded()).unwrap();
    assert_eq!(json[0]["scope"], forged, "nothing is lost");
    let poisoned = forge(|header, forged| {
        let value = header["stamp"].take();
        header["stamp"] = serde_json::json!({ forged: value });
        header["token_type"] = serde_json::json!([forged]);
    });
    for runner in [&readable, &poisoned] {
        for verb in VERBS.iter().rev() {
            is_harmless("an entry", &runner.run(verb));
        }
    }
    let poisoned = forge(|header, forged| header["stamp"] = forged.into());
    let said = poisoned.run(&["get"]).stderr;
    assert!(said.contains("its header cannot be read: line 2, column "), "{said}");
    assert!(!said.contains("vso"), "{said}");
}

/// A server that gives every request this answer.
fn server(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&answer);
        }
    });
    format!("http://{address}")
}

#[test]
fn an_issuer_can_say_anything() {
    let json = serde_json::json!({
        "error": format!("{LINE}\n::error::i"),
        "error_description": LINE,
        "correlation_id": LINE,
        LINE: LINE,
    });
    let token = serde_json::json!({ "access_token": "t", "token_type": LINE, "expires_in": LINE });
    let page = format!("<title>{LINE}\n::error::i</title><p>{LINE}");
    for header in ["ININ-Correlation-Id", "X-Request-Id", "Content-Type", "Content-Encoding"] {
        for (status, body) in [
            (400, json.to_string()),
            (401, page.clone()),
            (200, token.to_string()),
            (200, json.to_string()),
            (200, page.clone()),
            (302, LINE.to_owned()),
            (299, LINE.to_owned()),
        ] {
            let length = body.len();
            // Of header fields, a client of HTTP refuses those with C1 in UTF-8 as little.
            let answer = format!(
                "HTTP/1.1 {status} X\r\n{header}: {LINE}\r\nLocation: https://##vso[x]{LINE}/\r\n\
                 Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            let url = server(answer.into_bytes());
            let runner = Runner::bare()
                .at(&url)
                .set("GC_TOKEN_API_URL", &url)
                .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", "x-secret");
            let finished = runner.run(&["get", "-vv"]);
            assert!(!finished.status.success(), "{finished:#?}");
            is_harmless(&format!("{status} {header}"), &finished);
        }
    }
    let garbage = server(format!("HTTP/1.1 ##vso[x] {LINE}\r\n\r\n").into_bytes());
    let runner = Runner::bare().at(&garbage).set("GENESYSCLOUD_OAUTHCLIENT_SECRET", "x-secret");
    for verb in VERBS {
        is_harmless("no HTTP", &runner.run(verb));
    }
}
