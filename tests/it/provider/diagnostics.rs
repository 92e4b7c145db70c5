//! What the user reads when something is wrong: a diagnostic that points at its
//! line, with cause and hint.

use std::time::Duration;

use gc_token::internals::sandbox::SandboxConfig;
use jiff::SignedDuration;

use crate::common::cloud::SECRET;
use crate::common::terraform::Tool;
use crate::provider::rig::{Rig, USES};

/// The resource's arguments, what the environment says otherwise, and what is
/// to be read then.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

const ERRORS: &[Case] = &[
    (
        "skew = \"fast\"",
        &[],
        &["Error: attribute \"skew\": \"fast\"", "skew = \"fast\"", "on main.tf line"],
    ),
    (
        "region = \"eu-vest-1\"",
        &[],
        &[
            "Error: attribute \"region\": \"eu-vest-1\" is",
            "region = \"eu-vest-1\"",
            "did you mean eu-west-1",
        ],
    ),
    ("verify = \"sometimes\"", &[], &["verify = \"sometimes\"", "one of auto, always, never"]),
    (
        "min_ttl = \"2d\"",
        &[],
        &["Error: cannot provide a token valid for 48h", "min_ttl = \"2d\"", "Token Duration"],
    ),
    (
        "",
        &[("GENESYSCLOUD_OAUTHCLIENT_ID", "")],
        &["Error: there is no client id", "GENESYSCLOUD_OAUTHCLIENT_ID"],
    ),
    (
        "",
        &[("GENESYSCLOUD_OAUTHCLIENT_SECRET", "")],
        &["Error: there is no secret for client", "GENESYSCLOUD_OAUTHCLIENT_SECRET"],
    ),
    (
        "",
        &[("GENESYSCLOUD_OAUTHCLIENT_SECRET", "not-the-secret")],
        &[
            "Error: ",
            "authentication failed",
            "Settings: client-id ",
            "GENESYSCLOUD_OAUTHCLIENT_SECRET",
            "gc-token doctor",
        ],
    ),
    (
        "",
        // Port 9 discards: nobody listens there.
        &[("GC_TOKEN_LOGIN_URL", "http://127.0.0.1:9"), ("GC_TOKEN_TIMEOUT", "1s")],
        &["Error: no token from 127.0.0.1:9", "refused", "from GC_TOKEN_LOGIN_URL"],
    ),
];

#[test]
fn errors_say_what_where_why_and_what_to_do() {
    let Some(mut rig) = Rig::new(Tool::Terraform, SandboxConfig::default(), "", USES) else {
        return;
    };
    for (arguments, variables, words) in ERRORS {
        rig.change(arguments, USES);
        for (name, value) in *variables {
            rig.terraform.set(name, value);
        }
        let said = rig.terraform.fails(&["plan"]);
        for word in *words {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(!said.contains(SECRET) && !said.contains("not-the-secret"));
        rig.reset();
    }
    assert_eq!(rig.cloud.counters().mints, 1);
    rig.assert_nothing_is_left();
}

#[test]
fn validate_finds_bad_values_in_every_block() {
    let rest = r#"
        provider "gctoken" {
          region = "eu-vest-1"
        }
        variable "verify" {
          default = "sometimes"
        }
        data "gctoken_clock" "this" {
          skew = "fast"
        }
    "#;
    let Some(rig) = Rig::new(Tool::Terraform, SandboxConfig::default(), "min_ttl = \"1x\"", rest)
    else {
        return;
    };
    let bad = |words: [&str; 2]| {
        let said = rig.terraform.fails(&["validate"]);
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
    };
    bad(["in provider \"gctoken\"", "did you mean eu-west-1"]);
    let rest = rest.replace("eu-vest-1", "eu-west-1");
    rig.change("min_ttl = \"1x\"", &rest);
    bad(["in data \"gctoken_clock\" \"this\"", "attribute \"skew\": \"fast\""]);
    bad(["in ephemeral \"gctoken_access_token\" \"this\"", "attribute \"min_ttl\": \"1x\""]);

    // A variable's value is known only while planning.
    rig.change("verify = var.verify", &rest.replace("fast", "2s"));
    rig.terraform.ok(&["validate"]);
    let said = rig.terraform.fails(&["plan"]);
    assert!(said.contains("one of auto, always, never"), "{said}");
}

#[test]
fn warnings_are_warnings() {
    let plan = SandboxConfig { lifetime: Duration::from_secs(120), ..SandboxConfig::default() };
    let Some(rig) = Rig::new(Tool::Terraform, plan, "", USES) else {
        return;
    };
    let said = rig.terraform.ok(&["plan"]);
    for word in ["Warning: gc-token: the issuer's tokens live 2m", "not the default 10m"] {
        assert!(said.contains(word), "{word}: {said}");
    }

    let plan =
        SandboxConfig { api_offset: SignedDuration::from_secs(20), ..SandboxConfig::default() };
    let Some(rig) = Rig::new(Tool::Terraform, plan, "", USES) else {
        return;
    };
    let said = rig.terraform.ok(&["plan"]);
    for word in ["the API's clock is", "more than the skew"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn verify_decides_whether_the_api_is_asked_about_a_cached_token() {
    let Some(rig) = Rig::new(Tool::Terraform, SandboxConfig::default(), "verify = \"never\"", USES)
    else {
        return;
    };
    rig.shared_token();
    rig.cloud.revoke_all();
    let error = rig.terraform.fails(&["apply", "-auto-approve"]);
    assert!(error.contains("exit status 22"), "{error}");
    assert_eq!(rig.cloud.counters().mints, 1);

    rig.change("verify = \"always\"", USES);
    let said = rig.terraform.ok(&["apply", "-auto-approve"]);
    for words in ["Warning: gc-token: the API rejected the cached token", "minting another"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(rig.cloud.counters().mints, 2);
}
