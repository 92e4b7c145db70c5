//! What may stand in the place of Terraform's query.

use super::Report;
use crate::common::cloud::cloud;
use crate::common::runner::Runner;
use gc_token::internals::sandbox::SandboxConfig;

const QUERIES: &[&[u8]] = &[
    b"",
    b" \n",
    b"{",
    b"{}{}",
    b"{\"region\":\"us-east-1\",}",
    b"{\"region\":\"\xff\"}",
    b"{\"region\":\"a\x00b\"}",
    b"null",
    b"[]",
    b"\"region\"",
    b"{\"region\":1}",
    b"{\"region\":true}",
    b"{\"region\":[\"us-east-1\"]}",
    b"{\"region\":{\"name\":\"us-east-1\"}}",
    b"{\"\":\"us-east-1\"}",
    b"{\"regoin\":\"us-east-1\"}",
    b"{\"Region\":\"us-east-1\"}",
    b"{\"timeout\":\"5s\"}",
    b"{\"client_secret\":\"x\"}",
    b"{\"db_password\":\"x\"}",
    b"{\"region\":\"us-esat-1\"}",
    b"{\"region\":\"moon\"}",
    b"{\"min_ttl\":\"soon\"}",
    b"{\"min_ttl\":\"-5s\"}",
    b"{\"min_ttl\":\"3d\"}",
    b"{\"skew\":\"400d\"}",
    b"{\"profile\":\"nope\"}",
];

#[test]
fn a_query_that_is_none_is_refused_by_name() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let mut report = Report::default();
    for query in QUERIES {
        let finished = runner.run_on(&["external"], query);
        report.failure(&query.escape_ascii().to_string(), &finished);
    }
    let deep = "[".repeat(100_000);
    report.failure("[[[...", &runner.run_on(&["external"], deep.as_bytes()));
    let long = " ".repeat(2 << 20);
    report.failure("2 MiB of blanks", &runner.run_on(&["external"], long.as_bytes()));
    insta::assert_snapshot!(report.0);
}
