//! A response of a store, read to its end; or none.

use std::fmt;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Bytes};
use hyper::header::{CONTENT_LENGTH, LAST_MODIFIED, TRANSFER_ENCODING};
use hyper::http::response::Parts;
use hyper::{Response, StatusCode};
use jiff::Timestamp;
use object_store::client::{HttpError, HttpErrorKind};

use crate::clock::Reading;
use crate::net::{MAX_RESPONSE_BYTES, PooledBody, SendError};

pub(super) struct CompleteResponse {
    pub(super) head: Parts,
    /// `None` if it is too long for a record.
    pub(super) body: Option<Bytes>,
    /// When its head was received.
    pub(super) received: Reading,
}

/// An error for the library, which needs no more: the log has the rest.
#[derive(Debug)]
struct NoResponse;

pub(super) fn no_response(kind: HttpErrorKind) -> HttpError {
    HttpError::new(kind, NoResponse)
}

/// Returns whether a request that was signed at a wrong time may be refused in this way.
pub(super) fn may_be_late(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

impl CompleteResponse {
    pub(super) async fn read(
        response: Response<PooledBody<Full<Bytes>>>,
        received: Reading,
    ) -> Result<CompleteResponse, SendError> {
        let (mut head, mut incoming) = response.into_parts();
        let mut body = Vec::new();
        if incoming.size_hint().lower() > MAX_RESPONSE_BYTES as u64 {
            return Ok(CompleteResponse { head, body: None, received });
        }
        while let Some(frame) = incoming.frame().await {
            let data = frame.map_err(SendError::incomplete)?.into_data().unwrap_or_default();
            if body.len() + data.len() > MAX_RESPONSE_BYTES {
                return Ok(CompleteResponse { head, body: None, received });
            }
            body.extend_from_slice(&data);
        }
        // The library wants to know the length.
        head.headers.remove(TRANSFER_ENCODING);
        if !head.headers.contains_key(CONTENT_LENGTH) {
            head.headers.insert(CONTENT_LENGTH, body.len().into());
        }
        Ok(CompleteResponse { head, body: Some(body.into()), received })
    }

    pub(super) fn last_modified(&self) -> Option<Timestamp> {
        let text = self.head.headers.get(LAST_MODIFIED)?.to_str().ok()?;
        Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok()
    }
}

impl fmt::Display for NoResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no complete response")
    }
}

impl std::error::Error for NoResponse {}
