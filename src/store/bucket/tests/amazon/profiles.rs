//! Profiles in `~/.aws`.

use super::super::fake::FakeResponse;
use super::home::{Home, set_mode};
use super::*;

fn keys(id: &str) -> String {
    format!("aws_access_key_id = {id}\naws_secret_access_key = {PROFILE_SECRET}\n")
}

#[test]
fn keys_and_region_are_those_of_the_profile() {
    let credentials = format!("[default]\n{}[ci]\n{}", keys("AKDEFAULT"), keys("AKCI"));
    let config = "[default]\nregion = eu-west-1\n[profile ci]\nregion = eu-west-3\n\
                  aws_access_key_id = no\n";
    let home = Home::new(&[(".aws/credentials", &*credentials), (".aws/config", config)]);
    let host = KeyedHost::start();
    let by = |more: &[(&str, &str)]| signed_by(&host.first_request(&home.env(more)));
    let pair = |id: &str, region: &str| (id.to_owned(), region.to_owned());
    assert_eq!(by(&[]), pair("AKDEFAULT", "eu-west-1"));
    assert_eq!(by(&[("AWS_PROFILE", "ci")]), pair("AKCI", "eu-west-3"));
    assert_eq!(by(&[("AWS_DEFAULT_PROFILE", "ci")]), pair("AKCI", "eu-west-3"));
    let both = [("AWS_PROFILE", "default"), ("AWS_DEFAULT_PROFILE", "ci")];
    assert_eq!(by(&both), pair("AKDEFAULT", "eu-west-1"));
    // Variables count before the profile, each by itself.
    assert_eq!(by(&S3_KEYS), pair("AKIDEXAMPLE", "eu-west-1"));
    let region = [("AWS_PROFILE", "ci"), ("AWS_REGION", "us-west-2")];
    assert_eq!(by(&region), pair("AKCI", "us-west-2"));
    let region = [("AWS_DEFAULT_REGION", "us-west-1")];
    assert_eq!(by(&region), pair("AKDEFAULT", "us-west-1"));
}

#[test]
fn the_token_of_a_session_belongs_to_its_keys() {
    let credentials = format!("[default]\n{}aws_session_token = of+profile\n", keys("ASIA"));
    let home = Home::new(&[(".aws/credentials", &*credentials)]);
    let host = KeyedHost::start();
    let token = |env: &[(&str, &str)]| {
        let request = host.first_request(env);
        request.header("x-amz-security-token").map(str::to_owned)
    };
    assert_eq!(token(&home.env(&[])).as_deref(), Some("of+profile"));
    assert_eq!(token(&home.env(&S3_KEYS)), None);
    home.write(".aws/credentials", &format!("[default]\n{}", keys("AKIA")));
    assert_eq!(token(&home.env(&[("AWS_SESSION_TOKEN", "of+another")])), None);
}

#[test]
fn files_are_where_variables_say() {
    let home = Home::new(&[
        ("keys", &*format!("[default]\n{}", keys("AKELSEWHERE"))),
        ("config", "[default]\nregion = eu-north-1\n"),
        (".aws/credentials", &*format!("[default]\n{}region = no\n", keys("AKNO"))),
    ]);
    let config = home.path("config").display().to_string();
    let places = [("AWS_SHARED_CREDENTIALS_FILE", "~/keys"), ("AWS_CONFIG_FILE", &*config)];
    let request = KeyedHost::start().first_request(&home.env(&places));
    assert_eq!(signed_by(&request), ("AKELSEWHERE".to_owned(), "eu-north-1".to_owned()));
    let none = [("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"), ("AWS_CONFIG_FILE", "/dev/null")];
    let none = [&none[..], &[("AWS_EC2_METADATA_DISABLED", "true")]].concat();
    assert!(refused(&home.env(&none)).error.message.starts_with("no AWS credentials"));
}

#[test]
fn the_endpoint_of_a_profile_is_that_of_the_service_first() {
    let (host, other) = (KeyedHost::start(), KeyedHost::start());
    let config =
        |url: &str, more: &str| format!("[default]\n{}endpoint_url = {url}\n{more}", keys("AKIA"));
    let home = Home::new(&[(".aws/config", &*config(&host.url, ""))]);
    let read = |env: &[(&str, &str)]| {
        drop(engine(S3, env.iter().copied(), None).read(&name(0), LIMIT).unwrap());
        [&host, &other].map(|host| host.host.take_seen().len())
    };
    assert_eq!(read(&home.env(&[])), [1, 0]);
    assert_eq!(read(&home.env(&[("AWS_ENDPOINT_URL", &*other.url)])), [0, 1]);
    let services = format!("services = x\n[services x]\ns3 =\n  endpoint_url = {}\n", other.url);
    home.write(".aws/config", &config(&host.url, &services));
    assert_eq!(read(&home.env(&[])), [0, 1]);
    home.write(".aws/config", &config("http://h x", ""));
    let (cause, _) = home.error(&[]);
    let expected = "endpoint_url of profile \"default\" in ~/.aws/config is not the URL of a \
                    server, such as https://host:9000";
    assert_eq!(cause, expected);
}

