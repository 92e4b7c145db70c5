//! Programs of profiles (`credential_process`).

use std::fs;

use super::home::{Home, set_mode};
use super::*;

#[test]
fn a_program_prints_the_keys() {
    let home = Home::new(&[]);
    let program = home.path("print keys");
    fs::write(&program, "#!/bin/sh\necho called >>\"$2\"\ncat \"$1\"\n").unwrap();
    set_mode(&program, 0o755);
    let [keys, calls] = ["keys.json", "calls"].map(|name| home.path(name).display().to_string());
    home.write(
        ".aws/config",
        &format!("[profile ci]\ncredential_process = \"{}\" '{keys}' {calls}\n", program.display()),
    );
    let json = |version: u8| {
        format!(
            "{{\"Version\": {version}, \"AccessKeyId\": \"ASIAPRINTED\", \"SessionToken\": \
             \"printed\", \"SecretAccessKey\": \"{PROFILE_SECRET}\", \
             \"Expiration\": \"2099-01-01T00:00:00Z\"}}"
        )
    };
    fs::write(&keys, json(1)).unwrap();
    let host = KeyedHost::start();
    let env = [("AWS_PROFILE", "ci"), ("AWS_ENDPOINT_URL", &*host.url)];
    let store = engine(S3, home.env(&env), None);
    (0..3).for_each(|_| drop(store.read(&name(0), LIMIT).unwrap()));
    for request in host.host.take_seen() {
        assert_eq!(signed_by(&request).0, "ASIAPRINTED");
        assert_eq!(request.header("x-amz-security-token"), Some("printed"));
    }
    // Keys are kept for a while.
    assert_eq!(fs::read_to_string(&calls).unwrap(), "called\n");

    for (printed, ends) in
        [(json(2), "printed no credentials"), (PROFILE_SECRET.to_owned(), "printed no credentials")]
    {
        fs::write(&keys, printed).unwrap();
        let (cause, _) = home.error(&[("AWS_PROFILE", "ci")]);
        assert!(cause.ends_with(ends), "{cause}");
    }
    fs::write(&program, "#!/bin/sh\necho secret; exit 7\n").unwrap();
    let (cause, hint) = home.error(&[("AWS_PROFILE", "ci")]);
    let expected = "\"~/print keys\" of credential_process of profile \"ci\" in ~/.aws/config \
                    failed: exit status: 7";
    assert_eq!((&*cause, &*hint), (expected, "run it by itself to see what it says"));
}

#[test]
fn a_program_that_another_user_could_have_named_is_not_run() {
    let home = Home::new(&[]);
    let made = home.path("made");
    home.write(
        ".aws/config",
        &format!("[default]\ncredential_process = touch {}\n", made.display()),
    );
    set_mode(&home.path(".aws/config"), 0o620);
    let (cause, hint) = home.error(&[]);
    assert_eq!(
        cause,
        "credential_process of profile \"default\" in ~/.aws/config is not run, as another user \
         could have written it: other users can write to it: its mode is 0620"
    );
    assert_eq!(hint, "chmod go-w ~/.aws/config");
    assert!(!made.exists());
}
