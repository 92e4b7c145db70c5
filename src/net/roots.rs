//! The trusted certificates: the system's store, and what the user adds.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_native_certs::{load_certs_from_paths, load_native_certs};

use crate::context::{Environment, Reporter};
use crate::error::{Error, Kind, Result};
use crate::platform::{HAS_CA_BUNDLE, OpenedFile};
use crate::text;

#[derive(Clone)]
pub(crate) struct Roots {
    pub(super) store: Arc<RootCertStore>,
    /// Certificates that a server may show as its own: those in files that were named.
    pub(super) named: Certificates,
}

pub(crate) type Certificates = Vec<CertificateDer<'static>>;

/// Reads the trusted certificates: of `SSL_CERT_FILE` and `SSL_CERT_DIR` where they are
/// set, else the system's, and those of `ca_file` in addition. A named file is opened
/// once, because it may be a pipe.
///
/// # Errors
/// `Configuration` when a named file cannot be read, can be written to by every user or
/// holds no certificate, or when nothing is trusted at all.
pub(super) fn load(
    ca_file: Option<&Path>,
    env: &Environment,
    reporter: &Reporter,
) -> Result<Roots> {
    let mut store = RootCertStore::empty();
    let read = |file: &Path, origin: &str| from_file_checked(file, origin, reporter);
    let from_ca_file = ca_file.map(|file| read(file, "--ca-file")).transpose()?;
    let system = system_certificates_by(env, read)?;
    let mut named = Certificates::new();
    if env.os("SSL_CERT_FILE").is_some() {
        named.extend(system.iter().cloned());
    }
    let (trusted, _) = store.add_parsable_certificates(system);
    reporter.debug(format_args!("trusting {trusted} certificates of the system"));
    if let Some((file, certs)) = ca_file.zip(from_ca_file) {
        named.extend(certs.iter().cloned());
        let (added, _) = store.add_parsable_certificates(certs);
        if added == 0 {
            return Err(unusable(file, "--ca-file", "it holds no usable certificate"));
        }
        reporter.debug(format_args!("trusting {added} certificates of {}", file.display()));
    }
    if store.is_empty() {
        return Err(
            Error::new(Kind::Configuration, "no certificate authority is trusted")
                .with_cause("the system's certificate store is empty or missing")
                .with_hint("install the package ca-certificates, or name a bundle with --ca-file or SSL_CERT_FILE"),
        );
    }
    Ok(Roots { store: store.into(), named })
}

/// Reads the certificates in the file, or below the directory, that a variable names;
/// `None` where it is not set.
///
/// # Errors
/// `Configuration` when it names nothing that can be read.
pub(crate) fn from_variable(variable: &str, env: &Environment) -> Result<Option<Certificates>> {
    let Some(path) = env.os(variable).map(PathBuf::from) else {
        return Ok(None);
    };
    let found = if path.is_dir() {
        Ok(load_certs_from_paths(None, Some(&path)).certs)
    } else {
        OpenedFile::open(&path).and_then(parse)
    };
    require_certificates(&path, variable, found).map(Some)
}

/// # Errors
/// `Configuration` when the file cannot be read or holds no certificate.
pub(crate) fn from_file(file: &Path, origin: &str) -> Result<Certificates> {
    require_certificates(file, origin, OpenedFile::open(file).and_then(parse))
}

/// Reads a file that decides where the client secret is sent. One that every user can
/// write to is refused; one of another user, such as a container's volume, is worth a
/// warning.
fn from_file_checked(file: &Path, origin: &str, reporter: &Reporter) -> Result<Certificates> {
    let opened = OpenedFile::open(file);
    if let Some(risk) = opened.as_ref().ok().and_then(OpenedFile::tamper_risk) {
        if risk.is_from_every_user() {
            return Err(unusable(file, origin, &risk.to_string()).with_hint(risk.remedy(file)));
        }
        reporter.warn_once(risk.warning(format_args!("{origin}: {}", file.display()), file));
    }
    require_certificates(file, origin, opened.and_then(parse))
}

/// Reads the certificates of `SSL_CERT_FILE` and `SSL_CERT_DIR` where they are set, else
/// the system's.
///
/// # Errors
/// `Configuration` when `SSL_CERT_FILE` names nothing that can be read.
pub(crate) fn system_certificates(env: &Environment) -> Result<Certificates> {
    system_certificates_by(env, from_file)
}

fn system_certificates_by(
    env: &Environment,
    read: impl Fn(&Path, &str) -> Result<Certificates>,
) -> Result<Certificates> {
    let file = env.os("SSL_CERT_FILE").map(PathBuf::from);
    let dirs = env.os("SSL_CERT_DIR");
    if file.is_none() && dirs.is_none() {
        return Ok(platform_certificates());
    }
    let mut certs = Vec::new();
    if let Some(file) = file {
        certs = read(&file, "SSL_CERT_FILE")?;
        // Some environments set both variables to the system's own. Then the
        // directory has the bundle's certificates again, one by one.
        if is_bundle(&file) && dirs.as_deref() == file.parent().map(Path::as_os_str) {
            return Ok(certs);
        }
    }
    // Unlike the file, a directory may be missing: OpenSSL passes over it, too.
    for dir in std::env::split_paths(&dirs.unwrap_or_default()) {
        certs.extend(load_certs_from_paths(None, Some(&dir)).certs);
    }
    Ok(certs)
}

