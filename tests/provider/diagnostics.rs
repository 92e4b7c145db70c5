//! What the user reads when something is wrong: a diagnostic that points at its
//! line, with cause and hint.

use gc_token::sandbox::Plan;

use crate::common::cloud::SECRET;
use crate::common::terraform::Tool;
use crate::rig::{Rig, USES};

/// The resource's arguments, what the environment says otherwise, and what is
/// to be read then.
type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

const ERRORS: &[Case] = &[
    (
        "skew = \"fast\"",
        &[],
        &[
            "Error: attribute \"skew\": \"fast\"",
            "skew = \"fast\"",
            "on main.tf line",
        ],
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
    (
        "verify = \"sometimes\"",
        &[],
        &["verify = \"sometimes\"", "one of auto, always, never"],
    ),
    (
        "min_ttl = \"2d\"",
        &[],
        &[
            "Error: no token can be had that lives 2d",
            "min_ttl = \"2d\"",
            "Token Duration",
        ],
    ),
    (
        "",
        &[("GENESYSCLOUD_OAUTHCLIENT_ID", "")],
        &[
            "Error: there is no client id",
            "GENESYSCLOUD_OAUTHCLIENT_ID",
        ],
    ),
    (
        "",
        &[("GENESYSCLOUD_OAUTHCLIENT_SECRET", "")],
        &[
            "Error: there is no client secret",
            "GENESYSCLOUD_OAUTHCLIENT_SECRET",
        ],
    ),
    (
        "",
        &[("GENESYSCLOUD_OAUTHCLIENT_SECRET", "not-the-secret")],
        &["Error: ", "authentication failed"],
    ),
    (
        "",
        // Port 9 discards: nobody listens there.
        &[
            ("GC_TOKEN_LOGIN_URL", "http://127.0.0.1:9"),
            ("GC_TOKEN_TIMEOUT", "1s"),
        ],
        &["Error: no token from 127.0.0.1:9", "refused"],
    ),
];

#[test]
fn errors_say_what_where_why_and_what_to_do() {
    let Some(mut rig) = Rig::new(Tool::Terraform, Plan::default(), "", USES) else {
        return;
    };
    for (arguments, variables, words) in ERRORS {
        rig.change(arguments, USES);
        let before = rig.with(variables);
        let said = rig.terraform.fails(&["plan"]);
        for word in *words {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(!said.contains(SECRET) && !said.contains("not-the-secret"));
        for (name, value) in before {
            rig.terraform.set(&name, &value);
        }
    }
    assert_eq!(rig.cloud.counters().mints, 1);
    rig.assert_nothing_is_left();
}
