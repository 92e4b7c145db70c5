//! A client's connection, and what is known of it while it lasts.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};

use super::places::Place;
use crate::http::Limit;

/// One connection. At first nobody knows who it is.
pub(crate) struct Visitor {
    place: Place,
    is_known: AtomicBool,
}

impl Visitor {
    /// One at this place, which it may have to give to the next one.
    pub(super) fn stranger(place: Place) -> Visitor {
        place.offer();
        Visitor { place, is_known: AtomicBool::new(false) }
    }

    /// It has shown that it may be here: it stays as long as it likes.
    pub(crate) fn is_let_in(&self) {
        if !self.is_known.swap(true, Ordering::Relaxed) {
            self.place.keep();
        }
    }

    /// Returns when it has to go, for its place is needed or its time is over.
    pub(super) async fn overstays(&self, time: &Limit) {
        let sent_away = time.on(self.place.sent_away()).await;
        if sent_away.is_none() && self.is_known.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
    }
}
