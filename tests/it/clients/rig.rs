//! A cloud whose tokens are short, and a way to it.

use std::time::Duration;

use gc_token::internals::sandbox::{Sandbox, SandboxConfig};
use jiff::SignedDuration;

use crate::clients::calls::Calls;
use crate::clients::client::Client;
use crate::common::cloud::cloud;
use crate::common::process::{Finished, Running};
use crate::common::runner::Runner;

/// The way of a client to its token and to the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The client gets one token, and calls the API directly.
    Without,
    /// `gc-token exec --gateway`: it is told another address.
    Gateway,
    /// `gc-token exec --intercept`: it is told a proxy, and calls the hosts of
    /// Genesys Cloud.
    Intercept,
}

pub(crate) const WAYS: [Way; 3] = [Way::Without, Way::Gateway, Way::Intercept];

/// The hosts of this region are intercepted.
pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const API: &str = "https://api.mypurecloud.ie";

/// A client at work. It has `workers`, each of which makes `calls` calls,
/// `pause` seconds apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    /// Prefix of its request ids.
    pub(crate) name: &'static str,
    pub(crate) workers: usize,
    pub(crate) calls: usize,
    pub(crate) pause: f64,
}

/// A cloud for one way, and a runner with its credentials.
pub(crate) struct Rig {
    pub(crate) way: Way,
    pub(crate) cloud: Sandbox,
    runner: Runner,
}

/// Tokens live for 10 s, of which the API's clock takes 2.
pub(crate) fn short_lived() -> SandboxConfig {
    SandboxConfig {
        lifetime: Duration::from_secs(10),
        api_offset: SignedDuration::from_secs(2),
        ..SandboxConfig::default()
    }
}

impl Rig {
    pub(crate) fn new(way: Way) -> Rig {
        let cloud = cloud(short_lived());
        let runner = Runner::of(&cloud).set("GENESYSCLOUD_REGION", REGION);
        let runner = match way {
            Way::Without => {
                let token = runner.run(&["get"]).succeeded().trim_end().to_owned();
                runner
                    .set("GENESYSCLOUD_ACCESS_TOKEN", token)
                    .set("CLIENT_API", cloud.api_url())
                    .set("CLIENT_LOGIN", cloud.login_url())
            }
            // Who asks there has not understood the gateway.
            Way::Gateway => runner.set("CLIENT_API", "http://127.0.0.1:9"),
            // The proxy that is there already leads nowhere, and least of all to
            // the real cloud. gc-token does not need it for the sandbox.
            Way::Intercept => runner
                .set("CLIENT_API", API)
                .set("HTTPS_PROXY", "http://127.0.0.1:9")
                .set("NO_PROXY", "127.0.0.1"),
        };
        Rig { way, cloud, runner }
    }

    /// Sets a client to work. `None` where it is missing, which has been said
    /// by then.
    pub(crate) fn start(&self, client: Client, work: Work) -> Option<Running> {
        let mut words: Vec<String> = match self.way {
            Way::Without => Vec::new(),
            Way::Gateway => ["exec", "--gateway", "--"].map(String::from).into(),
            Way::Intercept => ["exec", "--intercept", "--"].map(String::from).into(),
        };
        words.extend(client.command(self.way)?);
        let Work { name, workers, calls, pause } = work;
        words.extend([name.to_owned(), workers.to_string(), calls.to_string(), pause.to_string()]);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        Some(match self.way {
            Way::Without => self.runner.start_program(&words),
            _ => self.runner.start(&words),
        })
    }

    /// Without a front a token dies, and the client sees it. With one it sees
    /// nothing of the kind, and each of its POSTs happens once.
    pub(crate) fn check(&self, ended: &Finished, work: Work) {
        let (way, total) = (self.way, work.workers * work.calls);
        let calls = Calls::read(ended.succeeded());
        let (good, refused) = (calls.with("200"), calls.with("401"));
        assert_eq!(calls.count(), total, "{way:?}: {ended:#?}");
        assert_eq!(good + refused, total, "{way:?}: {ended:#?}");
        match way {
            Way::Without => assert!(refused > 0, "it has to fail, or it shows nothing: {ended:#?}"),
            _ => assert_eq!(refused, 0, "{way:?}: {ended:#?}"),
        }
        calls.assert_carried_out_once(work.name, &self.cloud);
        let mints = self.cloud.counters().mints;
        assert!(way == Way::Without || mints > 1, "{way:?}: one token for all of it");
    }
}
