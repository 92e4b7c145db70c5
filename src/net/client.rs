//! The client of single requests: for the token request, the API's verdict and `doctor`.

use std::cell::OnceCell;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::HeaderMap;
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::time::timeout;
use url::Url;
use zeroize::Zeroizing;

use super::connect_error::{ConnectError, ExchangeError};
use super::connector::{ConnectOptions, Connector, PhaseTimes};
use super::diagnosis::{Target, is_alpn_refused, validity_error};
use super::proxy_env::Route;
use super::request::{HttpRequest, RequestTarget};
use super::request_error::RequestError;
use super::service::Service;
use super::session::{Sender, Session};
use super::tls::{Alpn, Tls};
use super::{CONNECT_TIMEOUT, MAX_RESPONSE_BYTES, date_header, display_host};
use crate::clock::{OffsetEstimate, Reading};
use crate::context::timer_clock;
use crate::error::Result;

pub(crate) struct HttpClient<'s> {
    pub(super) session: &'s Session<'s>,
    pub(super) url: Url,
    request_target: RequestTarget,
    pub(super) route: Route,
    /// `None` for a URL of the scheme `http`.
    pub(super) tls: Option<Tls>,
    pub(super) target: Target,
    pub(super) options: ConnectOptions,
    attempt_timeout: Option<Duration>,
    connector: Connector,
    /// Set once the host is known to speak only HTTP/2.
    http2_connector: OnceCell<Connector>,
    pub(super) known: Option<OffsetEstimate>,
}

/// A response, unchecked.
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// At most [`MAX_RESPONSE_BYTES`] bytes. May hold a token.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// The local clocks around a response.
pub(crate) struct RoundTrip {
    /// Just before the request was sent, connecting included.
    pub(crate) sent: Reading,
    /// Just after the head of the response had arrived, which holds its `Date`.
    pub(crate) received: Reading,
    pub(crate) reply: HttpResponse,
}

/// A timeout of up to this long is for one attempt.
const ONE_ATTEMPT: Duration = Duration::from_secs(10);

enum Failed {
    Exchange(ExchangeError),
    /// The connection was closed before it took the request.
    Unsent(hyper::Error),
    TooLarge(StatusCode),
    Timeout,
}

