//! The CA bundles for the run's child: what it trusted before, and this run's authority.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use pem::Pem;
use tempfile::TempDir;

use super::certifi;
use super::variables::EnvVariable;
use crate::context::Environment;
use crate::error::{Error, Kind, Result};
use crate::net::roots::{self, Certificates};
use crate::platform::{private_options, private_temp_dir};

/// Files in a directory that is removed on drop. Nothing in them is secret.
pub(super) struct CaBundles {
    dir: TempDir,
    variables: Vec<EnvVariable>,
}

struct CaBundleVariable {
    name: &'static str,
    /// The variable that its readers use if this one is not set.
    fallback: Option<&'static str>,
    /// The bundle is added to the default certificates.
    is_additional: bool,
    /// The default certificates are those of Python's certifi.
    uses_certifi: bool,
}

#[derive(Default)]
pub(super) struct TrustSources<'a> {
    /// `--ca-file`: the command, too, may be behind a proxy that inspects TLS.
    pub(super) ca_file: Option<&'a Path>,
    pub(super) command: Option<&'a Path>,
}

/// Each variable gets a bundle of its own: a client must not come to trust what only
/// another client trusted.
const CA_BUNDLE_VARIABLES: [CaBundleVariable; 4] = [
    // OpenSSL, and so Python, Ruby and many more; Go.
    CaBundleVariable {
        name: "SSL_CERT_FILE",
        fallback: None,
        is_additional: false,
        uses_certifi: false,
    },
    // Python's requests, and pip.
    CaBundleVariable {
        name: "REQUESTS_CA_BUNDLE",
        fallback: Some("CURL_CA_BUNDLE"),
        is_additional: false,
        uses_certifi: true,
    },
    CaBundleVariable {
        name: "CURL_CA_BUNDLE",
        fallback: None,
        is_additional: false,
        uses_certifi: false,
    },
    CaBundleVariable {
        name: "NODE_EXTRA_CA_CERTS",
        fallback: None,
        is_additional: true,
        uses_certifi: false,
    },
];

impl CaBundles {
    /// `ca` is the PEM certificate of the run's authority.
    ///
    /// # Errors
    /// `Configuration` if a variable or `--ca-file` names a bundle that cannot be read;
    /// `System` if the bundles cannot be written.
    pub(super) fn write(
        ca: &str,
        sources: &TrustSources<'_>,
        env: &Environment,
    ) -> Result<CaBundles> {
        let named = sources.ca_file.map(|file| roots::from_file(file, "--ca-file")).transpose()?;
        let named = named.unwrap_or_default();
        let dir = directory()?;
        let mut variables = Vec::new();
        for variable in &CA_BUNDLE_VARIABLES {
            let file = dir.path().join(format!("{}.pem", variable.name.to_lowercase()));
            let trusted = merge_unique(variable.trusted_certs(sources, env)?, &named);
            write(&file, ca, trusted).map_err(|error| cannot_write(error, &file))?;
            variables.push((variable.name, OsString::from(file)));
        }
        Ok(CaBundles { dir, variables })
    }

    pub(super) fn variables(&self) -> &[EnvVariable] {
        &self.variables
    }

    pub(super) fn directory(&self) -> &Path {
        self.dir.path()
    }
}

impl CaBundleVariable {
    fn trusted_certs(&self, sources: &TrustSources<'_>, env: &Environment) -> Result<Certificates> {
        for name in [Some(self.name), self.fallback].into_iter().flatten() {
            if let Some(certs) = roots::from_variable(name, env)? {
                return Ok(certs);
            }
        }
        if self.is_additional {
            return Ok(Certificates::new());
        }
        let mut trusted = roots::system_certificates(env)?;
        if self.uses_certifi {
            for file in certifi::find_bundles(sources.command, env) {
                // The command cannot use a broken file, either.
                trusted.extend(roots::from_file(&file, "certifi").unwrap_or_default());
            }
        }
        Ok(trusted)
    }
}

fn merge_unique(trusted: Certificates, named: &Certificates) -> Certificates {
    let mut seen = HashSet::new();
    let all = trusted.into_iter().chain(named.iter().cloned());
    all.filter(|cert| seen.insert(cert.clone())).collect()
}

/// Private whatever the umask: another user could replace the bundles.
fn directory() -> Result<TempDir> {
    private_temp_dir().map_err(|error| cannot_write(error, &PathBuf::from("a temporary directory")))
}

fn write(file: &Path, ca: &str, trusted: Certificates) -> std::io::Result<()> {
    let mut file = private_options().write(true).create_new(true).open(file)?;
    let trusted: Vec<_> =
        trusted.into_iter().map(|der| Pem::new("CERTIFICATE", der.to_vec())).collect();
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    file.write_all(ca.as_bytes())?;
    file.write_all(pem::encode_many_config(&trusted, config).as_bytes())
}

