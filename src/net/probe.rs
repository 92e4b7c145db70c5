//! How far a request gets, phase by phase, and what the peer's clock shows:
//! for `doctor`, without credentials.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use reqwest::Method;
use reqwest::header::{AGE, CONTENT_TYPE, DATE, HeaderMap};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use super::resolve::addresses;
use super::{HttpClient, date_header, display_host};
use crate::clock::OffsetEstimate;
use crate::context::Clock;
use crate::error::Error;

/// How long each step took; `None` for one that was not needed, or that the
/// request did not get to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Phases {
    /// Looking the name up.
    pub(crate) dns: Option<Duration>,
    /// The address that was connected to.
    pub(crate) address: Option<SocketAddr>,
    /// The TCP handshake.
    pub(crate) connect: Option<Duration>,
    /// The TLS handshake.
    pub(crate) tls: Option<Duration>,
    /// From the request to the first byte of the answer.
    pub(crate) first_byte: Option<Duration>,
}

/// What a peer answered to a request for nothing.
#[derive(Debug, Clone)]
pub(crate) struct ProbeResponse {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Whether it is a page for people.
    pub(crate) is_page: bool,
    /// Why the clock is not known, if it is not.
    pub(crate) dated: DateHeader,
    /// The peer's clock, by all contacts.
    pub(crate) clock: Option<OffsetEstimate>,
}

/// Whether an answer's `Date` header can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateHeader {
    /// It can.
    Usable,
    /// There is none.
    Missing,
    /// The answer came out of a cache (`Age`).
    FromCache,
    /// There are several, or it is not a date of HTTP.
    Unreadable,
}

/// A host, as it could be reached.
#[derive(Debug, Clone)]
pub(crate) struct Probe {
    /// The host, and its port unless that is the scheme's own.
    pub(crate) host: String,
    /// The proxy on the way, without its credentials.
    pub(crate) proxy: Option<String>,
    /// How many certificate authorities are trusted; `None` without TLS.
    pub(crate) trusted: Option<usize>,
    /// The steps of one request. Empty where a proxy does them.
    pub(crate) phases: Phases,
    /// What came back.
    pub(crate) answer: Result<ProbeResponse, Error>,
}

/// The time limit of each contact after the first, which only sharpens a clock.
const FURTHER_CONTACT: Duration = Duration::from_secs(3);

impl HttpClient {
    /// Looks at the peer: one request by hand, step by step, and `contacts`
    /// through the client that a mint uses. Each has an answer within `limit`, or
    /// none.
    pub(crate) async fn probe(&self, contacts: u32, limit: Duration, clock: &dyn Clock) -> Probe {
        let mut phases = Phases::default();
        let trace = async {
            if self.target.proxy.is_none() {
                // How far it got is kept.
                let _ = tokio::time::timeout(limit, self.trace(&mut phases, clock)).await;
            }
        };
        // Both at once, so that a host that is silent costs the time limit once.
        let ((), answer) = tokio::join!(trace, self.sample_clock(contacts, limit, clock));
        Probe {
            host: display_host(&self.url),
            proxy: self.target.proxy.clone(),
            trusted: (self.url.scheme() == "https").then_some(self.roots.store.len()),
            phases,
            answer,
        }
    }

    /// `None` where it ended early: `phases` says after which step.
    async fn trace(&self, phases: &mut Phases, clock: &dyn Clock) -> Option<()> {
        let name = self.url.host_str()?;
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        let port = self.url.port_or_known_default()?;
        let start = Stopwatch::start(clock);
        let mut addresses = addresses(bare).await.ok()?.collect::<Vec<_>>();
        addresses.iter_mut().for_each(|address| address.set_port(port));
        if bare.parse::<std::net::IpAddr>().is_err() {
            phases.dns = Some(start.time());
        }
        let (mut stream, address, took) = connect(addresses.into_iter(), clock).await?;
        (phases.address, phases.connect) = (Some(address), Some(took));
        let request = head(&self.url);
        if self.url.scheme() != "https" {
            phases.first_byte = first_byte(&mut stream, &request, clock).await;
            return Some(());
        }
        let start = Stopwatch::start(clock);
        let name = ServerName::try_from(bare.to_owned()).ok()?;
        let connector = TlsConnector::from(Arc::new(self.tls.clone()));
        let mut stream = connector.connect(name, stream).await.ok()?;
        phases.tls = Some(start.time());
        phases.first_byte = first_byte(&mut stream, &request, clock).await;
        Some(())
    }