#[test]
fn a_file_that_others_control_is_judged_by_what_it_decides() {
    let home = Home::new(&[(".aws/credentials", &*format!("[default]\n{}", keys("AKIA")))]);
    let host = KeyedHost::start();
    let warnings = |mode: u32| {
        set_mode(&home.path(".aws/credentials"), mode);
        let env = [("AWS_ENDPOINT_URL", &*host.url)];
        let (store, warnings) = engine_with_warnings(S3, home.env(&env), None);
        store.read(&name(0), LIMIT).unwrap();
        warnings.take().join("\n").replace(&home.shown, "~")
    };
    assert_eq!(warnings(0o600), "");
    assert_eq!(
        warnings(0o640),
        "aws_secret_access_key of profile \"default\" in ~/.aws/credentials: other users may \
         read it (the file's mode is 0640): chmod 600 ~/.aws/credentials"
    );
    let shown = warnings(0o602);
    let expected = "profile \"default\" in ~/.aws/credentials could be changed by another user";
    assert!(shown.starts_with(expected), "{shown}");

    let endpoint = format!("[default]\n{}endpoint_url = {}\n", keys("AKIA"), host.url);
    home.write(".aws/credentials", &endpoint);
    set_mode(&home.path(".aws/credentials"), 0o602);
    let (cause, _) = home.error(&[]);
    assert!(cause.contains("is not trusted, because every user could change it"), "{cause}");
}

#[test]
fn what_a_profile_cannot_do_here_is_named_with_the_way_out() {
    let sso = "[default]\nsso_session = x\n[profile my team]\nsso_start_url = x\n";
    let home = Home::new(&[(".aws/config", sso)]);
    assert_eq!(
        home.error(&[]),
        (
            "sso_session of profile \"default\" in ~/.aws/config needs the login of a person, \
             which gc-token does not do"
                .to_owned(),
            "run first: eval \"$(aws configure export-credentials --format env)\"".to_owned()
        )
    );
    let quoted = "[default]\n[profile \"my team\"]\nsso_start_url = x\n";
    home.write(".aws/config", quoted);
    let (_, hint) = home.error(&[("AWS_PROFILE", "my team")]);
    assert!(hint.contains("export-credentials --profile 'my team' --format env"), "{hint}");
    let role = "[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = y\n";
    home.write(".aws/config", role);
    let (cause, hint) = home.error(&[]);
    assert!(cause.contains("assumes a role by other credentials"), "{cause}");
    assert!(hint.contains("aws configure export-credentials"), "{hint}");
    // Keys in variables count before it.
    KeyedHost::start().first_request(&home.env(&S3_KEYS));
}

#[test]
fn keys_that_are_refused_are_named_by_their_profile() {
    let home = Home::new(&[(".aws/credentials", &*format!("[default]\n{}", keys("AKIA")))]);
    for code in ["InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"] {
        let host = FakeHost::start(move |_| FakeResponse::refusal(403, code));
        let error = refused(&home.env(&[("AWS_ENDPOINT_URL", &*host.url())]));
        let (_, message, _, hint) = parts(&error);
        assert_eq!(message, "the store s3://tokens/ci/a%20b refuses the credentials");
        let hint = hint.replace(&home.shown, "~");
        let expected = "check an access key from aws_secret_access_key of profile \"default\" in \
                        ~/.aws/credentials: ";
        assert!(hint.starts_with(expected), "{hint}");
    }
}

#[test]
fn a_profile_that_is_missing_or_incomplete_is_named() {
    let home =
        Home::new(&[(".aws/credentials", "[default]\naws_access_key_id = AKIA\n[b]\n[a]\n")]);
    let (cause, hint) = home.error(&[("AWS_PROFILE", "ci")]);
    let expected = "there is no profile \"ci\" in ~/.aws/config, ~/.aws/credentials";
    assert_eq!((&*cause, &*hint), (expected, "correct AWS_PROFILE (known: a, b, default)"));
    let (cause, _) = home.error(&[]);
    let expected = "aws_access_key_id of profile \"default\" in ~/.aws/credentials is set without \
                    aws_secret_access_key";
    assert_eq!(cause, expected);
    let broken = format!("[default]\n[{PROFILE_SECRET}\n");
    home.write(".aws/credentials", &broken);
    let (cause, _) = home.error(&[("AWS_PROFILE", "default")]);
    assert!(cause.starts_with("~/.aws/credentials cannot be read: line 2"), "{cause}");
    // Nobody named it.
    let env = home.env(&[("AWS_EC2_METADATA_DISABLED", "true")]);
    let (store, warnings) = engine_with_warnings(S3, env, None);
    let error = store.read(&name(0), LIMIT).unwrap_err();
    assert_eq!(parts(&error).1, "no AWS credentials for the store s3://tokens/ci/a%20b");
    let warnings = warnings.take().join("\n").replace(&home.shown, "~");
    let expected = "the profiles in ~/.aws/credentials cannot be read: line 2";
    assert!(warnings.starts_with(expected) && !warnings.contains(PROFILE_SECRET), "{warnings}");
}

#[test]
fn a_switch_of_a_profile_is_true_or_false() {
    let home = Home::new(&[]);
    home.write(".aws/config", "[default]\nuse_fips_endpoint = rubbish\n");
    let (cause, hint) = home.error(&[]);
    let expected = "use_fips_endpoint of profile \"default\" in ~/.aws/config is neither true nor \
                    false";
    assert_eq!((&*cause, &*hint), (expected, "correct it"));
}

#[test]
fn a_file_that_is_too_long_is_not_cut() {
    let home = Home::new(&[]);
    home.write(".aws/config", &format!("[ci]\n# {}\n", "x".repeat(1 << 20)));
    let (cause, _) = home.error(&[("AWS_PROFILE", "ci")]);
    assert_eq!(cause, "~/.aws/config cannot be read: it is longer than 1 MiB");
}
