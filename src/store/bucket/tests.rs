//! The engine against hosts that answer as a test wants. Real servers are in `tests/it`.

mod amazon;
mod azure;
mod clocks;
mod commands;
mod conditions;
mod connections;
mod description;
mod fake;
mod fake_objects;
mod google;
mod hints;
mod internet;
mod messages;
mod reach;
mod replies;
mod signatures;

use std::path::PathBuf;

use super::*;
use crate::cache::Key;
use crate::config::StoreLocation;
use crate::context::{Directories, Environment, Reporter, Warnings};
use crate::store::StoreFault;

const LIMIT: Duration = Duration::from_secs(20);
const KEEP: Duration = Duration::from_secs(3600);

const S3_KEYS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// Makes an engine for the bucket `tokens`.
fn engine<'a>(
    provider: BucketProvider,
    env: impl IntoIterator<Item = (&'a str, &'a str)>,
    ca_file: Option<PathBuf>,
) -> BucketStore {
    engine_with_warnings(provider, env, ca_file).0
}

fn engine_with_warnings<'a>(
    provider: BucketProvider,
    env: impl IntoIterator<Item = (&'a str, &'a str)>,
    ca_file: Option<PathBuf>,
) -> (BucketStore, Warnings) {
    let env = env.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
    let (env, (reporter, warnings)) = (Environment::fixed(env), Reporter::collected());
    let home = env.os("HOME").map(PathBuf::from);
    let directories = Arc::new(Directories { home, ..Directories::default() });
    let context = Context { directories, ..Context::with_env(env, reporter) };
    let network = NetworkSettings::new(LIMIT, ca_file);
    let (bucket, prefix) = ("tokens", "ci/a b");
    let settings = StoreSettings {
        location: StoreLocation::Bucket {
            provider,
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        },
        origin: "--store".to_owned(),
        password: None,
        timeout: LIMIT,
        is_required: false,
        picks_slot: true,
    };
    (BucketStore::new(provider, bucket, prefix, &settings, &network, &context), warnings)
}

fn s3(endpoint: &str) -> BucketStore {
    let env =
        S3_KEYS.into_iter().chain([("AWS_ENDPOINT_URL", endpoint), ("AWS_REGION", "eu-west-1")]);
    engine(BucketProvider::S3, env, None)
}

fn name(number: u32) -> RecordName {
    RecordName::of(&Key::parse(&format!("{number:032x}")).unwrap(), b"client secret")
}

fn assert_no_secret(error: &StoreError) {
    let text = format!("{error:?} {}", error.error);
    for secret in [SECRET, "ya29.token", "Signature=", "sig="] {
        assert!(!text.contains(secret), "{text}");
    }
}

fn parts(error: &StoreError) -> (StoreFault, &str, &str, &str) {
    let StoreError { fault, error } = error;
    let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned).unwrap_or_default();
    let hint: &'static str = Box::leak(text(&error.hint).into_boxed_str());
    (*fault, &error.message, error.cause.as_deref().unwrap_or_default(), hint)
}

/// Checks all that the engines promise, on records that do not exist yet.
fn assert_conditional(store: &dyn Store, number: u32) {
    let (name, other) = (name(number), name(number + 1));
    let swap = |expected: &Version, record: &[u8]| {
        store.swap(&name, expected, record, KEEP, LIMIT).unwrap()
    };
    let absent = store.read(&name, LIMIT).unwrap();
    assert_eq!((absent.record, &absent.version, absent.age), (None, &Version::Absent, None));
    assert!(absent.clock.is_some());
    let invented = Version::Present {
        e_tag: Some("\"00000000000000000000000000000000\"".to_owned()),
        generation: Some("1".to_owned()),
    };
    assert_eq!(swap(&invented, b"no"), Swap::Lost);

    let Swap::Won(first) = swap(&Version::Absent, b"one") else { panic!("lost") };
    assert_eq!(swap(&Version::Absent, b"two"), Swap::Lost);
    let shown = store.read(&name, LIMIT).unwrap();
    assert_eq!((shown.record.as_deref(), &shown.version), (Some(&b"one"[..]), &first));
    let age = shown.age.unwrap().as_secs();
    assert!((-1..60).contains(&age), "{age}");

    let Swap::Won(second) = swap(&first, b"two") else { panic!("lost") };
    assert_ne!(first, second);
    assert_eq!(swap(&first, b"three"), Swap::Lost);
    let Swap::Won(third) = swap(&second, b"one again") else { panic!("lost") };
    assert_ne!(third, first);
    let shown = store.read(&name, LIMIT).unwrap();
    assert_eq!((shown.record.as_deref(), &shown.version), (Some(&b"one again"[..]), &third));
    assert_eq!(store.read(&other, LIMIT).unwrap().record, None);
}
