//! Warnings that a reporter collects, and those that it does not repeat.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

/// Warnings for a caller that shows them in its own way.
#[derive(Clone, Default)]
pub struct Warnings(Arc<Mutex<Vec<String>>>);

/// A caller that shows warnings only at the end of a long run gets so many.
pub(super) const MAX_COLLECTED: usize = 20;

impl Warnings {
    pub(super) fn push(&self, message: String) {
        if let Ok(mut warnings) = self.0.lock()
            && warnings.len() < MAX_COLLECTED
        {
            warnings.push(message);
        }
    }

    pub fn take(&self) -> Vec<String> {
        self.0.lock().map(|mut warnings| std::mem::take(&mut *warnings)).unwrap_or_default()
    }
}

/// Texts of the warnings that were written.
#[derive(Default)]
pub(super) struct WarningSet(Mutex<HashSet<String>>);

/// Warnings that contain numbers are new each time.
const MAX_REMEMBERED: usize = 100;

impl WarningSet {
    pub(super) fn contains(&self, message: &str) -> bool {
        self.0.lock().is_ok_and(|warnings| warnings.contains(message))
    }

    pub(super) fn insert(&self, message: String) {
        if let Ok(mut warnings) = self.0.lock() {
            if warnings.len() >= MAX_REMEMBERED {
                warnings.clear();
            }
            warnings.insert(message);
        }
    }
}
