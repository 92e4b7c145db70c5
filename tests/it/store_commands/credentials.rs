//! Credentials of a bucket, as people and pipelines have them.

use super::Fleet;
use crate::common::runner::Runner;
use crate::common::servers::shared_store::SharedStore;

const KEY_SECRET: &str = "fleetfleet/secret+of+the+profile/1234567";

/// A machine that has the endpoint of the store in a profile, and nothing in variables.
fn machine(fleet: &Fleet, profile: &str) -> Runner {
    let lent = fleet.machine();
    let variables = lent.variables(&["AWS_"]);
    let (_, endpoint) = variables.iter().find(|(name, _)| name == "AWS_ENDPOINT_URL").unwrap();
    let endpoint = endpoint.to_str().unwrap();
    let config = format!("[profile ci]\nregion = us-east-1\nendpoint_url = {endpoint}\n{profile}");
    variables
        .iter()
        .fold(lent, |machine, (name, _)| machine.unset(name))
        .set("AWS_PROFILE", "ci")
        .with_file(".aws/config", &config)
}

#[test]
fn machines_share_a_token_by_keys_of_a_profile_and_of_a_program() {
    let Some(fleet) = Fleet::with(SharedStore::s3()) else { return };
    let keys = format!("[ci]\naws_access_key_id = AKIA\naws_secret_access_key = {KEY_SECRET}\n");
    let by_keys = machine(&fleet, "").with_file(".aws/credentials", &keys);
    let json = format!(
        "{{\"Version\": 1, \"AccessKeyId\": \"ASIA\", \"SecretAccessKey\": \"{KEY_SECRET}\"}}"
    );
    let by_program = machine(&fleet, "credential_process = cat keys.json\n");
    let by_program = by_program.with_file("keys.json", &json);

    let token = by_keys.run(&["get"]).token().to_owned();
    assert_eq!(by_program.run(&["get"]).token(), token);
    for (machine, connects) in [
        (
            by_keys,
            "connects with an access key from aws_secret_access_key of profile \"ci\" in \
             HOME/.aws/credentials",
        ),
        (
            by_program,
            "connects with the keys that \"cat\" prints, by credential_process of profile \"ci\" \
             in HOME/.aws/config",
        ),
    ] {
        let doctor = machine.run(&["doctor", "-v"]);
        assert!(doctor.stdout.contains(connects), "{doctor:#?}");
        assert!(doctor.stdout.contains("from endpoint_url of profile \"ci\""), "{doctor:#?}");
        assert!(!format!("{doctor:?}").contains(KEY_SECRET));
    }
}

#[test]
fn a_login_of_a_person_is_refused_with_the_way_out() {
    let Some(fleet) = Fleet::with(SharedStore::s3()) else { return };
    let get = machine(&fleet, "sso_session = team\n").run(&["get"]);
    assert_eq!(get.status.code(), Some(3), "{get:#?}");
    let cause = "sso_session of profile \"ci\" in HOME/.aws/config needs the login of a person";
    assert!(get.stderr.contains(cause), "{get:#?}");
    let hint = "run first: eval \"$(aws configure export-credentials --profile ci --format env)\"";
    assert!(get.stderr.contains(hint), "{get:#?}");
}

/// Moto is also the service that hands out credentials.
#[test]
fn a_ci_job_gets_a_token_by_its_web_identity() {
    let Some(fleet) = Fleet::with(SharedStore::s3()) else { return };
    let job = || {
        let job = fleet.machine().with_file("identity", "header.claims.signature");
        let file = job.home().join("identity");
        job.unset("AWS_ACCESS_KEY_ID")
            .unset("AWS_SECRET_ACCESS_KEY")
            .set("AWS_WEB_IDENTITY_TOKEN_FILE", file)
            .set("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/ci")
    };
    let (one, other) = (job(), job());
    assert_eq!(one.run(&["get"]).token(), other.run(&["get"]).token());
    assert_eq!(fleet.cloud.counters().mints, 1);
}
