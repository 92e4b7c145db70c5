//! Whose certificates are trusted: the system's store, and what the user adds.

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

/// Whose certificates are trusted.
#[derive(Clone)]
pub(crate) struct Roots {
    /// Certificates that are trusted as authorities.
    pub(super) store: Arc<RootCertStore>,
    /// Certificates that are trusted as a server's own as well: those in a file that
    /// somebody named.
    pub(super) named: Certificates,
}

/// The trusted certificates: of `SSL_CERT_FILE` and `SSL_CERT_DIR` where they
/// are set, else the system's, and those of `ca_file` besides.
///
/// # Errors
/// `Configuration` when a file that was named cannot be read or holds no
/// certificate, or when nothing at all is trusted.
pub(super) fn load(
    ca_file: Option<&Path>,
    env: &Environment,
    reporter: &Reporter,
) -> Result<Roots> {
    let mut store = RootCertStore::empty();
    if let Some(file) = env.os("SSL_CERT_FILE").map(PathBuf::from) {
        check(&file, "SSL_CERT_FILE", reporter)?;
    }
    if let Some(file) = ca_file {
        check(file, "--ca-file", reporter)?;
    }
    let system = system_certificates(env)?;
    let mut named = match env.os("SSL_CERT_FILE") {
        Some(_) => system.clone(),
        None => Certificates::new(),
    };
    let (trusted, _) = store.add_parsable_certificates(system);
    reporter.debug(format_args!("trusting {trusted} certificates of the system"));
    if let Some(file) = ca_file {
        let certs = from_file(file, "--ca-file")?;
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

/// Another user who can write to the file decides whose word the secret is sent on:
/// refused where everybody can, and warned of where the file is of somebody else, such
/// as a container's volume.
fn check(file: &Path, origin: &str, reporter: &Reporter) -> Result<()> {
    // One that cannot be opened is told of when it is read.
    let Some(risk) = OpenedFile::open_regular(file).ok().and_then(|opened| opened.tamper_risk())
    else {
        return Ok(());
    };
    if risk.is_from_every_user() {
        return Err(unusable(file, origin, &risk.to_string()).with_hint(risk.remedy(file)));
    }
    reporter.warn_once(risk.warning(format_args!("{origin}: {}", file.display()), file));
    Ok(())
}

/// Certificates, as they are encoded.
pub(crate) type Certificates = Vec<CertificateDer<'static>>;

/// The certificates in the file, or below the directory, that a variable
/// names; `None` where it is not set.
///
/// # Errors
/// `Configuration` when it names nothing that can be read.
pub(crate) fn from_variable(variable: &str, env: &Environment) -> Result<Option<Certificates>> {
    let Some(path) = env.os(variable).map(PathBuf::from) else {
        return Ok(None);
    };
    let found = match path.is_dir() {
        true => Ok(load_certs_from_paths(None, Some(&path)).certs),
        false => load_file(&path),
    };
    require_certificates(&path, variable, found).map(Some)
}

/// The certificates in a file, which `origin` names.
///
/// # Errors
/// `Configuration` when it cannot be read or holds none.
pub(crate) fn from_file(file: &Path, origin: &str) -> Result<Certificates> {
    require_certificates(file, origin, load_file(file))
}

/// The certificates of `SSL_CERT_FILE` and `SSL_CERT_DIR` where they are set,
/// else the system's.
///
/// # Errors
/// `Configuration` when `SSL_CERT_FILE` names nothing that can be read.
pub(crate) fn system_certificates(env: &Environment) -> Result<Certificates> {
    let file = env.os("SSL_CERT_FILE").map(PathBuf::from);
    let dirs = env.os("SSL_CERT_DIR");
    if file.is_none() && dirs.is_none() {
        return Ok(platform_certificates());
    }
    let mut certs = Vec::new();
    if let Some(file) = file {
        certs = from_file(&file, "SSL_CERT_FILE")?;
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

/// Bundles of the distributions, most widespread first.
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

/// The system's own store.
///
/// On Linux the bundle alone, where there is one: reading it takes about 1 ms,
/// and 4 to 6 ms together with the directory beside it, which has the same
/// certificates again. One that was put only into the directory is reached
/// with `SSL_CERT_DIR` or `--ca-file`.
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

/// The certificates in a file that somebody named. A byte order mark before the
/// first of them would hide it.
fn load_file(file: &Path) -> io::Result<Certificates> {
    let bytes = OpenedFile::open(file)?.read(MAX_FILE_SIZE + 1)?;
    if bytes.len() as u64 > MAX_FILE_SIZE {
        return Err(io::Error::other("it is longer than 16 MiB"));
    }
    let pem = text::without_bom(&bytes);
    Ok(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect())
}

/// A file that somebody named has to be of use.
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
    let what = format!("the certificates in {} (from {origin}) cannot be used", file.display());
    Error::new(Kind::Configuration, what)
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
