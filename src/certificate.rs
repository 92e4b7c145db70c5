//! Certificates that are made for one run: of the sandbox and of interception.

use std::sync::Arc;

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use zeroize::Zeroize;

/// An authority that signs certificates of hosts, and of no other authority.
pub(crate) fn ca_params(name: String) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

pub(crate) fn server_params(
    name: &str,
    names: Vec<String>,
) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

/// Limits a certificate to the time from `first` to `last`, in whole seconds.
pub(crate) fn set_validity(params: &mut CertificateParams, first: Timestamp, last: Timestamp) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    for (moment, date) in [(first, &mut params.not_before), (last, &mut params.not_after)] {
        let since = moment.duration_since(Timestamp::UNIX_EPOCH);
        // The library's dates take durations without a sign.
        *date = if since.is_negative() {
            epoch - since.unsigned_abs()
        } else {
            epoch + since.unsigned_abs()
        };
    }
}

/// A server that shows `certificate`, and speaks HTTP/1.1.
pub(crate) fn server_config(
    certificate: &Certificate,
    key: &KeyPair,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Does `work`, and overwrites the part of the stack that it used: for keys that
/// are to be gone afterwards. The library has them in its values and not on the
/// heap, and wipes none of the places that they are moved to.
pub(crate) fn with_wiped_stack<T>(work: impl FnOnce() -> T) -> T {
    let done = in_own_frame(work);
    wipe_stack();
    done
}

/// Does `work` below the caller's frame, which [`wipe_stack`] does not reach.
#[inline(never)]
fn in_own_frame<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn wipe_stack() {
    let mut frames = [0_u8; DEEPEST];
    frames.zeroize();
    std::hint::black_box(&mut frames);
}

/// More than the making of a certificate uses, in a build without optimization.
const DEEPEST: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_may_show_any_time() {
        for (first, last) in [(-90_000, -1), (0, 86_400), (1_800_000_000, 253_000_000_000)] {
            let moment = |second| Timestamp::from_second(second).unwrap();
            let mut params = server_params("name", Vec::new()).unwrap();
            set_validity(&mut params, moment(first), moment(last));
            assert_eq!(params.not_before.unix_timestamp(), first);
            assert_eq!(params.not_after.unix_timestamp(), last);
        }
    }
}
