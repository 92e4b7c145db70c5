//! Stands in for the hosts of the platforms: a proxy that answers in their place.

use rcgen::KeyPair;
use tempfile::TempDir;

use super::fake::{FakeHost, FakeRequest, FakeResponse, Front};
use super::*;
use crate::certificate::{ca_params, server_config, server_params};

pub(super) struct FakeInternet {
    host: FakeHost,
    proxy: String,
    directory: TempDir,
}

impl FakeInternet {
    /// `hosts` are those that its certificate is for.
    pub(super) fn start(
        hosts: &[&str],
        answer: impl FnMut(&FakeRequest) -> FakeResponse + Send + 'static,
    ) -> FakeInternet {
        let (ca_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let ca_params = ca_params("Internet CA".to_owned()).unwrap();
        let ca = ca_params.self_signed(&ca_key).unwrap();
        let issuer = rcgen::Issuer::from_params(&ca_params, &ca_key);
        let names = hosts.iter().map(|host| (*host).to_owned()).collect();
        let certificate = server_params("internet", names).unwrap().signed_by(&key, &issuer);
        let tls = server_config(&certificate.unwrap(), &key).unwrap();
        let host = FakeHost::start_with(Front::Proxy(tls), answer);
        let (proxy, directory) = (host.url(), tempfile::tempdir().unwrap());
        std::fs::write(directory.path().join("ca.pem"), ca.pem()).unwrap();
        FakeInternet { host, proxy, directory }
    }

    /// Makes an engine that reaches these hosts.
    pub(super) fn engine(&self, provider: BucketProvider, env: &[(&str, &str)]) -> BucketStore {
        let env = env.iter().copied().chain([("HTTPS_PROXY", &*self.proxy)]);
        engine(provider, env, Some(self.directory.path().join("ca.pem")))
    }

    /// Returns the hosts of the requests since the last call.
    pub(super) fn take_hosts(&self) -> Vec<String> {
        let seen = self.host.take_seen().into_iter();
        seen.map(|request| request.header("host").unwrap().to_owned()).collect()
    }
}
