//! A store in memory, behind a fake host.

use std::collections::BTreeMap;

use hyper::Method;
use jiff::{SignedDuration, Timestamp};

use super::fake::{FakeRequest, FakeResponse, http_date, now};

/// Objects with generations, as Google Cloud Storage has them.
#[derive(Default)]
pub(super) struct FakeObjects {
    /// Generation, time of the write, content.
    pub(super) objects: BTreeMap<String, (u64, Timestamp, Vec<u8>)>,
    pub(super) writes: u64,
    /// Writes whatever the condition.
    pub(super) ignores_conditions: bool,
    /// The host's clock minus the right time.
    pub(super) clock_error: SignedDuration,
}

impl FakeObjects {
    pub(super) fn answer(&mut self, request: &FakeRequest) -> FakeResponse {
        let time = now() + self.clock_error;
        let path = request.path.split('?').next().unwrap().to_owned();
        let current = self.objects.get(&path);
        if request.method == Method::GET {
            let Some((generation, written, content)) = current else {
                return FakeResponse::refusal(404, "NoSuchKey").dated(time);
            };
            return FakeResponse::new(200, content.clone())
                .with("Last-Modified", &http_date(*written))
                .with("ETag", &format!("\"e{generation}\""))
                .with("x-goog-generation", &generation.to_string())
                .dated(time);
        }
        let generation = current.map_or(0, |(generation, ..)| *generation);
        let e_tag = format!("\"e{generation}\"");
        let is_met = match (
            request.header("x-goog-if-generation-match"),
            request.header("if-match"),
            request.header("if-none-match"),
        ) {
            (Some(wanted), _, _) => wanted == generation.to_string(),
            (_, Some(wanted), _) => wanted == e_tag,
            (_, _, Some(_)) => generation == 0,
            _ => panic!("no condition: {request:?}"),
        };
        if !is_met && !self.ignores_conditions {
            return FakeResponse::refusal(412, "PreconditionFailed").dated(time);
        }
        self.writes += 1;
        self.objects.insert(path, (self.writes, time, request.body.clone()));
        FakeResponse::new(200, "")
            .with("ETag", &format!("\"e{}\"", self.writes))
            .with("x-goog-generation", &self.writes.to_string())
            .dated(time)
    }
}
