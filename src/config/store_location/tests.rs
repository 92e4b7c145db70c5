use super::*;
use crate::config::Origin;

fn parse(text: &str) -> Result<StoreLocation> {
    let origin = Origin::Flag("store");
    StoreLocation::parse(&Sourced { value: text.to_owned(), origin })
}

fn redis(tls: bool, host: &str, user: Option<&str>, database: u32) -> StoreLocation {
    StoreLocation::Redis(RedisLocation {
        tls,
        host: host.to_owned(),
        port: 6379,
        user: user.map(str::to_owned),
        database,
        prefix: "gc-token:".to_owned(),
    })
}

#[test]
fn each_kind_of_store_has_a_scheme() {
    let bucket = |provider, bucket: &str, prefix: &str| StoreLocation::Bucket {
        provider,
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
    };
    for (text, expected) in [
        ("s3://tokens/ci/x/", bucket(BucketProvider::S3, "tokens", "ci/x")),
        ("s3://tokens", bucket(BucketProvider::S3, "tokens", "")),
        ("gs://tokens/a", bucket(BucketProvider::GoogleCloud, "tokens", "a")),
        ("az://$web/a", bucket(BucketProvider::Azure, "$web", "a")),
        ("az://tokens/a%20b", bucket(BucketProvider::Azure, "tokens", "a b")),
        ("redis://cache", redis(false, "cache", None, 0)),
        ("rediss://ci@cache:6379/7", redis(true, "cache", Some("ci"), 7)),
        ("valkey://[::1]/", redis(false, "::1", None, 0)),
    ] {
        assert_eq!(parse(text).unwrap(), expected, "{text}");
    }
    let StoreLocation::Redis(team) = parse("redis://h:1/0?prefix=team:").unwrap() else {
        panic!("not Redis");
    };
    assert_eq!((team.port, team.prefix.as_str()), (1, "team:"));
}

#[test]
fn a_location_is_shown_as_it_can_be_given_again() {
    for text in [
        "s3://b/p",
        "s3://b/a%20b%3Fc",
        "az://c",
        "redis://ci-runner@h:6379/0",
        "rediss://h:6380/3",
        "redis://[::1]:6379/0",
        "redis://h:6379/0?prefix=team:",
        "redis://h:6379/0?prefix=a%20%26%2Bb",
    ] {
        assert_eq!(parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn a_user_that_may_be_a_password_is_not_shown() {
    for user in ["S3cretS3cretS3cret01", "p%40ss", "user%3Apass", "a%20b"] {
        let location = parse(&format!("redis://{user}@h")).unwrap();
        assert_eq!(location.to_string(), "redis://...@h:6379/0");
    }
}

#[test]
fn no_form_of_a_password_is_quoted() {
    for text in [
        "redis://:s3cret@h",
        "redis://u:s3cret@h",
        "redis://u:s3cret@h/0?prefix=x",
        "redis://u:s3cret/x@h",
        "redis://u:s3cret?x@h",
        "redis://u:s3cret#x@h",
        "redis://u:12/s3cret@h",
        "redis://u:12?s3cret@h",
        "redis://u:12#s3cret@h",
        "redis://h/0?password=s3cret",
        "redis://h/0#s3cret",
        "s3://key:s3cret@bucket",
        "az://container?sig=s3cret",
        ":s3cret@h:6379",
        "s3cret@h",
    ] {
        let error = parse(text).expect_err(text);
        assert!(!format!("{error:?}").contains("s3cret"), "{text}: {error:?}");
    }
}

#[test]
fn a_reference_that_was_not_replaced_is_refused() {
    for text in [
        "s3://${BUCKET}/p",
        "az://$CONTAINER/p",
        "redis://$USER@127.0.0.1:16379/0",
        "redis://${U}@h/0",
        "redis://$REDIS_HOST/0",
        "redis://h:$PORT/0",
    ] {
        let expected = "--store: the location contains a reference that was not replaced with \
                        its value";
        assert_eq!(parse(text).unwrap_err().message, expected, "{text}");
    }
    let message = parse("redis://u:$PASSWORD@h").unwrap_err().message;
    assert!(message.contains("holds a password"), "{message}");
}

#[test]
fn an_arn_is_answered_with_a_location() {
    let hint = |arn| parse(arn).unwrap_err().hint.unwrap();
    assert_eq!(&*hint("arn:aws:s3:::my-bucket/gc-token"), "write s3://my-bucket/gc-token");
    assert_eq!(&*hint("arn:aws-cn:s3:::my-bucket/*"), "write s3://my-bucket");
}

#[test]
fn others_are_refused_and_no_password_is_quoted() {
    for (text, message) in [
        ("tokens", "--store: \"tokens\" is not the location of a store"),
        ("s3:///x", "--store: \"s3:///x\" names no bucket"),
        ("https://h/b", "--store: \"https://h/b\" begins with https:, which is no kind of store"),
        ("redis://h/x", "--store: \"redis://h/x\" has a path that is not the number of a database"),
        (
            "redis://ci@127.0.0.1:16379/gc-token",
            "--store: \"redis://ci@127.0.0.1:16379/gc-token\" has a path that is not the \
             number of a database",
        ),
        (
            "redis://p%40ss@h/x?prefix=y",
            "--store: \"redis://...@h/x?...\" has a path that is not the number of a database",
        ),
        ("arn:aws:s3:::my-bucket/gc-token", "--store: an ARN is no location"),
        ("redis://h?db=1", "--store: \"redis://h?...\" has parameters other than a prefix"),
        (
            "redis://h?prefix=a&prefix=b",
            "--store: \"redis://h?...\" has parameters other than a prefix",
        ),
        ("redis://h?prefix=%ff", "--store: \"redis://h?...\" has parameters other than a prefix"),
        ("s3://b/../x", "--store: \"s3://b/../x\" has a part of dots alone"),
        ("s3://h:1/b", "--store: \"s3://h:1/b\" has more than a bucket and a prefix"),
        (
            "redis://u:s3cret@h",
            "--store: the location holds a password, which does not belong there",
        ),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.message, message);
        assert!(!error.to_string().contains("s3cret"));
    }
}
