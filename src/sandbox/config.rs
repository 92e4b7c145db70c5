//! What the sandbox pretends, and how that changes while it runs.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::duration;
use super::faults::{Fault, fault_list};

/// The client secret unless another one is given. It protects nothing and is
/// no secret.
pub const DEFAULT_SECRET: &str = "sandbox-secret";

/// What the sandbox pretends.
#[derive(Clone)]
pub struct SandboxConfig {
    /// The only OAuth client that the login host knows.
    pub client_id: String,
    /// That client's secret.
    pub client_secret: SecretString,
    /// How long a new token lives, counted on the issuer's clock.
    pub lifetime: Duration,
    /// A token that makes no API call for so long is revoked; never where this is
    /// `None`.
    pub idle_timeout: Option<Duration>,
    /// What a token looks like.
    pub format: TokenFormat,
    /// The login host's clock minus the local wall clock.
    pub issuer_offset: SignedDuration,
    /// The API host's clock minus the local wall clock.
    pub api_offset: SignedDuration,
    /// Added to every reply of the login host: half on the way in, half on the
    /// way out.
    pub latency: Duration,
    /// What goes wrong, one for each token request, in this order; afterwards
    /// nothing does.
    pub faults: Vec<Fault>,
    /// The same for API calls.
    pub api_faults: Vec<Fault>,
    /// What the token reply says about the lifetime, whatever the truth is.
    pub expires_in: ExpiresInField,
    /// Hand out this very text instead of a random token.
    pub token: Option<String>,
    /// Speak TLS, with a certificate authority made at the start.
    pub tls: bool,
    /// From when to when the hosts' certificate is valid, on this machine's
    /// clock; else from 1975 to 4096.
    pub validity: Option<(Timestamp, Timestamp)>,
    /// Where the login host listens: a loopback address; port 0 picks one.
    pub listen_login: SocketAddr,
    /// Where the API host listens: a loopback address; port 0 picks one.
    pub listen_api: SocketAddr,
}

/// What a token looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum TokenFormat {
    /// 86 random characters, as Genesys Cloud's.
    #[default]
    Opaque,
    /// A signed JWT with `iat`, `nbf` and `exp` of the issuer's clock.
    Jwt,
}

/// What the token reply's `expires_in` says.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpiresInField {
    /// The truth, in whole seconds.
    #[default]
    Lifetime,
    /// Nothing: the member is left out.
    Missing,
    /// Any JSON value.
    Json(Value),
}

/// Changes to a running plan. `None` leaves a field as it is.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfigChange {
    /// See [`SandboxConfig::client_secret`]: it is rotated.
    #[serde(deserialize_with = "secret")]
    pub client_secret: Option<SecretString>,
    /// See [`SandboxConfig::lifetime`].
    #[serde(deserialize_with = "span")]
    pub lifetime: Option<Duration>,
    /// See [`SandboxConfig::format`].
    pub format: Option<TokenFormat>,
    /// See [`SandboxConfig::issuer_offset`].
    #[serde(deserialize_with = "offset")]
    pub issuer_offset: Option<SignedDuration>,
    /// See [`SandboxConfig::api_offset`].
    #[serde(deserialize_with = "offset")]
    pub api_offset: Option<SignedDuration>,
    /// See [`SandboxConfig::latency`].
    #[serde(deserialize_with = "span")]
    pub latency: Option<Duration>,
    /// See [`SandboxConfig::faults`]. Faults that are still to come are replaced.
    #[serde(deserialize_with = "faults")]
    pub faults: Option<Vec<Fault>>,
    /// See [`SandboxConfig::api_faults`]. Faults that are still to come are replaced.
    #[serde(deserialize_with = "faults")]
    pub api_faults: Option<Vec<Fault>>,
    /// See [`SandboxConfig::expires_in`].
    pub expires_in: Option<ExpiresInField>,
    /// See [`SandboxConfig::token`]. `Some(None)`, in JSON `null`, goes back to random
    /// tokens.
    #[serde(deserialize_with = "given")]
    pub token: Option<Option<String>>,
}

