//! Failures that name the settings that they depend on, and where each came from.

use gc_token::internals::sandbox::SandboxConfig;

use crate::common::cloud::{SECRET, cloud};
use crate::common::port::dead_port;
use crate::common::process::Finished;
use crate::common::runner::Runner;
use crate::doctor::report::Report;

/// Asserts the exit code, and that the output contains each text.
#[track_caller]
fn fails(finished: &Finished, code: i32, says: &[&str]) {
    assert_eq!(finished.status.code(), Some(code), "{finished:#?}");
    assert_eq!(finished.stdout, "", "{finished:#?}");
    for text in says {
        assert!(finished.stderr.contains(text), "{text}: {finished:#?}");
    }
}

#[test]
fn refused_credentials_name_client_region_and_their_sources() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).set("GENESYSCLOUD_OAUTHCLIENT_ID", "nobody");
    fails(
        &runner.run(&["get"]),
        4,
        &[
            "invalid_client: client not found",
            "settings: client-id nobody from GENESYSCLOUD_OAUTHCLIENT_ID, client secret from \
             GENESYSCLOUD_OAUTHCLIENT_SECRET, login-url http://LOGIN from GC_TOKEN_LOGIN_URL\n",
            "hint: there is no such client at this host",
            "check the client id, and that the OAuth client belongs to this region",
        ],
    );
    let runner = Runner::of(&cloud).set("GENESYSCLOUD_OAUTHCLIENT_SECRET", "wrong");
    fails(
        &runner.run(&["get", "--region", "eu-west-1"]),
        4,
        &[
            "invalid_client: authentication failed",
            "login-url http://LOGIN from GC_TOKEN_LOGIN_URL, which overrides region eu-west-1 \
             from --region\n",
            "hint: the client exists, but this is not its secret: check the client secret",
        ],
    );
    let profile =
        "[default]\nclient_id = 'of-the-profile'\nclient_secret_command = ['echo', 'x']\n";
    let runner = Runner::of(&cloud)
        .unset("GENESYSCLOUD_OAUTHCLIENT_ID")
        .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
        .with_file(".config/gc-token/config.toml", profile);
    fails(
        &runner.run(&["get"]),
        4,
        &[
            "client-id of-the-profile from client_id of profile \"default\" in HOME/",
            "client secret from the command \"echo\"",
        ],
    );
}

#[test]
fn a_secret_in_the_place_of_the_id_is_not_shown() {
    // As long as those that Genesys Cloud makes.
    let secret = "wPq3-Zx81_7yBv0nKdRk2sLtJm4HfGcAeUoQiT5bN6M";
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud)
        .set("GENESYSCLOUD_OAUTHCLIENT_ID", secret)
        .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", "the-client");
    let says = ["client-id (not shown: it may be a secret) from GENESYSCLOUD_OAUTHCLIENT_ID"];
    let finished = runner.run(&["get"]);
    fails(&finished, 4, &says);
    assert!(!finished.stderr.contains(secret), "{finished:#?}");
    let report = Report::of(&runner, &[]);
    report.exits_with(4).says("settings", "ok", "client-id: (not shown").does_not_say(secret);
}

/// A sandbox that has ended leaves such variables behind.
#[test]
fn a_login_url_that_goes_before_the_region_is_named() {
    let url = format!("http://127.0.0.1:{}", dead_port());
    let runner = Runner::bare()
        .at(&url)
        .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET)
        .set("GENESYSCLOUD_REGION", "eu-west-1");
    fails(
        &runner.run(&["get", "--timeout=100ms"]),
        5,
        &[
            "warning: GC_TOKEN_LOGIN_URL overrides GENESYSCLOUD_REGION: tokens come from \
             http://LOGIN, not login.mypurecloud.ie\n",
            "login-url http://LOGIN from GC_TOKEN_LOGIN_URL, which overrides region eu-west-1 \
             from GENESYSCLOUD_REGION, timeout 100ms from --timeout\n",
            "; for a diagnosis: gc-token doctor\n",
        ],
    );
    Report::of(&runner, &["--timeout=100ms"]).exits_with(5).says(
        "settings",
        "warning",
        "GC_TOKEN_LOGIN_URL overrides GENESYSCLOUD_REGION",
    );
}

