//! Which hosts requests go to.

use super::super::fake::FakeResponse;
use super::super::internet::FakeInternet;
use super::*;

#[test]
fn the_endpoint_of_s3_counts_before_that_of_all_services() {
    let (host, other) = (KeyedHost::start(), KeyedHost::start());
    let env = [("AWS_ENDPOINT_URL_S3", &*host.url), ("AWS_ENDPOINT_URL", &*other.url)];
    engine(S3, S3_KEYS.into_iter().chain(env), None).read(&name(0), LIMIT).unwrap();
    assert_eq!([&host, &other].map(|host| host.host.take_seen().len()), [1, 0]);
}

#[test]
fn other_kinds_of_endpoints_have_hosts_of_their_own() {
    for (env, hosts) in [
        (vec![("AWS_USE_FIPS_ENDPOINT", "true")], ["s3-fips.us-east-2.amazonaws.com"]),
        (vec![("AWS_USE_DUALSTACK_ENDPOINT", "true")], ["s3.dualstack.us-east-2.amazonaws.com"]),
        (
            vec![
                ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
                ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true"),
            ],
            ["tokens.s3.dualstack.us-east-2.amazonaws.com"],
        ),
        (vec![("AWS_USE_FIPS_ENDPOINT", "false")], ["s3.us-east-2.amazonaws.com"]),
        (
            vec![
                ("AWS_ENDPOINT_URL", "http://no.invalid"),
                ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
            ],
            ["s3.us-east-2.amazonaws.com"],
        ),
    ] {
        let mut objects = FakeObjects::default();
        let internet = FakeInternet::start(&hosts, move |request| objects.answer(request));
        let env = [&S3_KEYS[..], &[("AWS_REGION", "us-east-2")], &env].concat();
        internet.engine(S3, &env).read(&name(0), LIMIT).unwrap();
        assert_eq!(internet.take_hosts(), hosts);
        let told = internet.engine(S3, &env).description().remove(0).message;
        assert!(told.starts_with(&format!("its endpoint is https://{}, by", hosts[0])), "{told}");
    }
}

#[test]
fn a_web_identity_is_exchanged_at_the_host_of_its_region() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token").display().to_string();
    std::fs::write(&file, "header.claims.signature").unwrap();
    let web = [
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/ci"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", &*file),
    ];
    for (more, sts) in [
        (vec![("AWS_REGION", "eu-west-1")], "sts.eu-west-1.amazonaws.com"),
        (
            vec![("AWS_REGION", "us-east-1"), ("AWS_USE_FIPS_ENDPOINT", "true")],
            "sts-fips.us-east-1.amazonaws.com",
        ),
        (vec![("AWS_REGION", "cn-north-1")], "sts.cn-north-1.amazonaws.com.cn"),
    ] {
        let internet = FakeInternet::start(&[sts], |_| FakeResponse::refusal(403, "AccessDenied"));
        let env = [&web[..], &more].concat();
        internet.engine(S3, &env).read(&name(0), LIMIT).unwrap_err();
        assert_eq!(internet.take_hosts(), [sts]);
    }
    // A server with the protocol may hand out credentials, too.
    let host = FakeHost::start(|_| FakeResponse::refusal(403, "AccessDenied"));
    let url = host.url();
    let env = [&web[..], &[("AWS_ENDPOINT_URL", &*url)]].concat();
    engine(S3, env, None).read(&name(0), LIMIT).unwrap_err();
    assert!(host.take_seen()[0].path.contains("AssumeRoleWithWebIdentity"));
}

#[test]
fn an_endpoint_and_a_kind_of_endpoints_contradict_each_other() {
    let env = [("AWS_ENDPOINT_URL", "https://minio.example"), ("AWS_USE_FIPS_ENDPOINT", "true")];
    let error = refused(&[&S3_KEYS[..], &env].concat());
    let (_, message, cause, _) = parts(&error);
    assert_eq!(message, "the store s3://tokens/ci/a%20b cannot be used");
    assert_eq!(cause, "AWS_USE_FIPS_ENDPOINT and AWS_ENDPOINT_URL contradict each other");
}
