//! The certificate authority of one run.
//!
//! Its key signs one certificate and is wiped before any client trusts the authority: nobody
//! can issue another certificate, not even for the domain that the authority is limited to.

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
use crate::clock::{Reading, shift_clamped};
use crate::error::{Error, Kind, Result};
use crate::random::random_id;
use crate::token::TokenValidity;

pub(super) struct RunCa {
    pub(super) pem: String,
    pub(super) tls: Arc<ServerConfig>,
}

pub(super) type ValidityPeriod = (Timestamp, Timestamp);

/// Certificates are valid from this long before the earliest clock: the clock of this
/// machine may be set back during the run.
const VALID_BEFORE: SignedDuration = SignedDuration::from_hours(24);

/// Certificates are valid until this long after the latest clock: clients read them once, and
/// a run may be long. A long validity is no risk without a key.
const VALID_AFTER: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Covers the clock of this machine, which may be wrong, and those of issuer and API, which
/// this machine may be set to during the run.
pub(super) fn validity_period(now: &Reading, validity: &TokenValidity) -> ValidityPeriod {
    let cloud = [&validity.issuer_clock, &validity.api_clock];
    let shown = cloud.into_iter().flatten().filter_map(|measure| measure.remote_time(now));
    let (earliest, latest) =
        shown.fold((now.wall, now.wall), |all, one| (all.0.min(one.0), all.1.max(one.1)));
    (shift_clamped(earliest, -VALID_BEFORE), shift_clamped(latest, VALID_AFTER))
}

impl RunCa {
    /// The authority can vouch for the domain of `hosts` only.
    ///
    /// # Errors
    /// `System` if there are no random numbers.
    pub(super) fn new(hosts: &InterceptedHosts, validity: ValidityPeriod) -> Result<RunCa> {
        let generated = certificate::with_wiped_stack(|| generate(hosts, validity));
        generated.map_err(|cause| {
            let message = "the certificates of this run cannot be made";
            Error::new(Kind::System, message).with_source(cause)
        })
    }
}

fn generate(hosts: &InterceptedHosts, validity: ValidityPeriod) -> Result<RunCa, anyhow::Error> {
    issue_with_key(hosts, validity, Zeroizing::new(KeyPair::generate()?))
}

/// Wipes `ca_key` after it has signed.
fn issue_with_key(
    hosts: &InterceptedHosts,
    (first, last): ValidityPeriod,
    ca_key: Zeroizing<KeyPair>,
) -> Result<RunCa, anyhow::Error> {
    let params = ca_params(hosts.domain(), (first, last))?;
    let pem = params.self_signed(&*ca_key)?.pem();
    let issuer = Issuer::from_params(&params, &*ca_key);
    let key = KeyPair::generate()?;
    let mut server = certificate::server_params(hosts.domain(), hosts.names().to_vec())?;
    certificate::set_validity(&mut server, first, last);
    let certificate = server.signed_by(&key, &issuer)?;
    Ok(RunCa { pem, tls: certificate::server_config(&certificate, &key)? })
}

fn ca_params(
    domain: &str,
    (first, last): ValidityPeriod,
) -> Result<CertificateParams, anyhow::Error> {
    // The names of two runs differ: one may run within the other.
    let mut params = certificate::ca_params(format!("gc-token interception CA {}", random_id()?))?;
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.name_constraints = Some(limited_to(domain));
    certificate::set_validity(&mut params, first, last);
    Ok(params)
}

/// Permits the domain and its subdomains (RFC 5280 section 4.2.1.10). Addresses have to be
/// excluded as well: constraints apply to one kind of name each.
fn limited_to(domain: &str) -> NameConstraints {
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
