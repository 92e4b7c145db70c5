//! Failures of TLS and their hints.

use jiff::Timestamp;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

use super::Diagnosis;
use crate::net::pinned::webpki_error;
use crate::net::service::Service;
use crate::net::validity::{PeerClock, ValidityError};
use crate::sanitize::{line, shorten};

/// Not transient: a handshake that failed would fail again. The hints below are written for an
/// issuer.
pub(super) fn diagnose(
    peer: &str,
    service: Service,
    fault: &Error,
    (now, peer_clock): (Timestamp, Option<PeerClock>),
) -> Diagnosis {
    let (cause, hint) = match fault {
        Error::InvalidCertificate(fault) => {
            let (cause, hint) = match ValidityError::of(fault) {
                Some(validity_error) => validity_error.explain(now, peer_clock),
                None => certificate(fault),
            };
            (format!("{peer} cannot be trusted: {cause}"), hint)
        }
        Error::AlertReceived(alert) => this_alert(peer, service, *alert),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            (format!("{peer} does not speak TLS on this port"), service.plain_port_hint())
        }
        Error::PeerIncompatible(_) => (format!("{peer} has {NOTHING_IN_COMMON}"), OLD_OR_MUTUAL),
        fault => (format!("TLS with {peer}: {fault}"), "check that this host and port speak TLS"),
    };
    Diagnosis { cause, hint: hint.replace("issuer", service.noun()), is_transient: false }
}

const NOTHING_IN_COMMON: &str =
    "no version or algorithms of TLS in common with this program, which speaks TLS 1.2 and 1.3";

const OLD_OR_MUTUAL: &str =
    "its TLS is probably older, or it wants a client certificate, and gc-token has none";

/// Explains an alert (RFC 8446 section 6.2).
fn this_alert(peer: &str, service: Service, alert: AlertDescription) -> (String, &'static str) {
    match alert {
        AlertDescription::CertificateRequired => (
            format!("{peer} wants a client certificate (mutual TLS), and gc-token has none"),
            service.client_certificate_hint(),
        ),
        AlertDescription::HandshakeFailure
        | AlertDescription::ProtocolVersion
        | AlertDescription::InsufficientSecurity => {
            (format!("{peer} has {NOTHING_IN_COMMON} ({alert:?})"), OLD_OR_MUTUAL)
        }
        AlertDescription::UnrecognisedName => (
            format!("{peer} knows no host of this name (TLS alert {alert:?})"),
            "check the host's name; perhaps a load balancer in between serves other names",
        ),
        alert => (
            format!("{peer} ended the TLS handshake with the alert {alert:?}"),
            "check that this host and port are the issuer's",
        ),
    }
}

fn certificate(fault: &CertificateError) -> (String, &'static str) {
    match fault {
        CertificateError::UnknownIssuer => (
            "its certificate is signed by an authority that is not trusted here".to_owned(),
            "if a proxy inspects TLS, or the issuer is your own, name its CA with --ca-file",
        ),
        CertificateError::BadSignature => (
            "its certificate is not signed by the authority of that name that is trusted here, or \
             by an RSA key of less than 2048 bits"
                .to_owned(),
            "if that authority was recreated, name its current certificate with --ca-file",
        ),
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => (
            "its certificate names no host (no subjectAltName)".to_owned(),
            "make one that does, e.g. openssl req -x509 -addext subjectAltName=DNS:host",
        ),
        CertificateError::NotValidForNameContext { presented, .. } => (
            format!("its certificate is for another host: {}", hosts(presented)),
            "check the host's name; perhaps something between here and the issuer answered",
        ),
        CertificateError::NotValidForName => (
            "its certificate is for another host".to_owned(),
            "check the host's name; perhaps something between here and the issuer answered",
        ),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => (
            "its certificate is not for servers (extendedKeyUsage)".to_owned(),
            "have one issued with extendedKeyUsage=serverAuth",
        ),
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => (
            "its certificate is signed by an algorithm that is not accepted, such as SHA-1"
                .to_owned(),
            "have one issued that is signed with SHA-256 or better",
        ),
        CertificateError::Revoked => {
            ("its certificate was revoked".to_owned(), "have a new one issued")
        }
        CertificateError::BadEncoding => {
            ("its certificate cannot be read".to_owned(), "have a new one issued")
        }
        other => match webpki_error(other) {
            Some(webpki::Error::CaUsedAsEndEntity) => (
                "its certificate is that of an authority (CA:TRUE), not of a server".to_owned(),
                "if it is the issuer's own, name exactly this certificate with --ca-file",
            ),
            Some(webpki::Error::EndEntityUsedAsCa) => (
                "its certificate is signed by a certificate that is not an authority's (CA:FALSE)"
                    .to_owned(),
                "have the authority's own certificate made with basicConstraints=CA:TRUE",
            ),
            Some(webpki::Error::UnsupportedCertVersion) => (
                "its certificate is not of X.509 version 3, and so names no host".to_owned(),
                "make one with a subjectAltName, e.g. openssl req -x509 -addext subjectAltName=DNS:host",
            ),
            Some(error) => {
                (format!("its certificate cannot be verified: {}", name(error)), ELSEWHERE)
            }
            None => (format!("its certificate cannot be verified: {}", name(other)), ELSEWHERE),
        },
    }
}

