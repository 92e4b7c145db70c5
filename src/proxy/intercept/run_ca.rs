//! The certificate authority of one run.
//!
//! Its key signs one certificate and is wiped, before anybody trusts it: from
//! then on nobody can make another one, not even for the one domain that it is
//! limited to.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    CertificateParams, CidrSubnet, ExtendedKeyUsagePurpose, GeneralSubtree, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints,
};
use rustls::ServerConfig;
use zeroize::Zeroizing;

use super::hosts::InterceptedHosts;
use crate::certificate;
use crate::clock::{Reading, shift};
use crate::error::{Error, Kind, Result};
use crate::random::random_id;
use crate::token::TokenValidity;

/// What the intercepted hosts show, and what clients have to trust for it.
pub(super) struct RunCa {
    /// The authority's certificate.
    pub(super) pem: String,
    /// The hosts' TLS.
    pub(super) tls: Arc<ServerConfig>,
}

/// The first and the last moment at which certificates are valid.
pub(super) type ValidityPeriod = (Timestamp, Timestamp);

/// A certificate is valid from this long before the earliest clock: clients
/// read the clock of this machine, which may be set back in the meantime.
const BEFORE: SignedDuration = SignedDuration::from_hours(24);

/// And until this long after the latest one. Clients read their certificates
/// once, so that one which ends before the run does ends the run. A longer
/// validity is of no use to anybody else, for there is no key.
const AFTER: SignedDuration = SignedDuration::from_hours(365 * 24);

/// When certificates have to be valid, by what every clock shows: the one of
/// this machine, which may be wrong, and those of the cloud, which a clock that
/// is set right in the middle of the run will show.
pub(super) fn validity(now: &Reading, validity: &TokenValidity) -> ValidityPeriod {
    let cloud = [&validity.issuer_clock, &validity.api_clock];
    let shown = cloud.into_iter().flatten().filter_map(|measure| measure.remote_time(now));
    let (earliest, latest) =
        shown.fold((now.wall, now.wall), |all, one| (all.0.min(one.0), all.1.max(one.1)));
    (shift(earliest, -BEFORE), shift(latest, AFTER))
}

impl RunCa {
    /// One for `names`, and nobody else.
    ///
    /// # Errors
    /// `System` when the system has no random numbers.
    pub(super) fn new(names: &InterceptedHosts, validity: ValidityPeriod) -> Result<RunCa> {
        let generated = certificate::with_wiped_stack(|| generate(names, validity));
        generated.map_err(|cause| {
            let what = "the certificates of this run cannot be made";
            Error::new(Kind::System, what).with_source(cause)
        })
    }
}

fn generate(names: &InterceptedHosts, validity: ValidityPeriod) -> Result<RunCa, anyhow::Error> {
    vouch(names, validity, Zeroizing::new(KeyPair::generate()?))
}

/// The authority with this key, which is wiped.
fn vouch(
    names: &InterceptedHosts,
    (first, last): ValidityPeriod,
    ca_key: Zeroizing<KeyPair>,
) -> Result<RunCa, anyhow::Error> {
    let params = authority(names.domain(), (first, last))?;
    let pem = params.self_signed(&*ca_key)?.pem();
    let issuer = Issuer::from_params(&params, &*ca_key);
    let key = KeyPair::generate()?;
    let mut server = certificate::server_params(names.domain(), names.hosts().to_vec())?;
    certificate::set_validity(&mut server, first, last);
    let certificate = server.signed_by(&key, &issuer)?;
    Ok(RunCa { pem, tls: certificate::server_config(&certificate, &key)? })
}

fn authority(
    domain: &str,
    (first, last): ValidityPeriod,
) -> Result<CertificateParams, anyhow::Error> {
    // Two runs differ in name, too: one may run within the other.
    let mut params = certificate::ca_params(format!("gc-token interception CA {}", random_id()?))?;
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.name_constraints = Some(only(domain));
    certificate::set_validity(&mut params, first, last);
    Ok(params)
}

/// The domain and what is below it (RFC 5280 section 4.2.1.10). A limit on one
/// kind of name says nothing of the other kinds: addresses are ruled out, too.
fn only(domain: &str) -> NameConstraints {
    NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName(domain.to_owned())],
        excluded_subtrees: vec![
            GeneralSubtree::IpAddress(CidrSubnet::V4([0; 4], [0; 4])),
            GeneralSubtree::IpAddress(CidrSubnet::V6([0; 16], [0; 16])),
        ],
    }
}

#[cfg(test)]
mod tests;
