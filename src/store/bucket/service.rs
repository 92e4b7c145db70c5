//! Sends the requests of the library: over this program's connections, with its proxies, trusted
//! certificates and limits.

use std::fmt;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, HeaderValue, USER_AGENT};
use hyper::http::request::Parts;
use hyper::{Request, Response};
use jiff::SignedDuration;
use object_store::client::{HttpError, HttpErrorKind, HttpRequest, HttpResponse};
use tokio::time::timeout;
use url::Url;

use super::credential_reply;
use super::exchange::{ExchangeLog, Failure, Outcome};
use super::pools::OriginPools;
use super::purpose::Purpose;
use super::refusal::BucketRefusal;
use super::response::{CompleteResponse, may_be_late, no_response};
use super::signer::RequestSigner;
use crate::clock::{OffsetEstimate, Reading, shift_clamped};
use crate::config::{BucketProvider, NetworkSettings};
use crate::context::{Context, Environment};
use crate::error::{Error, Kind};
use crate::host::is_loopback;
use crate::net::{MAX_RESPONSE_BYTES, date_header, display_host};
use crate::store::RecordName;
use crate::sync;

/// Sends the requests of one engine, and keeps what they show.
pub(super) struct PooledService {
    provider: BucketProvider,
    context: Context,
    pools: OriginPools,
    signer: OnceLock<RequestSigner>,
    operation: Mutex<Operation>,
}

#[derive(Default)]
struct Operation {
    /// The end of the path of each request for the record.
    record: String,
    /// The limit on a response of a service that hands out credentials on this platform.
    instance_limit: Duration,
    log: ExchangeLog,
    /// The store's clock; lasts longer than an operation.
    clock: Option<OffsetEstimate>,
}

/// Stores refuse a signature of a quarter of an hour ago; some a signature of the future.
const MAX_SIGNATURE_OFFSET: SignedDuration = SignedDuration::from_secs(60);

const USER_AGENT_VALUE: &str = concat!("gc-token/", env!("CARGO_PKG_VERSION"));

impl PooledService {
    pub(super) fn new(
        provider: BucketProvider,
        network: &NetworkSettings,
        context: &Context,
    ) -> PooledService {
        PooledService {
            provider,
            context: context.clone(),
            pools: OriginPools::new(network, context),
            signer: OnceLock::new(),
            operation: Mutex::default(),
        }
    }