    /// Each contact after the first is sent when the peer's clock is expected
    /// to turn to its next second: the answer halves what is uncertain.
    async fn sample_clock(
        &self,
        contacts: u32,
        limit: Duration,
        clock: &dyn Clock,
    ) -> Result<ProbeResponse, Error> {
        let mut answer = self.head(limit, clock).await?;
        for _ in 1..contacts {
            let Some(known) = &answer.clock else {
                break;
            };
            let wait = known.until_next_second(&clock.read());
            tokio::time::sleep(wait.unwrap_or_default()).await;
            let limit = limit.min(FURTHER_CONTACT);
            let Ok(Some(next)) = self.head(limit, clock).await.map(|next| next.clock) else {
                break;
            };
            answer.clock = Some(next.intersect(Some(known)));
        }
        Ok(answer)
    }

    async fn head(&self, limit: Duration, clock: &dyn Clock) -> Result<ProbeResponse, Error> {
        let sent = self.send(self.request(Method::HEAD), clock);
        let round_trip = match tokio::time::timeout(limit, sent).await {
            Ok(sent) => sent.map_err(|failure| failure.error)?,
            Err(_) => return Err(self.target.no_answer_within(limit)),
        };
        let headers = &round_trip.reply.headers;
        Ok(ProbeResponse {
            status: round_trip.reply.status,
            is_page: is_page(headers),
            dated: DateHeader::of(headers),
            clock: round_trip.measure(),
        })
    }
}

impl DateHeader {
    fn of(headers: &HeaderMap) -> DateHeader {
        if headers.contains_key(AGE) {
            DateHeader::FromCache
        } else if !headers.contains_key(DATE) {
            DateHeader::Missing
        } else if date_header(headers).is_none() {
            DateHeader::Unreadable
        } else {
            DateHeader::Usable
        }
    }
}

/// Returns whether a body is a page for people.
pub(crate) fn is_page(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|content_type| content_type.to_str().ok())
        .is_some_and(|content_type| content_type.starts_with("text/html"))
}

/// The first address that answers.
async fn connect(
    addresses: impl Iterator<Item = SocketAddr>,
    clock: &dyn Clock,
) -> Option<(TcpStream, SocketAddr, Duration)> {
    for address in addresses {
        let start = Stopwatch::start(clock);
        if let Ok(stream) = TcpStream::connect(address).await {
            return Some((stream, address, start.time()));
        }
    }
    None
}

/// A request for nothing but the header of an answer (RFC 9112 section 3).
fn head(url: &Url) -> String {
    let path = &url[url::Position::BeforePath..url::Position::AfterPath];
    format!(
        "HEAD {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: gc-token/{}\r\nConnection: close\r\n\r\n",
        display_host(url),
        env!("CARGO_PKG_VERSION")
    )
}

async fn first_byte(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &str,
    clock: &dyn Clock,
) -> Option<Duration> {
    let start = Stopwatch::start(clock);
    stream.write_all(request.as_bytes()).await.ok()?;
    stream.flush().await.ok()?;
    stream.read_u8().await.ok()?;
    Some(start.time())
}

struct Stopwatch<'a> {
    clock: &'a dyn Clock,
    start: SignedDuration,
}

impl Stopwatch<'_> {
    fn start(clock: &dyn Clock) -> Stopwatch<'_> {
        let start = clock.read().boot;
        Stopwatch { clock, start }
    }

    fn time(&self) -> Duration {
        let time = self.clock.read().boot.saturating_sub(self.start);
        time.try_into().unwrap_or_default()
    }
}
