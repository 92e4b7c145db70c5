//! What a client saw, next to what the API saw.

use std::collections::BTreeMap;

use gc_token::internals::sandbox::Sandbox;

/// The calls of a client, as it printed them.
#[derive(Debug)]
pub(crate) struct Calls {
    /// Number of calls by status.
    statuses: BTreeMap<String, usize>,
    /// The status of each POST, by its id.
    posts: BTreeMap<String, String>,
}

impl Calls {
    /// Reads lines such as `GET - 200` and `POST the-id 200`.
    pub(crate) fn read(printed: &str) -> Calls {
        let mut calls = Calls { statuses: BTreeMap::new(), posts: BTreeMap::new() };
        for line in printed.lines() {
            let words: Vec<_> = line.split(' ').collect();
            let &[method, id, status] = words.as_slice() else {
                panic!("not a call: {line:?} in {printed}");
            };
            *calls.statuses.entry(status.to_owned()).or_default() += 1;
            if method == "POST" {
                assert_eq!(calls.posts.insert(id.to_owned(), status.to_owned()), None, "{id}");
            }
        }
        calls
    }

    pub(crate) fn count(&self) -> usize {
        self.statuses.values().sum()
    }

    pub(crate) fn with(&self, status: &str) -> usize {
        self.statuses.get(status).copied().unwrap_or_default()
    }

    /// Each POST that the client saw succeed was carried out once, and no other
    /// was. All ids of this client begin with `name-`.
    #[track_caller]
    pub(crate) fn assert_carried_out_once(&self, name: &str, cloud: &Sandbox) {
        let own = |id: &String| id.starts_with(&format!("{name}-"));
        let executed = cloud.counters().executed.into_iter().filter(|(id, _)| own(id));
        let succeeded = self.posts.iter().filter(|(_, status)| *status == "200");
        let once: BTreeMap<_, _> = succeeded.map(|(id, _)| (id.clone(), 1)).collect();
        assert_eq!(executed.collect::<BTreeMap<_, _>>(), once, "{name}");
    }
}
