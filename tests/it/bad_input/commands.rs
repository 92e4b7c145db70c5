//! What `exec` is asked for, and cannot do. No row costs a token.

use super::Report;
use crate::common::cloud::cloud;
use crate::common::runner::Runner;
use gc_token::internals::sandbox::SandboxConfig;

const COMMANDS: &[&[&str]] = &[
    &[],
    &["--"],
    &["--", ""],
    &["--", "no-such-command"],
    &["--", "./dir"],
    &["--", "./text"],
    &["--nonsense", "--", "true"],
    &["--set", "--", "true"],
    &["--set=", "--", "true"],
    &["--set=NAME", "--", "true"],
    &["--set==value", "--", "true"],
    &["--set=A={", "--", "true"],
    &["--set=A=}", "--", "true"],
    &["--set=A={}", "--", "true"],
    &["--set=A={tokne}", "--", "true"],
    &["--set=A={token", "--", "true"],
    &["--set=A={{token}", "--", "true"],
    &["--gateway", "--intercept", "--", "true"],
    &["--listen=127.0.0.1:0", "--", "true"],
    &["--metrics-listen=127.0.0.1:0", "--", "true"],
    &["--tokens=3", "--revoke", "--", "true"],
    &["--gateway", "--listen=nowhere", "--", "true"],
    &["--intercept", "--", "true"],
];

#[test]
fn a_command_that_cannot_be_served_is_refused_by_name() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).with_file("text", "text").with_file("dir/file", "");
    let mut report = Report::default();
    for args in COMMANDS {
        let finished = runner.run(&[&["exec"], *args].concat());
        report.failure(&args.join(" "), &finished);
    }
    insta::assert_snapshot!(report.0);
    assert_eq!(cloud.counters().token_requests, 0);
}
