//! Configuration of the sandbox, and changes of it at run time.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::duration;
use super::faults::{Fault, fault_list};
use super::quota::{PathQuota, RequestQuota};

/// Well-known, so not a secret.
pub const DEFAULT_SECRET: &str = "sandbox-secret";

#[derive(Clone)]
pub struct SandboxConfig {
    /// The only OAuth client.
    pub client_id: String,
    pub client_secret: SecretString,
    /// Lifetime of a new token by the issuer's clock.
    pub lifetime: Duration,
    /// Time without API calls after which a token is revoked.
    pub idle_timeout: Option<Duration>,
    pub format: TokenFormat,
    /// The login host's clock minus the local wall clock.
    pub issuer_offset: SignedDuration,
    /// The API host's clock minus the local wall clock.
    pub api_offset: SignedDuration,
    /// Round-trip time of the login host: half before the request is processed, half after.
    pub latency: Duration,
    pub api_latency: Duration,
    pub rate: Option<RequestQuota>,
    pub path_rates: Vec<PathQuota>,
    /// Name the exceeded limit in the body of a 429.
    pub limit_in_body: bool,
    /// Active tokens of the client; a new one beyond that invalidates the oldest.
    pub max_tokens: Option<usize>,
    pub mint_rate: Option<RequestQuota>,
    pub faults: Vec<Fault>,
    pub api_faults: Vec<Fault>,
    pub expires_in: ExpiresInField,
    /// A fixed token in place of random ones.
    pub token: Option<String>,
    /// Serve HTTPS, with a certificate authority created at the start.
    pub tls: bool,
    /// Validity of the hosts' certificate; by default from 1975 to 4096.
    pub validity: Option<(Timestamp, Timestamp)>,
    /// Loopback address; port 0 picks a free port.
    pub listen_login: SocketAddr,
    pub listen_api: SocketAddr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum TokenFormat {
    /// 86 random characters, as Genesys Cloud's.
    #[default]
    Opaque,
    /// A signed JWT with `iat`, `nbf` and `exp` of the issuer's clock.
    Jwt,
}

/// Value of `expires_in` in token responses.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpiresInField {
    /// The true lifetime in whole seconds.
    #[default]
    Lifetime,
    Missing,
    Json(Value),
}

/// Changes to a running configuration. `None` keeps a field; pending faults are replaced.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfigChange {
    #[serde(deserialize_with = "secret")]
    pub client_secret: Option<SecretString>,
    #[serde(deserialize_with = "non_negative")]
    pub lifetime: Option<Duration>,
    pub format: Option<TokenFormat>,
    #[serde(deserialize_with = "offset")]
    pub issuer_offset: Option<SignedDuration>,
    #[serde(deserialize_with = "offset")]
    pub api_offset: Option<SignedDuration>,
    #[serde(deserialize_with = "non_negative")]
    pub latency: Option<Duration>,
    #[serde(deserialize_with = "non_negative")]
    pub api_latency: Option<Duration>,
    /// Here and below, `Some(None)`, in JSON `null`, removes the limit.
    #[serde(deserialize_with = "nullable")]
    pub rate: Option<Option<RequestQuota>>,
    pub path_rates: Option<Vec<PathQuota>>,
    pub limit_in_body: Option<bool>,
    #[serde(deserialize_with = "nullable")]
    pub max_tokens: Option<Option<usize>>,
    #[serde(deserialize_with = "nullable")]
    pub mint_rate: Option<Option<RequestQuota>>,
    #[serde(deserialize_with = "faults")]
    pub faults: Option<Vec<Fault>>,
    #[serde(deserialize_with = "faults")]
    pub api_faults: Option<Vec<Fault>>,
    pub expires_in: Option<ExpiresInField>,
    /// `Some(None)`, in JSON `null`, returns to random tokens.
    #[serde(deserialize_with = "nullable")]
    pub token: Option<Option<String>>,
}

impl Default for SandboxConfig {
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
            api_latency: Duration::ZERO,
            rate: None,
            path_rates: Vec::new(),
            limit_in_body: false,
            max_tokens: None,
            mint_rate: None,
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
    pub fn apply(&mut self, change: ConfigChange) {
        replace(&mut self.client_secret, change.client_secret);
        replace(&mut self.lifetime, change.lifetime);
        replace(&mut self.format, change.format);
        replace(&mut self.issuer_offset, change.issuer_offset);
        replace(&mut self.api_offset, change.api_offset);
        replace(&mut self.latency, change.latency);
        replace(&mut self.api_latency, change.api_latency);
        replace(&mut self.rate, change.rate);
        replace(&mut self.path_rates, change.path_rates);
        replace(&mut self.limit_in_body, change.limit_in_body);
        replace(&mut self.max_tokens, change.max_tokens);
        replace(&mut self.mint_rate, change.mint_rate);
        replace(&mut self.faults, change.faults);
        replace(&mut self.api_faults, change.api_faults);
        replace(&mut self.expires_in, change.expires_in);
        replace(&mut self.token, change.token);
    }
}

impl FromStr for ExpiresInField {
    type Err = String;

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

fn non_negative<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(json)?;
    duration::non_negative(&text).map(Some).map_err(serde::de::Error::custom)
}

fn offset<'de, D: Deserializer<'de>>(json: D) -> Result<Option<SignedDuration>, D::Error> {
    let text = String::deserialize(json)?;
    duration::offset(&text).map(Some).map_err(serde::de::Error::custom)
}

fn faults<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Vec<Fault>>, D::Error> {
    fault_list(json).map(Some)
}

/// Distinguishes `null` from a missing member.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    json: D,
) -> Result<Option<Option<T>>, D::Error> {
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
        let mut config = SandboxConfig {
            token: Some("fixed".into()),
            latency: Duration::from_secs(7),
            ..SandboxConfig::default()
        };
        config.apply(change(r#"{"lifetime":"10s","api_offset":"+2s","format":"jwt"}"#).unwrap());
        assert_eq!(config.lifetime, Duration::from_secs(10));
        assert_eq!(config.api_offset, SignedDuration::from_secs(2));
        assert_eq!(config.format, TokenFormat::Jwt);
        assert_eq!(config.latency, Duration::from_secs(7));
        assert_eq!(config.token.as_deref(), Some("fixed"));
        config.apply(change(r#"{"token":null,"expires_in":{"json":"300"}}"#).unwrap());
        assert_eq!(config.token, None);
        assert_eq!(config.expires_in, ExpiresInField::Json("300".into()));
        config.apply(change(r#"{"rate":"3/1s","max_tokens":2}"#).unwrap());
        config.apply(change(r#"{"rate":null}"#).unwrap());
        assert_eq!((config.rate, config.max_tokens), (None, Some(2)));
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (json, says) in [
            (r#"{"lifetme":"10s"}"#, "unknown field `lifetme`"),
            (r#"{"lifetime":"-10s"}"#, "\"-10s\" is negative"),
            (r#"{"api_offset":"soon"}"#, "\"soon\" is not a duration"),
            (r#"{"faults":["bang"]}"#, "unknown fault \"bang\""),
            (r#"{"rate":"many"}"#, "\"many\" is not a number of requests"),
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