const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

fn is_bundle(file: &Path) -> bool {
    BUNDLES.iter().any(|bundle| file == Path::new(bundle))
}

/// Reads the system's own store: on Linux the bundle alone, where there is one. That takes
/// about 1 ms, and 4 to 6 ms together with the directory beside it, which has the same
/// certificates again. A certificate that is only in the directory is reached with
/// `SSL_CERT_DIR` or `--ca-file`.
fn platform_certificates() -> Certificates {
    if HAS_CA_BUNDLE {
        let bundles = BUNDLES.iter().map(Path::new);
        for bundle in bundles.filter(|bundle| bundle.exists()) {
            let certs = load_certs_from_paths(Some(bundle), None).certs;
            if !certs.is_empty() {
                return certs;
            }
        }
    }
    load_native_certs().certs
}

/// The system's own bundle has a quarter of a megabyte; a device has no end.
const MAX_FILE_SIZE: u64 = 16 << 20;

/// A byte order mark before the first certificate would hide it.
fn parse(opened: OpenedFile) -> io::Result<Certificates> {
    let bytes = opened.read(MAX_FILE_SIZE)?;
    let pem = text::without_bom(&bytes);
    Ok(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect())
}

fn require_certificates(
    file: &Path,
    origin: &str,
    found: io::Result<Certificates>,
) -> Result<Certificates> {
    match found {
        Ok(certs) if !certs.is_empty() => Ok(certs),
        Ok(_) => Err(unusable(file, origin, "it holds no PEM certificate")),
        Err(error) => Err(unusable(file, origin, &error.to_string())),
    }
}

fn unusable(file: &Path, origin: &str, cause: &str) -> Error {
    let message = format!("the certificates in {} (from {origin}) cannot be used", file.display());
    Error::new(Kind::Configuration, message)
        .with_cause(cause)
        .with_hint("name a readable file of certificates in PEM format")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_with<const N: usize>(ca_file: Option<&Path>, env: [(&str, &str); N]) -> Result<usize> {
        let reporter = Reporter::to(Box::new(std::io::sink()));
        load(ca_file, &env.into(), &reporter).map(|roots| roots.store.len())
    }

    fn certificate() -> String {
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem()
    }

    #[test]
    fn a_named_file_is_read_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let bundle = dir.path().join("bundle.pem");
        std::fs::write(&bundle, certificate() + &certificate()).unwrap();
        let ca = dir.path().join("ca.pem");
        std::fs::write(&ca, certificate()).unwrap();
        let env = [("SSL_CERT_FILE", bundle.to_str().unwrap())];
        assert_eq!(load_with(None, env), Ok(2));
        assert_eq!(load_with(Some(&ca), env), Ok(3));
        let env = [("SSL_CERT_DIR", dir.path().to_str().unwrap())];
        assert_eq!(load_with(None, env), Ok(3));
        let both = [
            ("SSL_CERT_FILE", bundle.to_str().unwrap()),
            ("SSL_CERT_DIR", dir.path().to_str().unwrap()),
        ];
        assert_eq!(load_with(None, both), Ok(5));
    }

    #[test]
    fn a_byte_order_mark_does_not_hide_the_first_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let ca = dir.path().join("ca.pem");
        let text = format!("\u{feff}{}{}", certificate(), certificate()).replace('\n', "\r\n");
        std::fs::write(&ca, text).unwrap();
        let env = [("SSL_CERT_FILE", ca.to_str().unwrap())];
        assert_eq!(load_with(None, env), Ok(2));
        let env = [("SSL_CERT_DIR", dir.path().to_str().unwrap())];
        assert_eq!(load_with(Some(&ca), env), Ok(3));
    }

    #[test]
    fn a_named_file_that_is_of_no_use_is_refused_by_name_and_origin() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str, content: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let missing = dir.path().join("missing.pem");
        for (file, cause) in [
            (PathBuf::from("/dev/zero"), "it is longer than 16 MiB"),
            (missing, "No such file or directory (os error 2)"),
            (path("empty.pem", ""), "it holds no PEM certificate"),
            (path("text.pem", "hello"), "it holds no PEM certificate"),
            (
                path(
                    "junk.pem",
                    "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n",
                ),
                "it holds no usable certificate",
            ),
        ] {
            let error = load_with(Some(&file), []).unwrap_err();
            assert_eq!(error.kind, Kind::Configuration);
            assert_eq!(
                error.message,
                format!("the certificates in {} (from --ca-file) cannot be used", file.display())
            );
            assert_eq!(error.cause.as_deref(), Some(cause));
        }
        let env = [("SSL_CERT_FILE", "/nonexistent/bundle.pem")];
        let error = load_with(None, env).unwrap_err();
        assert!(error.message.contains("(from SSL_CERT_FILE)"), "{error}");
    }

    #[test]
    fn trusting_nobody_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let env = [("SSL_CERT_DIR", dir.path().to_str().unwrap())];
        let error = load_with(None, env).unwrap_err();
        assert_eq!(error.message, "no certificate authority is trusted");
    }
}
