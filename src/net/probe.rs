//! Contact with a host without credentials, for `doctor`: how far a request gets, phase by
//! phase, and what the host's clock shows.

use std::time::Duration;

use hyper::Method;
use hyper::header::{AGE, DATE, HeaderMap};
use tokio::time::{sleep, timeout};

use super::connector::PhaseTimes;
use super::request::HttpRequest;
use super::{HttpClient, date_header, display_host, is_page};
use crate::clock::OffsetEstimate;
use crate::error::{Error, Result};

#[derive(Debug, Clone)]
pub(crate) struct Probe {
    pub(crate) host: String,
    /// Without credentials.
    pub(crate) proxy: Option<String>,
    /// The number of trusted certificate authorities; `None` without TLS.
    pub(crate) trusted: Option<usize>,
    pub(crate) phases: PhaseTimes,
    pub(crate) response: Result<ProbeResponse, Error>,
}

#[derive(Debug, Clone)]
pub(crate) struct ProbeResponse {
    pub(crate) status: u16,
    pub(crate) is_page: bool,
    pub(crate) dated: DateHeader,
    pub(crate) clock: Option<OffsetEstimate>,
}

/// The `Date` header of a response, as evidence of the host's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateHeader {
    Usable,
    Missing,
    /// The response came out of a cache (`Age`).
    FromCache,
    /// There are several, or it is not a date of HTTP.
    Unreadable,
}

/// The limit on each request after the first, which only sharpens a clock.
const FURTHER_REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

impl HttpClient<'_> {
    /// Sends `requests` requests; each response has to arrive within `limit`.
    pub(crate) async fn probe(&self, requests: u32, limit: Duration) -> Probe {
        let mut phases = PhaseTimes::default();
        let response = self.sample_clock(requests, limit, &mut phases).await;
        Probe {
            host: display_host(&self.url),
            proxy: self.target.proxy.clone(),
            trusted: self.tls.as_ref().map(|tls| tls.roots.store.len()),
            phases,
            response,
        }
    }

    /// Sends each request after the first when the host's clock is expected to turn to its
    /// next second: that halves what is uncertain.
    async fn sample_clock(
        &self,
        requests: u32,
        limit: Duration,
        phases: &mut PhaseTimes,
    ) -> Result<ProbeResponse, Error> {
        let mut response = self.send_head(limit, Some(phases)).await?;
        for _ in 1..requests {
            let Some(known) = &response.clock else {
                break;
            };
            let wait = known.until_next_second(&self.session.context.clock.read());
            sleep(wait.unwrap_or_default()).await;
            let next = self.send_head(limit.min(FURTHER_REQUEST_TIMEOUT), None).await;
            let Ok(Some(next)) = next.map(|next| next.clock) else {
                break;
            };
            response.clock = Some(next.intersect(Some(known)));
        }
        Ok(response)
    }

    async fn send_head(
        &self,
        limit: Duration,
        phases: Option<&mut PhaseTimes>,
    ) -> Result<ProbeResponse, Error> {
        let request = HttpRequest::new(Method::HEAD);
        let round_trip = match timeout(limit, self.send_traced(&request, phases)).await {
            Ok(sent) => sent.map_err(|failure| failure.error)?,
            Err(_) => return Err(self.target.no_response_within(limit)),
        };
        let headers = &round_trip.reply.headers;
        Ok(ProbeResponse {
            status: round_trip.reply.status,
            is_page: is_page(headers),
            dated: DateHeader::of(headers),
            clock: round_trip.clock_offset(),
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
