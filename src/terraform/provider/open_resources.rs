//! The resources that Terraform has open, by the numbers that it keeps of them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::sync;

/// `None` after the run.
pub(super) struct OpenResources<T>(Mutex<Option<BTreeMap<u64, T>>>);

impl<T> OpenResources<T> {
    pub(super) fn new() -> OpenResources<T> {
        OpenResources(Mutex::new(Some(BTreeMap::new())))
    }

    /// Returns the resource's number.
    ///
    /// # Errors
    /// The resource itself, after the run.
    pub(super) fn insert(&self, resource: T) -> Result<u64, T> {
        let mut open = sync::lock(&self.0);
        let Some(open) = &mut *open else {
            return Err(resource);
        };
        let number = open.last_key_value().map_or(0, |(last, _)| last + 1);
        open.insert(number, resource);
        Ok(number)
    }

    pub(super) fn remove(&self, number: u64) -> Option<T> {
        sync::lock(&self.0).as_mut()?.remove(&number)
    }

    /// Returns the resources that are still open. None can be opened from now on.
    pub(super) fn end_run(&self) -> impl Iterator<Item = T> + use<T> {
        sync::lock(&self.0).take().unwrap_or_default().into_values()
    }
}
