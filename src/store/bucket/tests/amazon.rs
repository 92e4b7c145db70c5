//! Credentials and endpoints of Amazon.

mod endpoints;
mod home;
mod processes;
mod profiles;
mod roles;

use super::fake::{FakeHost, FakeRequest};
use super::fake_objects::FakeObjects;
use super::*;
use BucketProvider::S3;

/// Keys that a test puts into files.
const PROFILE_SECRET: &str = "secretOfTheProfile/1234567890abcdefghijk";

/// A store that shows the key that each request was signed by.
struct KeyedHost {
    host: FakeHost,
    url: String,
}

impl KeyedHost {
    fn start() -> KeyedHost {
        let mut objects = FakeObjects::default();
        let host = FakeHost::start(move |request| objects.answer(request));
        KeyedHost { url: host.url(), host }
    }

    /// Returns the first request of an engine with these variables.
    fn first_request(&self, env: &[(&str, &str)]) -> FakeRequest {
        let env = env.iter().copied().chain([("AWS_ENDPOINT_URL", &*self.url)]);
        engine(S3, env, None).read(&name(0), LIMIT).unwrap();
        self.host.take_seen().pop().unwrap()
    }
}

/// Returns the identifier of the key, and the region.
fn signed_by(request: &FakeRequest) -> (String, String) {
    let authorization = request.header("authorization").unwrap();
    let scope = authorization.split_once("Credential=").unwrap().1;
    let mut parts = scope.split('/');
    (parts.next().unwrap().to_owned(), parts.nth(1).unwrap().to_owned())
}

/// Returns the error of a read with these variables.
fn refused(env: &[(&str, &str)]) -> StoreError {
    let error = engine(S3, env.iter().copied(), None).read(&name(0), LIMIT).unwrap_err();
    assert_no_secret(&error);
    assert!(!format!("{error:?}").contains(PROFILE_SECRET));
    error
}
