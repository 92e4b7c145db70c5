//! A certificate authority for one run, and the hosts' certificate.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use rcgen::{Issuer, KeyPair};
use rustls::ServerConfig;
use zeroize::Zeroizing;

use super::token;
use crate::certificate;
use crate::error::{Error, Kind, Result};

pub(super) struct SandboxTls {
    pub(super) ca_pem: String,
    pub(super) server: Arc<ServerConfig>,
}

impl SandboxTls {
    /// Creates certificates for `localhost`, the usual loopback addresses and `hosts`.
    ///
    /// They are valid from 1975 to 4096 (the library's default), because clients of the sandbox
    /// may have clocks that are years off; the hosts' for `validity`, if it is given. The
    /// authority's key is never stored, and is wiped.
    pub(super) fn generate(
        hosts: &[IpAddr],
        validity: Option<(Timestamp, Timestamp)>,
    ) -> Result<SandboxTls> {
        let generate = || -> Result<SandboxTls, anyhow::Error> {
            let ca_key = Zeroizing::new(KeyPair::generate()?);
            // A name for each run, so that trusting an earlier one is reported as an unknown
            // issuer and not as a bad signature.
            let ca_params =
                certificate::ca_params(format!("gc-token sandbox CA {}", token::uuid()))?;
            let ca = ca_params.self_signed(&*ca_key)?;
            let key = KeyPair::generate()?;
            let issuer = Issuer::from_params(&ca_params, &*ca_key);
            let mut params = certificate::server_params("gc-token sandbox", names(hosts))?;
            if let Some((first, last)) = validity {
                certificate::set_validity(&mut params, first, last);
            }
            let server = certificate::server_config(&params.signed_by(&key, &issuer)?, &key)?;
            Ok(SandboxTls { ca_pem: ca.pem(), server })
        };
        certificate::with_wiped_stack(generate).map_err(|cause| {
            Error::new(Kind::System, "cannot create the sandbox's certificates").with_source(cause)
        })
    }
}

fn names(hosts: &[IpAddr]) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(String::from).into();
    for host in hosts.iter().map(IpAddr::to_string) {
        if !names.contains(&host) {
            names.push(host);
        }
    }
    names
}