    pub(super) fn provider(&self) -> BucketProvider {
        self.provider
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    pub(super) fn env(&self) -> &Environment {
        &self.context.env
    }

    pub(super) fn sign_by(&self, signer: RequestSigner) {
        let _ = self.signer.set(signer);
    }

    /// Begins an operation on a record.
    pub(super) fn begin(&self, record: &RecordName, limit: Duration) {
        let mut operation = sync::lock(&self.operation);
        operation.record = record.to_string();
        // Leaves time for another host, and for the request itself.
        operation.instance_limit = limit / 4;
        operation.log = ExchangeLog::default();
    }

    pub(super) fn take_log(&self) -> ExchangeLog {
        std::mem::take(&mut sync::lock(&self.operation).log)
    }

    /// Sends a request of the library.
    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (mut head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        head.headers.insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_VALUE));
        let url =
            Url::parse(&head.uri.to_string()).map_err(|_| no_response(HttpErrorKind::Unknown))?;
        let purpose = self.purpose(&url);
        if purpose == Purpose::Record {
            self.sign_again(&mut head).await;
        }
        let response = self.exchange(&url, purpose, &head, &body).await?;
        if purpose == Purpose::Record && may_be_late(response.status()) {
            // The response itself shows the store's clock.
            if self.sign_again(&mut head).await.is_some() {
                return self.exchange(&url, purpose, &head, &body).await;
            }
        }
        Ok(response)
    }

    fn purpose(&self, url: &Url) -> Purpose {
        let record = &sync::lock(&self.operation).record;
        if !record.is_empty() && url.path().ends_with(record) {
            Purpose::Record
        } else {
            Purpose::of_credentials(url, self.env())
        }
    }

    /// Signs a request by the store's clock if that is known, and if it is far from when the
    /// request was signed. Returns whether it was.
    async fn sign_again(&self, head: &mut Parts) -> Option<()> {
        let signer = self.signer.get()?;
        let signed_at = signer.signed_at(head)?;
        let clock = sync::lock(&self.operation).clock.clone()?;
        let now = self.context.clock.read();
        let time = shift_clamped(now.wall, clock.offset_at(&now)?.middle());
        if time.duration_since(signed_at).abs() <= MAX_SIGNATURE_OFFSET {
            return None;
        }
        signer.sign(head, time).await
    }

    /// Sends a request once, and puts what it shows into the log.
    async fn exchange(
        &self,
        url: &Url,
        purpose: Purpose,
        head: &Parts,
        body: &Bytes,
    ) -> Result<HttpResponse, HttpError> {
        self.put_failure(url, purpose, Outcome::NoResponseYet);
        if !purpose.allows(url, self.provider, self.env()) {
            self.put_failure(url, purpose, Outcome::PlainHttp);
            return Err(no_response(HttpErrorKind::Unknown));
        }
        let pool = match self.pools.get(url, purpose) {
            Ok(pool) => pool,
            Err(explained) => {
                let outcome = Outcome::Broken { explained, is_untrusted: false };
                self.put_failure(url, purpose, outcome);
                return Err(no_response(HttpErrorKind::Unknown));
            }
        };
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = head.uri.clone();
        *request.headers_mut() = head.headers.clone();
        let sent = self.context.clock.read();
        let done = async {
            let response = pool.send(request).await?;
            CompleteResponse::read(response, self.context.clock.read()).await
        };
        let done = match purpose {
            Purpose::InstanceCredentials => {
                let limit = sync::lock(&self.operation).instance_limit;
                // The log shows that there was no response.
                timeout(limit, done).await.map_err(|_| no_response(HttpErrorKind::Unknown))?
            }
            Purpose::Record | Purpose::Credentials => done.await,
        };
        match done {
            Ok(response) => {
                if purpose == Purpose::Record {
                    self.put_clock(&sent, &response);
                }
                self.finish(url, purpose, response)
            }
            Err(error) => {
                let outcome = Outcome::Broken {
                    explained: pool.explain(&error, sent.wall),
                    is_untrusted: error.is_certificate_refused(),
                };
                self.put_failure(url, purpose, outcome);
                let is_harmless = error.is_retryable;
                let kind =
                    if is_harmless { HttpErrorKind::Request } else { HttpErrorKind::Unknown };
                Err(no_response(kind))
            }
        }
    }

    fn put_clock(&self, sent: &Reading, response: &CompleteResponse) {
        let Some(date) = date_header(&response.head.headers) else { return };
        let clock = OffsetEstimate::from_date_header(sent, &response.received, date);
        let mut operation = sync::lock(&self.operation);
        operation.log.clock = clock.clone();
        operation.log.age = response.last_modified().map(|then| date.duration_since(then));
        operation.clock = clock.or(operation.clock.take());
    }

    fn finish(
        &self,
        url: &Url,
        purpose: Purpose,
        response: CompleteResponse,
    ) -> Result<HttpResponse, HttpError> {
        let CompleteResponse { mut head, body, .. } = response;
        let Some(body) = body else {
            let why = format!("more than {} KiB", MAX_RESPONSE_BYTES / 1024);
            let explained = Error::new(Kind::Unavailable, "").with_cause(format!(
                "{} answered with {why}, too much for a record",
                display_host(url)
            ));
            self.put_failure(url, purpose, Outcome::Broken { explained, is_untrusted: false });
            return Err(no_response(HttpErrorKind::Decode));
        };
        if !head.status.is_success() {
            let refusal = BucketRefusal::of(head.status, &head.headers, &body);
            self.put_failure(url, purpose, Outcome::Refused(refusal));
        } else if purpose == Purpose::Record {
            sync::lock(&self.operation).log.failure = None;
        } else {
            // Until a request for the record shows that they were of use.
            self.put_failure(url, purpose, Outcome::Credentials(head.status));
            let usable = credential_reply::checked(&body, url);
            let usable = usable.ok_or_else(|| no_response(HttpErrorKind::Decode))?;
            head.headers.insert(CONTENT_LENGTH, usable.len().into());
            return Ok(Response::from_parts(head, usable.into()));
        }
        Ok(Response::from_parts(head, body.into()))
    }

    fn put_failure(&self, url: &Url, purpose: Purpose, outcome: Outcome) {
        let (host, is_on_this_machine) = (display_host(url), is_loopback(url));
        let failure = Failure { host, is_on_this_machine, purpose, outcome };
        sync::lock(&self.operation).log.failure = Some(failure);
    }
}

impl fmt::Debug for PooledService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PooledService").field("provider", &self.provider).finish_non_exhaustive()
    }
}