#[test]
fn an_api_url_or_a_token_url_that_goes_before_the_region_is_named() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud)
        .unset("GC_TOKEN_LOGIN_URL")
        .set("GC_TOKEN_TOKEN_URL", format!("{}/oauth/token", cloud.login_url()))
        .set("GENESYSCLOUD_REGION", "eu-west-1");
    let finished = runner.run(&["get"]);
    let told = format!(
        "gc-token: warning: GC_TOKEN_TOKEN_URL and GC_TOKEN_API_URL override GENESYSCLOUD_REGION: \
         tokens come from http://LOGIN/oauth/token, not login.mypurecloud.ie; the API is {}, not \
         api.mypurecloud.ie\n",
        cloud.api_url()
    );
    assert_eq!(finished.stderr, told);
    assert_eq!(finished.succeeded().trim_end().len(), 86);
    let runner = runner.unset("GC_TOKEN_TOKEN_URL");
    let said = runner.run(&["status"]).stderr;
    let told = "gc-token: warning: GC_TOKEN_API_URL overrides GENESYSCLOUD_REGION: the API is ";
    assert!(said.starts_with(told) && said.lines().count() == 1, "{said}");
}

#[test]
fn urls_that_agree_with_the_region_or_stand_beside_it_in_one_profile_are_no_matter() {
    let cloud = cloud(SandboxConfig::default());
    let profile = format!("[default]\nregion = 'eu-west-1'\nlogin_url = '{}'\n", cloud.login_url());
    let runner = Runner::of(&cloud)
        .unset("GC_TOKEN_LOGIN_URL")
        .unset("GC_TOKEN_API_URL")
        .with_file(".config/gc-token/config.toml", &profile);
    let finished = runner.run(&["get", "--verify=never"]);
    assert_eq!(finished.stderr, "", "{finished:#?}");
    let runner = Runner::bare()
        .at("https://login.mypurecloud.ie/")
        .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET)
        .set("GC_TOKEN_API_URL", "https://api.mypurecloud.ie")
        .set("GENESYSCLOUD_REGION", "Ireland");
    assert_eq!(runner.run(&["status"]).stderr, "");
}

#[test]
fn the_settings_behind_a_failure_are_named() {
    let lifetime = std::time::Duration::from_secs(300);
    let cloud = cloud(SandboxConfig { lifetime, ..SandboxConfig::default() });
    let runner = Runner::of(&cloud).set("GC_TOKEN_MIN_TTL", "1h");
    fails(&runner.run(&["get"]), 7, &["settings: min-ttl 1h from GC_TOKEN_MIN_TTL\n"]);
    let runner = Runner::of(&cloud).set("GC_TOKEN_CACHE_DIR", "/proc/nowhere");
    let settings = "settings: cache-dir /proc/nowhere from GC_TOKEN_CACHE_DIR\n";
    fails(&runner.run(&["get"]), 9, &[settings]);
}

#[test]
fn regions_are_listed_with_their_places_and_short_forms() {
    let table = Runner::bare().run(&["regions"]);
    let row = |start: &str| {
        let row = table.stdout.lines().find(|line| line.starts_with(start)).expect(start);
        row.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(row("REGION"), ["REGION", "SHORT", "DOMAIN", "PLACE"]);
    assert_eq!(row("eu-west-1"), ["eu-west-1", "euw1", "mypurecloud.ie", "Ireland"]);
    assert_eq!(row("us-east-1"), ["us-east-1", "use1", "mypurecloud.com", "Virginia"]);
}

#[test]
fn a_region_by_another_name_is_understood_or_asked_about() {
    let runner = Runner::bare()
        .set("GENESYSCLOUD_OAUTHCLIENT_ID", "id")
        .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET);
    for name in ["apse2", " Sydney ", "https://apps.mypurecloud.com.au/directory/"] {
        let status = runner.run(&["status", "--region", name]);
        assert!(status.succeeded().contains("https://login.mypurecloud.com.au/"), "{status:#?}");
    }
    let hint = "did you mean us-east-1 (mypurecloud.com, Virginia)?";
    fails(&runner.run(&["get", "--region=use1.pure.cloud"]), 2, &[hint]);
}
