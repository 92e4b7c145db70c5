//! Whom the run's child trusts: whom it trusted before, and this run's
//! authority.

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

/// CaBundles of certificates, in a directory that goes when this is dropped.
/// Nothing in them is secret.
pub(super) struct CaBundles {
    dir: TempDir,
    variables: Vec<EnvVariable>,
}

/// A variable that names a bundle, and whom its readers trust without it.
struct CaBundleVariable {
    name: &'static str,
    /// What they read where it is not set.
    fallback: Option<&'static str>,
    /// Whether it adds to what they trust anyway.
    adds: bool,
    /// Whether they read certifi where it is not set.
    certifi: bool,
}

/// The sources of certificates besides the environment.
#[derive(Default)]
pub(super) struct TrustSources<'a> {
    /// `--ca-file`: behind a proxy that inspects TLS, the command has to trust it as
    /// gc-token does.
    pub(super) ca_file: Option<&'a Path>,
    /// The command's program.
    pub(super) command: Option<&'a Path>,
}

/// Each gets a bundle of its own, with what was in its old one: a client that
/// trusts few must not come to trust whom another one trusts.
const CA_BUNDLE_VARIABLES: [CaBundleVariable; 4] = [
    // OpenSSL, and so Python, Ruby and many more; Go.
    CaBundleVariable { name: "SSL_CERT_FILE", fallback: None, adds: false, certifi: false },
    // Python's requests, and pip.
    CaBundleVariable {
        name: "REQUESTS_CA_BUNDLE",
        fallback: Some("CURL_CA_BUNDLE"),
        adds: false,
        certifi: true,
    },
    CaBundleVariable { name: "CURL_CA_BUNDLE", fallback: None, adds: false, certifi: false },
    CaBundleVariable { name: "NODE_EXTRA_CA_CERTS", fallback: None, adds: true, certifi: false },
];

impl CaBundles {
    /// Writes the bundles, each with the authority's certificate, `ca`.
    ///
    /// # Errors
    /// `Configuration` when a variable or `--ca-file` names a bundle that cannot be
    /// read, or when there is no place to write to.
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
            let trusted = deduplicated(variable.trusted(sources, env)?, &named);
            write(&file, ca, trusted).map_err(|error| cannot_write(error, &file))?;
            variables.push((variable.name, OsString::from(file)));
        }
        Ok(CaBundles { dir, variables })
    }

    /// The variables that name them.
    pub(super) fn variables(&self) -> &[EnvVariable] {
        &self.variables
    }

    /// What has to go in the end.
    pub(super) fn directory(&self) -> &Path {
        self.dir.path()
    }
}

impl CaBundleVariable {
    /// Whom the variable's readers trust as things are.
    fn trusted(&self, sources: &TrustSources<'_>, env: &Environment) -> Result<Certificates> {
        for name in [Some(self.name), self.fallback].into_iter().flatten() {
            if let Some(certs) = roots::from_variable(name, env)? {
                return Ok(certs);
            }
        }
        if self.adds {
            return Ok(Certificates::new());
        }
        let mut trusted = roots::system_certificates(env)?;
        if self.certifi {
            for file in certifi::files(sources.command, env) {
                // What is broken is of no use to the command, either.
                trusted.extend(roots::from_file(&file, "certifi").unwrap_or_default());
            }
        }
        Ok(trusted)
    }
}

/// Both lists, in order, each certificate once.
fn deduplicated(trusted: Certificates, named: &Certificates) -> Certificates {
    let mut seen = HashSet::new();
    let all = trusted.into_iter().chain(named.iter().cloned());
    all.filter(|cert| seen.insert(cert.clone())).collect()
}

/// For the user alone, whatever the umask: others could put a certificate of
/// their own in the place of ours.
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

    /// A self-signed certificate in a file of its own.
    fn certificate(dir: &Path, name: &str) -> (CertificateDer<'static>, String) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap().cert;
        let file = dir.join(name);
        std::fs::write(&file, made.pem()).unwrap();
        (made.der().clone(), file.into_os_string().into_string().unwrap())
    }

    fn read(bundles: &CaBundles, name: &str) -> Vec<CertificateDer<'static>> {
        let (_, file) = bundles.variables().iter().find(|(it, _)| *it == name).unwrap();
        CertificateDer::pem_file_iter(file).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn each_client_trusts_whom_it_trusted_and_the_authority() {
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
        // What certifi has on this machine may follow.
        assert_eq!(requests[..2], [ca.clone(), ssl]);
        assert_eq!(read(&bundles, "NODE_EXTRA_CA_CERTS"), [ca]);
    }

    #[test]
    fn requests_goes_on_trusting_certifi_and_all_trust_what_the_user_names() {
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
            assert_eq!(requests.iter().filter(|it| *it == trusted).count(), 1);
        }
        // Who has said whom to trust has said it.
        let env = [("REQUESTS_CA_BUNDLE", ssl_file.as_str()), ("VIRTUAL_ENV", &venv)];
        let bundles = CaBundles::write(&pem, &TrustSources::default(), &env.into()).unwrap();
        assert_eq!(read(&bundles, "REQUESTS_CA_BUNDLE"), [ca, ssl]);
        let missing = TrustSources { ca_file: Some(Path::new("/nonexistent")), command: None };
        let error = CaBundles::write(&pem, &missing, &env.into()).err().unwrap();
        assert!(error.message.contains("(from --ca-file)"), "{error}");
    }

    #[test]
    fn a_directory_of_certificates_is_one_bundle() {
        let dir = tempfile::tempdir().unwrap();
        let (one, _) = certificate(dir.path(), "one.pem");
        let (two, _) = certificate(dir.path(), "two.pem");
        let env = [("REQUESTS_CA_BUNDLE", dir.path().to_str().unwrap())];
        let bundles = CaBundles::write("", &TrustSources::default(), &env.into()).unwrap();
        let both = read(&bundles, "REQUESTS_CA_BUNDLE");
        assert!(both.contains(&one) && both.contains(&two) && both.len() == 2);
    }

    #[test]
    fn a_bundle_that_cannot_be_read_is_refused_by_the_variables_name() {
        for variable in CA_BUNDLE_VARIABLES {
            let env = [(variable.name, "/nonexistent/bundle.pem")];
            let error = CaBundles::write("", &TrustSources::default(), &env.into()).err().unwrap();
            assert_eq!(error.kind, Kind::Configuration);
            assert!(error.message.contains(&format!("(from {})", variable.name)), "{error}");
        }
    }

    #[test]
    fn they_are_for_the_user_alone_and_go_in_the_end() {
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
