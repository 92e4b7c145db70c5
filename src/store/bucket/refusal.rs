//! An unsuccessful response of a store, as far as it is understood.

use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName};

use crate::net::is_page;
use crate::store::Version;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BucketRefusal {
    pub(super) status: StatusCode,
    /// The store's own code, such as `AccessDenied`.
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    /// The region of the bucket, where the store names one.
    pub(super) region: Option<String>,
    is_page: bool,
}

const AZURE_CODE: HeaderName = HeaderName::from_static("x-ms-error-code");
const S3_REGION: HeaderName = HeaderName::from_static("x-amz-bucket-region");

const MAX_CODE: usize = 64;

impl BucketRefusal {
    /// Reads a response in XML, as all stores write it, or in JSON, as hosts that hand out
    /// credentials do.
    pub(super) fn of(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> BucketRefusal {
        let body = String::from_utf8_lossy(body);
        let header = |name| headers.get(name)?.to_str().ok().map(str::to_owned);
        let json = serde_json::from_str::<serde_json::Value>(&body).unwrap_or_default();
        let text = |pointers: [&str; 3]| {
            let mut found = pointers.iter().filter_map(|pointer| json.pointer(pointer)?.as_str());
            found.next().map(str::to_owned)
        };
        let code = header(AZURE_CODE)
            .or_else(|| element(&body, "Code"))
            .or_else(|| text(["/error/status", "/error", "/code"]));
        let message = element(&body, "Message")
            .or_else(|| text(["/error/message", "/error_description", "/message"]));
        let region = header(S3_REGION).or_else(|| element(&body, "Region"));
        BucketRefusal {
            status,
            code: code.filter(|code| is_name(code)),
            message,
            region: region.filter(|region| is_name(region)),
            is_page: is_page(headers),
        }
    }

    /// A page for people comes from something else than a store. Some stores give other codes
    /// to unknown keys and buckets.
    pub(super) fn is_absent_record(&self) -> bool {
        let is_of_record =
            self.has_code(&["NoSuchKey", "BlobNotFound"]) || self.code.is_none() && !self.is_page;
        self.status == StatusCode::NOT_FOUND && is_of_record
    }

    pub(super) fn is_absent_bucket(&self) -> bool {
        self.has_code(&["NoSuchBucket", "ContainerNotFound"])
    }

    /// Returns whether the record did not have the version that a write expected. That it is
    /// absent is no reason to refuse its creation.
    pub(super) fn is_failed_condition(&self, expected: &Version) -> bool {
        match self.status {
            StatusCode::PRECONDITION_FAILED | StatusCode::NOT_MODIFIED => !self.is_locked(),
            StatusCode::CONFLICT => !self.is_locked() && !self.has_code(&["ContainerBeingDeleted"]),
            _ => *expected != Version::Absent && self.is_absent_record(),
        }
    }

    /// Returns whether a lease or a rule of retention forbids to replace the record.
    pub(super) fn is_locked(&self) -> bool {
        self.has_code(&[
            "BlobImmutableDueToPolicy",
            "LeaseIdMissing",
            "RetentionPolicyNotMet",
            "ObjectUnderActiveHold",
        ])
    }

    /// Returns whether Azure does not know who asks; Azurite gives that another code.
    pub(super) fn says_unauthenticated(&self) -> bool {
        let message = self.message.as_deref().unwrap_or_default();
        self.status == StatusCode::FORBIDDEN && message.starts_with("Server failed to authenticate")
    }

    pub(super) fn has_code(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }

    /// For example `HTTP 403 AccessDenied`.
    pub(super) fn name(&self) -> String {
        let status = self.status.as_u16();
        match &self.code {
            Some(code) => format!("HTTP {status} {code}"),
            None => format!("HTTP {status}"),
        }
    }
}

/// Returns the text of the first XML element of a name.
fn element(body: &str, name: &str) -> Option<String> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty() && !text.contains('<'))
}

/// Returns whether a text is nothing but a name, and so can be quoted.
fn is_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !text.is_empty() && text.len() <= MAX_CODE && text.bytes().all(is_allowed)
}