const ELSEWHERE: &str =
    "perhaps something between here and the issuer answered, such as a proxy that inspects TLS";

/// Returns the name of an enum's variant, without its fields.
fn name(error: &impl std::fmt::Debug) -> String {
    let whole = format!("{error:?}");
    let end = whole.find(|char: char| !char.is_alphanumeric()).unwrap_or(whole.len());
    whole[..end].to_owned()
}

/// The first names of a certificate. The library has them as `DnsName("host")`, and
/// addresses as `IpAddress(127.0.0.1)`.
fn hosts(presented: &[String]) -> String {
    let bare = |name: &String| {
        let inner = name.split_once('(').map_or(&**name, |(_, inner)| inner.trim_end_matches(')'));
        line(inner.trim_matches('"')).into_owned()
    };
    let shown: Vec<_> = presented.iter().take(3).map(bare).collect();
    let more = if presented.len() > 3 { ", ..." } else { "" };
    shorten(shown.join(", "), 200) + more
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::OtherError;

    use super::*;

    fn untrusted_for(fault: CertificateError) -> (String, String) {
        let fault = rustls::Error::InvalidCertificate(fault);
        let diagnosis = diagnose("host", Service::Issuer, &fault, (Timestamp::UNIX_EPOCH, None));
        assert!(!diagnosis.is_transient);
        (diagnosis.cause, diagnosis.hint)
    }

    #[test]
    fn a_certificate_that_cannot_be_used_is_told_as_it_is() {
        let webpki = |error| CertificateError::Other(OtherError(Arc::new(error)));
        for (fault, cause, hint) in [
            (
                webpki(webpki::Error::CaUsedAsEndEntity),
                "is that of an authority (CA:TRUE), not of a server",
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
                "perhaps something between here",
            ),
            (
                webpki(webpki::Error::EndEntityUsedAsCa),
                "is signed by a certificate that is not an authority's (CA:FALSE)",
                "basicConstraints=CA:TRUE",
            ),
            (CertificateError::Revoked, "was revoked", "a new one"),
            (
                CertificateError::InvalidPurpose,
                "is not for servers (extendedKeyUsage)",
                "extendedKeyUsage=serverAuth",
            ),
            (
                CertificateError::InvalidOcspResponse,
                "cannot be verified: InvalidOcspResponse",
                "perhaps something between here",
            ),
        ] {
            let (said, to_do) = untrusted_for(fault);
            assert_eq!(said, format!("host cannot be trusted: its certificate {cause}"));
            assert!(to_do.contains(hint), "{to_do}");
        }
    }

    #[test]
    fn the_reason_of_a_peer_that_ends_the_handshake_is_told() {
        let plain_http = Error::InvalidMessage(InvalidMessage::InvalidContentType);
        for (fault, cause, hint) in [
            (
                Error::AlertReceived(AlertDescription::CertificateRequired),
                "host wants a client certificate (mutual TLS), and gc-token has none",
                "the client secret alone",
            ),
            (
                Error::AlertReceived(AlertDescription::ProtocolVersion),
                "which speaks TLS 1.2 and 1.3 (ProtocolVersion)",
                "its TLS is probably older",
            ),
            (
                Error::AlertReceived(AlertDescription::InternalError),
                "host ended the TLS handshake with the alert InternalError",
                "check that",
            ),
            (plain_http, "host does not speak TLS on this port", "plain HTTP"),
        ] {
            let Diagnosis { cause: said, hint: to_do, is_transient } =
                diagnose("host", Service::Issuer, &fault, (Timestamp::UNIX_EPOCH, None));
            assert!(
                said.ends_with(cause) && to_do.contains(hint) && !is_transient,
                "{said}: {to_do}"
            );
        }
    }

    #[test]
    fn names_are_shown_without_the_librarys_words() {
        let presented = ["DnsName(\"a.example\")", "IpAddress(127.0.0.1)", "odd"];
        assert_eq!(hosts(&presented.map(str::to_owned)), "a.example, 127.0.0.1, odd");
    }
}