fn cannot_write(error: std::io::Error, file: &Path) -> Error {
    Error::new(Kind::System, format!("cannot write {}", file.display()))
        .with_source(error)
        .with_hint("set TMPDIR to a directory that can be written to")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use super::*;

    /// Writes a self-signed certificate to a file.
    fn certificate(dir: &Path, name: &str) -> (CertificateDer<'static>, String) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap().cert;
        let file = dir.join(name);
        std::fs::write(&file, made.pem()).unwrap();
        (made.der().clone(), file.into_os_string().into_string().unwrap())
    }

    fn read(bundles: &CaBundles, name: &str) -> Vec<CertificateDer<'static>> {
        let (_, file) = bundles.variables().iter().find(|(variable, _)| *variable == name).unwrap();
        CertificateDer::pem_file_iter(file).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn each_bundle_holds_the_earlier_certificates_and_the_authority() {
        let dir = tempfile::tempdir().unwrap();
        let (ca, ca_file) = certificate(dir.path(), "ca");
        let (ssl, ssl_file) = certificate(dir.path(), "ssl");
        let (curl, curl_file) = certificate(dir.path(), "curl");
        let (node, node_file) = certificate(dir.path(), "node");
        let pem = std::fs::read_to_string(ca_file).unwrap();
        let env = [
            ("SSL_CERT_FILE", ssl_file.as_str()),
            ("CURL_CA_BUNDLE", &curl_file),
            ("NODE_EXTRA_CA_CERTS", &node_file),
        ];
        let bundles = CaBundles::write(&pem, &TrustSources::default(), &env.into()).unwrap();
        assert_eq!(read(&bundles, "SSL_CERT_FILE"), [ca.clone(), ssl.clone()]);
        assert_eq!(read(&bundles, "CURL_CA_BUNDLE"), [ca.clone(), curl.clone()]);
        assert_eq!(read(&bundles, "REQUESTS_CA_BUNDLE"), [ca.clone(), curl]);
        assert_eq!(read(&bundles, "NODE_EXTRA_CA_CERTS"), [ca.clone(), node]);
        let env = [("SSL_CERT_FILE", ssl_file.as_str())];
        let bundles = CaBundles::write(&pem, &TrustSources::default(), &env.into()).unwrap();
        assert_eq!(read(&bundles, "CURL_CA_BUNDLE"), [ca.clone(), ssl.clone()]);
        let requests = read(&bundles, "REQUESTS_CA_BUNDLE");
        // This machine's certifi may follow.
        assert_eq!(requests[..2], [ca.clone(), ssl]);
        assert_eq!(read(&bundles, "NODE_EXTRA_CA_CERTS"), [ca]);
    }

    #[test]
    fn requests_still_trusts_certifi_and_all_trust_the_ca_file() {
        let dir = tempfile::tempdir().unwrap();
        let (ca, ca_file) = certificate(dir.path(), "ca");
        let (ssl, ssl_file) = certificate(dir.path(), "ssl");
        let (named, named_file) = certificate(dir.path(), "named");
        let packages = dir.path().join("venv/lib/python3.11/site-packages/certifi");
        std::fs::create_dir_all(&packages).unwrap();
        let (certifi, _) = certificate(&packages, "cacert.pem");
        let pem = std::fs::read_to_string(ca_file).unwrap();
        let venv = dir.path().join("venv").display().to_string();
        let env = [("SSL_CERT_FILE", ssl_file.as_str()), ("VIRTUAL_ENV", &venv)];
        let sources = TrustSources { ca_file: Some(Path::new(&named_file)), command: None };
        let bundles = CaBundles::write(&pem, &sources, &env.into()).unwrap();
        for name in ["SSL_CERT_FILE", "CURL_CA_BUNDLE"] {
            assert_eq!(read(&bundles, name), [ca.clone(), ssl.clone(), named.clone()], "{name}");
        }
        assert_eq!(read(&bundles, "NODE_EXTRA_CA_CERTS"), [ca.clone(), named.clone()]);
        let requests = read(&bundles, "REQUESTS_CA_BUNDLE");
        for trusted in [&ca, &ssl, &certifi, &named] {
            assert_eq!(requests.iter().filter(|cert| *cert == trusted).count(), 1);
        }
        // An explicit bundle replaces certifi.
        let env = [("REQUESTS_CA_BUNDLE", ssl_file.as_str()), ("VIRTUAL_ENV", &venv)];
        let bundles = CaBundles::write(&pem, &TrustSources::default(), &env.into()).unwrap();
        assert_eq!(read(&bundles, "REQUESTS_CA_BUNDLE"), [ca, ssl]);
        let missing = TrustSources { ca_file: Some(Path::new("/nonexistent")), command: None };
        let error = CaBundles::write(&pem, &missing, &env.into()).err().unwrap();
        assert!(error.message.contains("(from --ca-file)"), "{error}");
    }

    #[test]
    fn a_directory_of_certificates_becomes_one_bundle() {
        let dir = tempfile::tempdir().unwrap();
        let (one, _) = certificate(dir.path(), "one.pem");
        let (two, _) = certificate(dir.path(), "two.pem");
        let env = [("REQUESTS_CA_BUNDLE", dir.path().to_str().unwrap())];
        let bundles = CaBundles::write("", &TrustSources::default(), &env.into()).unwrap();
        let both = read(&bundles, "REQUESTS_CA_BUNDLE");
        assert!(both.contains(&one) && both.contains(&two) && both.len() == 2);
    }

    #[test]
    fn the_error_for_an_unreadable_bundle_names_the_variable() {
        for variable in CA_BUNDLE_VARIABLES {
            let env = [(variable.name, "/nonexistent/bundle.pem")];
            let error = CaBundles::write("", &TrustSources::default(), &env.into()).err().unwrap();
            assert_eq!(error.kind, Kind::Configuration);
            assert!(error.message.contains(&format!("(from {})", variable.name)), "{error}");
        }
    }

    #[test]
    fn bundles_are_private_and_removed_on_drop() {
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        let dir = tempfile::tempdir().unwrap();
        let (_, file) = certificate(dir.path(), "ca");
        let env = [("SSL_CERT_FILE", file.as_str())];
        let bundles = CaBundles::write("", &TrustSources::default(), &env.into()).unwrap();
        let directory = bundles.directory().to_owned();
        assert_eq!(mode(&directory), 0o700);
        for (_, file) in bundles.variables() {
            assert_eq!(mode(Path::new(file)), 0o600);
            assert_eq!(Path::new(file).parent(), Some(directory.as_path()));
        }
        drop(bundles);
        assert!(!directory.exists());
    }
}
