//! The handshake of go-plugin (protocol version 1): variables that Terraform sets, and one
//! line that the plugin prints.

use std::ffi::OsString;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::context::Environment;
use crate::error::{Error, Kind, Result};

/// Returns whether Terraform has started this process as a plugin: without arguments (`args`
/// excludes the program's name), and with its magic cookie in the environment.
///
/// # Errors
/// The cookie has another value, so a different kind of plugin was expected.
pub fn is_wanted(env: &Environment, args: &[OsString]) -> Result<bool> {
    if !args.is_empty() {
        return Ok(false);
    }
    match env.text(COOKIE_NAME) {
        None => Ok(false),
        Some(value) if value == COOKIE_VALUE => Ok(true),
        Some(_) => Err(Error::new(
            Kind::Usage,
            "this program is a Terraform plugin, but something other than Terraform has started it",
        )
        .with_cause(format!("{COOKIE_NAME} does not have Terraform's value"))
        .with_hint(format!(
            "let Terraform start its plugins; to use this program as a command, unset {COOKIE_NAME}"
        ))),
    }
}

pub(super) enum TlsClientAuth {
    /// Only the client with this certificate may connect.
    Pinned(CertificateDer<'static>),
    /// Every process that can open the socket may connect, without TLS.
    Disabled,
}

/// # Errors
/// Terraform does not offer this layer's protocol version, or offers no certificate although
/// the user has not disabled TLS.
pub(super) fn client_auth(env: &Environment) -> Result<TlsClientAuth> {
    if let Some(offered) = env.text("PLUGIN_PROTOCOL_VERSIONS")
        && !offered.split(',').any(|version| version.trim() == PROTOCOL)
    {
        return Err(Error::new(
            Kind::Configuration,
            format!("Terraform offers plugin protocol {offered}, this provider speaks {PROTOCOL}"),
        )
        .with_hint("use Terraform 1.10 or later, or OpenTofu 1.11 or later"));
    }
    match env.text("PLUGIN_CLIENT_CERT") {
        Some(pem) => {
            let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| {
                Error::new(Kind::Configuration, "PLUGIN_CLIENT_CERT holds no certificate")
                    .with_cause(error.to_string())
            })?;
            Ok(TlsClientAuth::Pinned(certificate))
        }
        None if env.text("TF_DISABLE_PLUGIN_TLS").is_some() => Ok(TlsClientAuth::Disabled),
        None => Err(Error::new(
            Kind::Configuration,
            "Terraform has not set PLUGIN_CLIENT_CERT, so it cannot be authenticated",
        )
        .with_hint("set TF_DISABLE_PLUGIN_TLS=1 to disable TLS between Terraform and its plugins")),
    }
}

/// Returns the handshake line, which tells Terraform where the plugin listens.
pub(super) fn line(
    network: &str,
    address: &str,
    certificate: Option<&CertificateDer<'_>>,
) -> String {
    let certificate = certificate.map(|der| STANDARD_NO_PAD.encode(der));
    let certificate = certificate.unwrap_or_default();
    format!("1|{PROTOCOL}|{network}|{address}|grpc|{certificate}\n")
}

const COOKIE_NAME: &str = "TF_PLUGIN_MAGIC_COOKIE";
const COOKIE_VALUE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// The major version of Terraform's plugin protocol.
pub const PROTOCOL: &str = "6";

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(env: &Environment) -> String {
        match client_auth(env) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("admitted"),
        }
    }

    #[test]
    fn terraforms_cookie_without_arguments_starts_a_plugin() {
        let terraform = Environment::from([(COOKIE_NAME, COOKIE_VALUE)]);
        assert!(is_wanted(&terraform, &[]).unwrap());
        assert!(!is_wanted(&terraform, &["status".into()]).unwrap());
        assert!(!is_wanted(&Environment::from([]), &[]).unwrap());
    }

    #[test]
    fn another_cookie_is_explained_only_where_there_are_no_arguments() {
        let other = Environment::from([(COOKIE_NAME, "something else")]);
        let error = is_wanted(&other, &[]).unwrap_err().to_string();
        assert!(error.contains("is a Terraform plugin"), "{error}");
        assert!(!is_wanted(&other, &["status".into()]).unwrap());
    }

    #[test]
    fn speaks_version_6_wherever_it_stands_in_the_offer() {
        let offer = |versions| {
            Environment::from([
                ("PLUGIN_PROTOCOL_VERSIONS", versions),
                ("TF_DISABLE_PLUGIN_TLS", "1"),
            ])
        };
        assert!(matches!(client_auth(&offer("6,5")), Ok(TlsClientAuth::Disabled)));
        assert!(matches!(client_auth(&offer("5,6")), Ok(TlsClientAuth::Disabled)));
        let error = refusal(&offer("5,16"));
        assert!(error.contains("offers plugin protocol 5,16"), "{error}");
    }

    #[test]
    fn does_without_tls_only_on_demand() {
        let error = refusal(&Environment::from([]));
        assert!(error.contains("not set PLUGIN_CLIENT_CERT"), "{error}");
        let garbage =
            Environment::from([("PLUGIN_CLIENT_CERT", "garbage"), ("TF_DISABLE_PLUGIN_TLS", "1")]);
        let error = refusal(&garbage);
        assert!(error.contains("holds no certificate"), "{error}");
    }

    #[test]
    fn the_line_is_go_plugins() {
        let certificate = CertificateDer::from(vec![1, 2, 3, 4]);
        assert_eq!(
            line("unix", "/tmp/x/plugin.sock", Some(&certificate)),
            "1|6|unix|/tmp/x/plugin.sock|grpc|AQIDBA\n"
        );
        assert_eq!(line("unix", "/tmp/x/plugin.sock", None), "1|6|unix|/tmp/x/plugin.sock|grpc|\n");
    }
}
