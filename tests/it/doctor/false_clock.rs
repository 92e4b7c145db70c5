//! Certificates under a clock that is wrong: by libfaketime, which leaves the
//! boot clock alone.

use std::path::PathBuf;

use gc_token::internals::context::{Clock, SystemClock};
use gc_token::internals::sandbox::{Sandbox, SandboxConfig};
use jiff::{SignedDuration, Timestamp};

use crate::common::cloud::cloud;
use crate::common::missing;
use crate::common::runner::Runner;
use crate::doctor::report::Report;

/// Finds libfaketime, where Debian's package `faketime` installs it.
fn library() -> Option<PathBuf> {
    let dirs = std::fs::read_dir("/usr/lib").ok()?;
    let mut candidates = dirs
        .filter_map(|dir| Some(dir.ok()?.path().join("faketime/libfaketimeMT.so.1")))
        .chain(["/usr/lib/faketime/libfaketimeMT.so.1".into()]);
    candidates.find(|library| library.is_file())
}

/// A runner whose wall clock is this much ahead, for `-2h` behind.
fn ahead(runner: Runner, by: &str) -> Option<Runner> {
    let Some(library) = library() else {
        missing("libfaketime");
        return None;
    };
    Some(
        runner
            .set("LD_PRELOAD", library)
            .set("FAKETIME", by)
            .set("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    )
}

/// A cloud with a certificate that is valid from one to the other, in hours
/// from now, and a runner that trusts it.
fn cloud_valid(from: i64, to: i64) -> (Sandbox, Runner) {
    let now = SystemClock::default().read().wall;
    let moment = |hours| -> Timestamp { now + SignedDuration::from_hours(hours) };
    let cloud = cloud(SandboxConfig {
        tls: true,
        validity: Some((moment(from), moment(to))),
        ..SandboxConfig::default()
    });
    let runner = Runner::of(&cloud)
        .with_file("ca.pem", cloud.ca_pem().unwrap())
        .set("SSL_CERT_FILE", "ca.pem");
    (cloud, runner)
}

#[test]
fn a_clock_that_is_wrong_is_named_with_its_offset() {
    let hours = ["1h59m59s", "2h", "2h1s", "2h2s"];
    let days = ["3650 days"; 4];
    for (by, state, sizes, side) in [
        ("+2h", "has expired", hours, "behind"),
        ("-2h", "is not valid yet", hours, "ahead"),
        ("+3650d", "has expired", days, "behind"),
        ("-3650d", "is not valid yet", days, "ahead"),
    ] {
        let (cloud, runner) = cloud_valid(-1, 1);
        let Some(runner) = ahead(runner, by) else {
            return;
        };
        let finished = runner.run(&["get"]);
        assert_eq!(finished.status.code(), Some(5), "{finished:#?}");
        let said = finished.stderr;
        assert!(said.contains(&format!("its certificate {state}")), "{by}: {said}");
        // One contact tells to half a second, and slowly on a busy machine.
        let tells = |size: &&str| said.contains(&format!("its own clock is {size} {side} (+/- "));
        assert!(sizes.iter().any(tells), "{by}: {said}");
        assert!(said.contains("this machine's clock is probably wrong"), "{said}");
        assert_eq!(cloud.counters().token_requests, 0, "no secret was sent");

        let report = Report::of(&runner, &[]);
        report.exits_with(5).says("issuer", "warning", "clock is probably wrong").says(
            "api",
            "warning",
            "clock is probably wrong",
        );
    }
}

#[test]
fn a_certificate_that_is_out_of_date_is_not_blamed_on_the_clock() {
    for (from, to, owner) in [(-2, -1, "has to renew it"), (1, 2, "has to wait")] {
        let (cloud, runner) = cloud_valid(from, to);
        let finished = runner.run(&["get"]);
        assert_eq!(finished.status.code(), Some(5), "{finished:#?}");
        let says = format!("both clocks say so: the certificate's owner {owner}");
        assert!(finished.stderr.contains(&says), "{finished:#?}");
        assert_eq!(cloud.counters().token_requests, 0);
    }
}

#[test]
fn a_wall_clock_that_was_stepped_since_the_mint() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    runner.run(&["get"]).token();
    let Some(runner) = ahead(runner, "-2h") else {
        return;
    };
    Report::of(&runner, &[])
        .exits_with(0)
        .says("clocks", "warning", "the wall clock was stepped by -7200.")
        .says("clocks", "warning", "about 2h behind: that looks like a time zone mix-up")
        .says("token", "ok", "the cached token is reused");
    assert_eq!(cloud.counters().mints, 1);
}
