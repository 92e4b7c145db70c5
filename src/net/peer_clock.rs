//! Asks a peer for the time whose certificate is out of date by this machine's
//! clock.
//!
//! The certificate is checked as always, but as if it were a moment within its
//! validity: authority, name and key are the right ones. That does not make it
//! good, for the key of an old certificate may be in wrong hands by now. So
//! nothing that is private is sent, and the answer's `Date` is used for a
//! message to the user, and for nothing else.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;

use super::validity::{PeerClock, PeerClockSource, ValidityError};
use super::{HttpClient, date_header};
use crate::clock::{OffsetEstimate, Reading};
use crate::context::Clock;

/// A message that is somewhat better is not worth a longer wait.
const PEER_CLOCK_TIMEOUT: Duration = Duration::from_secs(3);

/// Stands still.
#[derive(Debug)]
struct FixedTime(UnixTime);

impl TimeProvider for FixedTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

impl HttpClient {
    /// What the peer's clock shows; `None` where that cannot be found out.
    pub(super) async fn peer_clock(
        &self,
        validity_error: ValidityError,
        clock: &dyn Clock,
    ) -> Option<PeerClock> {
        let asked = tokio::time::timeout(PEER_CLOCK_TIMEOUT, self.ask(validity_error, clock)).await;
        let now = clock.read();
        let from_peer = asked.ok().flatten().map(|measure| (measure, PeerClockSource::Peer));
        let known = || Some((self.known.clone()?, PeerClockSource::Earlier));
        let (measure, from) = from_peer.or_else(known)?;
        let offset = measure.offset_at(&now)?;
        Some(PeerClock { offset, from })
    }

    async fn ask(
        &self,
        validity_error: ValidityError,
        clock: &dyn Clock,
    ) -> Option<OffsetEstimate> {
        let time = Arc::new(FixedTime(validity_error.within()?));
        let tls = super::client::tls(&self.roots, time).ok()?;
        let client =
            self.route.apply(super::client::builder(tls).http1_only()).ok()?.build().ok()?;
        // The path may be private.
        let url = self.url.join("/").ok()?;
        let sent: Reading = clock.read();
        let response = client.request(Method::HEAD, url).send().await.ok()?;
        OffsetEstimate::from_date_header(&sent, &clock.read(), date_header(response.headers())?)
    }
}
