//! Signs the assertion of a Google service account again, as of another time (RFC 7523).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::http::request::Parts;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature;
use serde_json::Value;

const SCHEME: &str = "Bearer ";

/// Seconds; Google takes no assertion that lives longer.
const LIFETIME: i64 = 3600;

pub(in super::super) struct ServiceAccount(KeyPair);

impl ServiceAccount {
    /// Reads the key in the JSON of a service account. `None` if there is no usable one.
    pub(in super::super) fn parse(json: &str) -> Option<ServiceAccount> {
        let account: Value = serde_json::from_str(json).ok()?;
        let pem = pem::parse(account.get("private_key")?.as_str()?).ok()?;
        let key =
            KeyPair::from_pkcs8(pem.contents()).or_else(|_| KeyPair::from_der(pem.contents()));
        key.ok().map(ServiceAccount)
    }

    /// Returns `None`, and changes no header, if the request has no assertion.
    pub(in super::super) fn sign(&self, head: &mut Parts, time: Timestamp) -> Option<()> {
        let (header, mut claims) = assertion(head)?;
        let claims_object = claims.as_object_mut()?;
        claims_object.insert("iat".to_owned(), time.as_second().into());
        claims_object.insert("exp".to_owned(), (time.as_second() + LIFETIME).into());
        let text = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mut bytes = vec![0; self.0.public().modulus_len()];
        self.0
            .sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut bytes)
            .ok()?;
        let bearer = format!("{SCHEME}{text}.{}", URL_SAFE_NO_PAD.encode(bytes));
        head.headers.insert(AUTHORIZATION, HeaderValue::from_str(&bearer).ok()?);
        Some(())
    }
}

/// Returns the field that the JSON of a service account lacks.
pub(in super::super) fn missing_field(json: &str) -> Option<&'static str> {
    let account: Value = serde_json::from_str(json).unwrap_or_default();
    let is_missing = |field: &&str| account.get(field).and_then(Value::as_str).is_none();
    ["private_key", "private_key_id", "client_email"].into_iter().find(is_missing)
}

/// Returns when a request's assertion was signed.
pub(in super::super) fn signed_at(head: &Parts) -> Option<Timestamp> {
    let (_, claims) = assertion(head)?;
    Timestamp::from_second(claims.get("iat")?.as_i64()?).ok()
}

/// Returns the header of an assertion as it is, and its claims.
pub(in super::super) fn assertion(head: &Parts) -> Option<(String, Value)> {
    let bearer = head.headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix(SCHEME)?;
    let mut parts = bearer.split('.');
    let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    Some((header.to_owned(), claims))
}