impl<'s> HttpClient<'s> {
    /// Prepares requests to `url`, with `limit` for all of them together. `purpose` and the
    /// host begin every message: "no token from".
    ///
    /// # Errors
    /// `Configuration` when the trusted certificates or the proxy are unusable.
    pub(crate) fn new(
        url: &Url,
        purpose: &str,
        limit: Duration,
        session: &'s Session<'s>,
    ) -> Result<HttpClient<'s>> {
        let Session { network, context, .. } = *session;
        let route = Route::to(url, &context.env)?;
        if let Some(proxy) = route.name() {
            context.reporter.debug(format_args!("going through {proxy}"));
        }
        let tls = match url.scheme() {
            "https" => Some(network.tls(context)?),
            _ => None,
        };
        // A limit as long as the total one would race with it.
        let connect_timeout = Some(CONNECT_TIMEOUT).filter(|connect| *connect < limit);
        let attempt_timeout = attempt_timeout(limit);
        let options = ConnectOptions {
            total: connect_timeout,
            tcp: connect_timeout,
            keepalive: None,
            user_timeout: None,
        };
        let target = Target {
            message: format!("{purpose} {}", display_host(url)),
            host: display_host(url),
            service: Service::Issuer,
            proxy: route.name(),
            connect: connect_timeout.unwrap_or(limit),
            attempt: attempt_timeout.unwrap_or(limit),
        };
        let alpn = tls.is_some().then_some(Alpn::Http1);
        let proxy_tls = || network.tls(context);
        let connector = Connector::new(url, &route, alpn, &proxy_tls, options)?;
        Ok(HttpClient {
            session,
            url: url.clone(),
            request_target: RequestTarget::of(url)?,
            route,
            tls,
            target,
            options,
            attempt_timeout,
            connector,
            http2_connector: OnceCell::new(),
            known: None,
        })
    }

    /// Adds what earlier round trips showed of the host's clock: a message may need it.
    pub(crate) fn knowing(self, known: Option<&OffsetEstimate>) -> HttpClient<'s> {
        HttpClient { known: known.cloned(), ..self }
    }

    /// Sends the request once and reads the response within `limit`. Blocks, as
    /// [`Session::block_on`] does.
    pub(crate) fn round_trip(&self, request: &HttpRequest, limit: Duration) -> Result<RoundTrip> {
        let done = self.session.block_on(limit, self.send(request))?;
        done.unwrap_or_else(|| Err(self.target.too_slow())).map_err(|failure| failure.error)
    }

    pub(crate) async fn send(&self, request: &HttpRequest) -> Result<RoundTrip, RequestError> {
        self.send_traced(request, None).await
    }

    /// Sends the request; with `times` over a new connection, of which they record the
    /// phases.
    pub(super) async fn send_traced(
        &self,
        request: &HttpRequest,
        times: Option<&mut PhaseTimes>,
    ) -> Result<RoundTrip, RequestError> {
        let sent = self.session.context.clock.read();
        let exchange = self.exchange(request, times);
        let result = match self.attempt_timeout {
            Some(limit) => timeout(limit, exchange).await.unwrap_or(Err(Failed::Timeout)),
            None => exchange.await,
        };
        match result {
            Ok((received, reply)) => Ok(RoundTrip { sent, received, reply }),
            Err(failed) => Err(self.explain(failed, &sent).await),
        }
    }

    async fn exchange(
        &self,
        request: &HttpRequest,
        times: Option<&mut PhaseTimes>,
    ) -> Result<(Reading, HttpResponse), Failed> {
        let mut untraced = PhaseTimes::default();
        let times = match times {
            Some(times) => times,
            None => {
                let idle = self.session.take_idle(&self.url.origin()).await;
                if let Some(sender) = idle {
                    match self.send_over(sender, request, &mut untraced).await {
                        // The host closed the connection just then.
                        Err(Failed::Unsent(_)) => {}
                        Err(Failed::Exchange(_)) if request.is_safe() => {}
                        done => return done,
                    }
                }
                &mut untraced
            }
        };
        let sender = self.connect(times).await.map_err(Failed::Exchange)?;
        self.send_over(sender, request, times).await
    }

    /// Connects for HTTP/1.1, and for HTTP/2 to a host that refuses that in the TLS
    /// handshake. HTTP/1.1 is offered alone because nearly all hosts take it, and one
    /// request gains nothing from HTTP/2.
    async fn connect(&self, times: &mut PhaseTimes) -> Result<Sender, ExchangeError> {
        if self.http2_connector.get().is_none() {
            match self.connector.connect(times).await {
                Ok(transport) => {
                    let (sender, connection) = http1::handshake(TokioIo::new(transport)).await?;
                    tokio::spawn(async { drop(connection.await) });
                    return Ok(Sender::Http1(sender));
                }
                Err(refused) => self.prepare_http2(refused)?,
            }
        }
        let connector = self.http2_connector.get().unwrap_or(&self.connector);
        let transport = connector.connect(times).await?;
        let io = TokioIo::new(transport);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
        tokio::spawn(async { drop(connection.await) });
        Ok(Sender::Http2(sender))
    }

    fn prepare_http2(&self, refused: ConnectError) -> Result<(), ConnectError> {
        let Some(tls) = self.tls.as_ref().filter(|_| is_alpn_refused(&refused)) else {
            return Err(refused);
        };
        let (alpn, tls) = (Some(Alpn::Http2), || Ok(tls.clone()));
        match Connector::new(&self.url, &self.route, alpn, &tls, self.options) {
            Ok(connector) => {
                self.http2_connector.get_or_init(|| connector);
                Ok(())
            }
            Err(_) => Err(refused),
        }
    }

    async fn send_over(
        &self,
        mut sender: Sender,
        request: &HttpRequest,
        times: &mut PhaseTimes,
    ) -> Result<(Reading, HttpResponse), Failed> {
        let start = timer_clock();
        let sent = match &mut sender {
            Sender::Http1(sender) => {
                sender.try_send_request(request.for_http1(&self.request_target)).await
            }
            Sender::Http2(sender) => {
                sender.try_send_request(request.for_http2(&self.request_target)).await
            }
        };
        let response = sent.map_err(|mut failed| match failed.take_message() {
            Some(_) => Failed::Unsent(failed.into_error()),
            None => Failed::Exchange(failed.into_error().into()),
        })?;
        times.first_byte = Some(start.elapsed());
        let received = self.session.context.clock.read();
        let response = read_response(response).await?;
        self.session.put_idle(self.url.origin(), sender);
        Ok((received, response))
    }

    async fn explain(&self, failed: Failed, sent: &Reading) -> RequestError {
        let error = match failed {
            Failed::Timeout => return self.target.too_slow(),
            Failed::TooLarge(status) => return self.target.too_large(status),
            Failed::Unsent(error) => error.into(),
            Failed::Exchange(error) => error,
        };
        let peer_clock = match validity_error(&error) {
            Some(validity_error) => self.peer_clock(validity_error).await,
            None => None,
        };
        self.target.failure(&error, sent.wall, peer_clock)
    }
}

async fn read_response(response: Response<Incoming>) -> Result<HttpResponse, Failed> {
    let (head, mut incoming) = response.into_parts();
    let mut body = Zeroizing::new(Vec::new());
    if incoming.size_hint().lower() > MAX_RESPONSE_BYTES as u64 {
        return Err(Failed::TooLarge(head.status));
    }
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| Failed::Exchange(error.into()))?;
        let data = frame.into_data().unwrap_or_default();
        if body.len() + data.len() > MAX_RESPONSE_BYTES {
            return Err(Failed::TooLarge(head.status));
        }
        body.extend_from_slice(&data);
    }
    Ok(HttpResponse { status: head.status.as_u16(), headers: head.headers, body })
}

impl RoundTrip {
    pub(crate) fn clock_offset(&self) -> Option<OffsetEstimate> {
        OffsetEstimate::from_date_header(
            &self.sent,
            &self.received,
            date_header(&self.reply.headers)?,
        )
    }
}

/// Returns half of the time limit, so that a connection that hangs is given up while there
/// is time for another attempt; `None` for a limit that is for one attempt.
fn attempt_timeout(limit: Duration) -> Option<Duration> {
    (limit > ONE_ATTEMPT).then(|| (limit / 2).max(ONE_ATTEMPT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_attempt_leaves_time_for_another_unless_the_limit_is_short() {
        for (total, attempt) in
            [(1, None), (10, None), (11, Some(10)), (20, Some(10)), (30, Some(15)), (60, Some(30))]
        {
            let attempt = attempt.map(Duration::from_secs);
            assert_eq!(attempt_timeout(Duration::from_secs(total)), attempt);
        }
    }
}
