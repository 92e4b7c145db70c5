use std::sync::Arc;

use rustls::OtherError;

use super::*;

fn untrusted_for(fault: CertificateError) -> (String, String) {
    let fault = rustls::Error::InvalidCertificate(fault);
    let advice = tls("host", &fault, (Timestamp::UNIX_EPOCH, None));
    assert!(!advice.passing);
    (advice.cause, advice.hint)
}

#[test]
fn a_certificate_that_cannot_be_used_is_told_as_it_is() {
    let webpki = |error| CertificateError::Other(OtherError(Arc::new(error)));
    for (fault, cause, hint) in [
        (
            webpki(webpki::Error::CaUsedAsEndEntity),
            "is an authority's (CA:TRUE), and no server's",
            "name exactly this certificate with --ca-file",
        ),
        (
            webpki(webpki::Error::UnsupportedCertVersion),
            "is not of X.509 version 3, and so names no host",
            "-addext subjectAltName",
        ),
        (
            webpki(webpki::Error::NameConstraintViolation),
            "cannot be verified: NameConstraintViolation",
            "a guess: ",
        ),
        (CertificateError::Revoked, "cannot be verified: Revoked", "a guess: "),
    ] {
        let (said, to_do) = untrusted_for(fault);
        assert_eq!(said, format!("host cannot be trusted: its certificate {cause}"));
        assert!(to_do.contains(hint), "{to_do}");
    }
}
