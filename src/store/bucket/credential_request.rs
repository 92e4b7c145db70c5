//! Requests for credentials, beyond those that the library makes.

use std::sync::Arc;

use hyper::http::request::Builder;
use object_store::client::{HttpClient, HttpRequestBody};
use object_store::{Error, Result};
use serde_json::Value;

use super::connector::PooledConnector;
use super::service::PooledService;
use super::settings_error::SettingsError;

/// Returns the body of a successful response.
///
/// # Errors
/// Without any part of request and response.
pub(super) async fn send(
    service: &Arc<PooledService>,
    request: Builder,
    body: String,
) -> Result<String> {
    let request = request.body(HttpRequestBody::from(body));
    let request = request.map_err(|error| failed(error.to_string()))?;
    let client = HttpClient::new(PooledConnector(service.clone()));
    let response = client.execute(request).await.map_err(|error| failed(error.to_string()))?;
    if !response.status().is_success() {
        return Err(failed(format!("HTTP {}", response.status().as_u16())));
    }
    let body = response.into_body().bytes().await;
    let body = body.map_err(|error| failed(error.to_string()))?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// # Errors
/// If a response has no such field.
pub(super) fn text_field(json: &str, field: &str) -> Result<String> {
    let value: Option<Value> = serde_json::from_str(json).ok();
    let text = value.as_ref().and_then(|value| value.get(field)?.as_str());
    text.map(str::to_owned).ok_or_else(|| failed(format!("there is no {field} in it")))
}

/// The text names no part of a secret.
pub(super) fn failed(text: impl Into<String>) -> Error {
    SettingsError::without_credentials(text).into()
}
