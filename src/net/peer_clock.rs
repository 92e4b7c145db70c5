//! Asks a peer for the time if its certificate is out of date by this machine's
//! clock.
//!
//! The certificate is checked as always, but as if it were a moment within its
//! validity: authority, name and key are the right ones. That does not make it
//! good, for the key of an old certificate may be in wrong hands by now. So
//! nothing that is private is sent, and the response's `Date` is used for a
//! message to the user, and for nothing else.

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tokio::time::timeout;

use super::connector::{Connector, PhaseTimes};
use super::request::{HttpRequest, RequestTarget};
use super::tls::Alpn;
use super::validity::{PeerClock, PeerClockSource, ValidityError};
use super::{HttpClient, date_header};
use crate::clock::OffsetEstimate;

/// A better message is not worth a longer wait.
const PEER_CLOCK_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Debug)]
struct FixedTime(UnixTime);

impl TimeProvider for FixedTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

impl HttpClient<'_> {
    /// Returns `None` if the host's clock cannot be read.
    pub(super) async fn peer_clock(&self, validity_error: ValidityError) -> Option<PeerClock> {
        let measured = timeout(PEER_CLOCK_TIMEOUT, self.request_time(validity_error)).await;
        let now = self.session.context.clock.read();
        let from_peer = measured.ok().flatten().map(|offset| (offset, PeerClockSource::Peer));
        let known = || Some((self.known.clone()?, PeerClockSource::Earlier));
        let (estimate, from) = from_peer.or_else(known)?;
        let offset = estimate.offset_at(&now)?;
        Some(PeerClock { offset, from })
    }

    async fn request_time(&self, validity_error: ValidityError) -> Option<OffsetEstimate> {
        let time = Arc::new(FixedTime(validity_error.time_within()?));
        let tls = self.tls.as_ref()?.with_time(time).ok()?;
        let (alpn, tls) = (Some(Alpn::Http1), || Ok(tls.clone()));
        let connector = Connector::new(&self.url, &self.route, alpn, &tls, self.options).ok()?;
        let transport = connector.connect(&mut PhaseTimes::default()).await.ok()?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(transport)).await.ok()?;
        tokio::spawn(async { drop(connection.await) });
        // The path may be private.
        let target = RequestTarget::of(&self.url.join("/").ok()?).ok()?;
        let request = HttpRequest::new(Method::HEAD).for_http1(&target);
        let sent = self.session.context.clock.read();
        let response = sender.send_request(request).await.ok()?;
        let date = date_header(response.headers())?;
        OffsetEstimate::from_date_header(&sent, &self.session.context.clock.read(), date)
    }
}