impl Default for SandboxConfig {
    /// A well-behaved cloud whose tokens live for a day.
    fn default() -> Self {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        SandboxConfig {
            client_id: "sandbox-client".into(),
            client_secret: DEFAULT_SECRET.into(),
            lifetime: Duration::from_secs(86_400),
            idle_timeout: None,
            format: TokenFormat::Opaque,
            issuer_offset: SignedDuration::ZERO,
            api_offset: SignedDuration::ZERO,
            latency: Duration::ZERO,
            faults: Vec::new(),
            api_faults: Vec::new(),
            expires_in: ExpiresInField::Lifetime,
            token: None,
            tls: false,
            validity: None,
            listen_login: any_port,
            listen_api: any_port,
        }
    }
}

impl SandboxConfig {
    /// Takes over what `change` gives.
    pub fn change(&mut self, change: ConfigChange) {
        replace(&mut self.client_secret, change.client_secret);
        replace(&mut self.lifetime, change.lifetime);
        replace(&mut self.format, change.format);
        replace(&mut self.issuer_offset, change.issuer_offset);
        replace(&mut self.api_offset, change.api_offset);
        replace(&mut self.latency, change.latency);
        replace(&mut self.faults, change.faults);
        replace(&mut self.api_faults, change.api_faults);
        replace(&mut self.expires_in, change.expires_in);
        replace(&mut self.token, change.token);
    }
}

impl FromStr for ExpiresInField {
    type Err = String;

    /// `lifetime`, `missing`, or any JSON value.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "lifetime" => Ok(ExpiresInField::Lifetime),
            "missing" => Ok(ExpiresInField::Missing),
            json => serde_json::from_str(json)
                .map(ExpiresInField::Json)
                .map_err(|cause| format!("not 'lifetime', 'missing' or a JSON value: {cause}")),
        }
    }
}

fn replace<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn secret<'de, D: Deserializer<'de>>(json: D) -> Result<Option<SecretString>, D::Error> {
    String::deserialize(json).map(|text| Some(text.into()))
}

fn span<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(json)?;
    duration::span(&text).map(Some).map_err(serde::de::Error::custom)
}

fn offset<'de, D: Deserializer<'de>>(json: D) -> Result<Option<SignedDuration>, D::Error> {
    let text = String::deserialize(json)?;
    duration::offset(&text).map(Some).map_err(serde::de::Error::custom)
}

fn faults<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Vec<Fault>>, D::Error> {
    fault_list(json).map(Some)
}

/// Tells `null` from a member that is not there.
fn given<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(json).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(json: &str) -> Result<ConfigChange, String> {
        serde_json::from_str(json).map_err(|cause| cause.to_string())
    }

    #[test]
    fn only_the_given_fields_change() {
        let mut plan = SandboxConfig {
            token: Some("fixed".into()),
            latency: Duration::from_secs(7),
            ..SandboxConfig::default()
        };
        plan.change(change(r#"{"lifetime":"10s","api_offset":"+2s","format":"jwt"}"#).unwrap());
        assert_eq!(plan.lifetime, Duration::from_secs(10));
        assert_eq!(plan.api_offset, SignedDuration::from_secs(2));
        assert_eq!(plan.format, TokenFormat::Jwt);
        assert_eq!(plan.latency, Duration::from_secs(7));
        assert_eq!(plan.token.as_deref(), Some("fixed"));
        plan.change(change(r#"{"token":null,"expires_in":{"json":"300"}}"#).unwrap());
        assert_eq!(plan.token, None);
        assert_eq!(plan.expires_in, ExpiresInField::Json("300".into()));
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (json, says) in [
            (r#"{"lifetme":"10s"}"#, "unknown field `lifetme`"),
            (r#"{"lifetime":"-10s"}"#, "\"-10s\" is negative"),
            (r#"{"api_offset":"soon"}"#, "\"soon\" is not a duration"),
            (r#"{"faults":["bang"]}"#, "unknown fault \"bang\""),
        ] {
            let refusal = change(json).err().expect(json);
            assert!(refusal.contains(says), "{json}: {refusal}");
        }
    }

    #[test]
    fn expires_in_reads_from_a_word_or_any_json() {
        assert_eq!("lifetime".parse(), Ok(ExpiresInField::Lifetime));
        assert_eq!("missing".parse(), Ok(ExpiresInField::Missing));
        assert_eq!("\"60\"".parse(), Ok(ExpiresInField::Json("60".into())));
        assert!("soon".parse::<ExpiresInField>().is_err());
    }
}
