//! `doctor --html`: the page for a ticket.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use gc_token::internals::sandbox::SandboxConfig;
use jiff::SignedDuration;

use crate::common::cloud::cloud;
use crate::common::guard;
use crate::common::port::dead_port;
use crate::common::runner::Runner;
use crate::monitor::browser::{found, look_at};

#[test]
fn the_page_is_readable_in_both_schemes_on_a_phone_and_on_paper() {
    let cloud = cloud(SandboxConfig {
        issuer_offset: SignedDuration::from_secs(3),
        api_offset: SignedDuration::from_secs(5),
        ..SandboxConfig::default()
    });
    let runner = Runner::of(&cloud);
    runner.run(&["doctor", "--html", "report.html"]).succeeded();
    let file = runner.home().join("report.html");
    let url = format!("file://{}", file.display());
    let Some(looking) = look_at(&url, "rests", &runner) else { return };
    let looks = found(looking);
    let looks = looks.as_array().unwrap();
    assert_eq!(looks.len(), 8);
    for seen in looks {
        assert_eq!(seen["problems"], serde_json::json!([]));
        assert_eq!(seen["hosts"], serde_json::json!([""]), "nothing but the file itself");
        assert!(seen["overflow"].as_i64().unwrap() <= 0, "{}", seen["overflow"]);
        let contrasts = seen["contrasts"].as_array().unwrap();
        assert!(contrasts.len() > 30, "{contrasts:?}");
        for text in contrasts {
            assert!(text["contrast"].as_f64().unwrap() >= 4.5, "{text}");
        }
        let headings = seen["headings"].as_array().unwrap();
        assert_eq!(headings[0], "✓ A pipeline would succeed");
        assert_eq!(headings[1..4], ["To note", "Clocks", "Settings"]);
        let description = seen["drawing"][1].as_str().unwrap();
        assert!(description.contains("within the skew of 5\u{a0}s"), "{description}");
        let dom = seen["dom"].as_str().unwrap();
        guard::holds_no_secret(dom.as_bytes(), "the page");
        guard::holds_no_token(dom.as_bytes(), "the page");
    }
    let backgrounds = [&looks[0], &looks[4], &looks[5]].map(|seen| &seen["background"]);
    assert_ne!(backgrounds[0], backgrounds[1], "light and dark");
    assert_eq!(backgrounds[0], backgrounds[2], "paper is light");
}

#[test]
fn a_failure_is_on_the_page_and_told_once() {
    let url = format!("http://127.0.0.1:{}", dead_port());
    let runner = Runner::bare()
        .at(&url)
        .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", crate::common::cloud::SECRET);
    let finished = runner.run(&["doctor", "--html=~/report.html", "--timeout=1s"]);
    assert_eq!(finished.status.code(), Some(5), "{finished:#?}");
    assert_eq!(finished.stderr, "", "the report tells the failure: {finished:#?}");
    let refused = "refused the connection";
    assert_eq!(finished.stdout.matches(refused).count(), 1, "{finished:#?}");
    let file = runner.home().join("report.html");
    let page = fs::read_to_string(&file).unwrap();
    assert_eq!(page.matches(refused).count(), 1, "{page}");
    assert!(page.contains("A pipeline would fail with exit code 5"), "{page}");
    assert!(page.contains("default-src 'none'; style-src 'sha256-"), "{page}");
    guard::holds_no_secret(page.as_bytes(), "the page");
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

/// In each place that the page quotes.
#[test]
fn markup_in_a_setting_is_text_on_the_page() {
    let hostile = "a</li><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&lt;";
    let escaped = "a&lt;/li&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;'&gt;&lt;img src=x \
                   onerror=alert(2)&gt;&amp;lt;";
    let profile = format!("[\"<script>'&\"]\nscope = '''{hostile}'''\n");
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud)
        .with_file(".config/gc-token/config.toml", &profile)
        .set("GC_TOKEN_PROFILE", "<script>'&")
        .set("GC_TOKEN_AUDIENCE", hostile)
        .set("GENESYSCLOUD_OAUTHCLIENT_ID", hostile)
        .set("GC_TOKEN_CACHE_DIR", "<script>dir")
        .set("GENESYSCLOUD_REGION", "eu-west-1");
    let page = |url: &str| {
        runner.run(&["doctor", "--html=report.html", "--timeout=2s", "--api-url", url]);
        let page = fs::read_to_string(runner.home().join("report.html")).unwrap();
        for tag in ["<script", "<img", "</script", "<SCRIPT", "onerror=alert(2)>"] {
            assert!(!page.contains(tag), "{tag}: {page}");
        }
        page
    };
    let with_token = page(&format!("{}/<script>", cloud.api_url()));
    for name in ["client-id", "audience", "scope"] {
        assert!(with_token.contains(&format!("{name}: {escaped}, from ")), "{name}: {with_token}");
    }
    assert!(with_token.contains("of profile &quot;&lt;script&gt;'&amp;&quot; in "), "{with_token}");
    assert!(with_token.contains("/&lt;script&gt;, not api.mypurecloud.ie"), "{with_token}");
    assert!(with_token.contains("&lt;script&gt;dir, mode 0700"), "{with_token}");
    let refused = page(&format!("https://127.0.0.1:9/{hostile}"));
    assert!(refused.contains("A pipeline would fail"), "{refused}");
}

#[test]
fn a_place_that_cannot_hold_the_page_is_refused_after_the_report() {
    let runner = Runner::bare();
    for (place, why) in [
        ("/dev/null", "it is a device"),
        ("missing/report.html", "create the directory missing first"),
        (".", "is a directory"),
    ] {
        let finished = runner.run(&["doctor", "--html", place]);
        assert_eq!(finished.status.code(), Some(1), "{finished:#?}");
        assert!(finished.stdout.contains("a pipeline would fail"), "{finished:#?}");
        let says = format!("gc-token: error: --html: cannot write {place}\n");
        assert!(finished.stderr.starts_with(&says), "{finished:#?}");
        assert!(finished.stderr.to_lowercase().contains(why), "{finished:#?}");
    }
}
