//! The pipe that a helper prints into, read without waiting.

use std::io::{self, Read};
use std::process::ChildStdout;

use zeroize::Zeroizing;

use super::{GRACE_PERIOD, HelperError, POLL_INTERVAL};
use crate::context::Clock;
use crate::platform::set_nonblocking;

pub(super) struct HelperOutput {
    pipe: ChildStdout,
    /// Never reallocated, so that no copy of a secret is left behind.
    bytes: Zeroizing<Vec<u8>>,
    max_len: usize,
    is_at_end: bool,
}

impl HelperOutput {
    pub(super) fn new(pipe: ChildStdout, max_len: usize) -> Result<HelperOutput, HelperError> {
        set_nonblocking(&pipe)?;
        let bytes = Zeroizing::new(Vec::with_capacity(max_len));
        Ok(HelperOutput { pipe, bytes, max_len, is_at_end: false })
    }

    pub(super) fn read_available(&mut self) -> Result<(), HelperError> {
        let mut buffer = Zeroizing::new([0; 4096]);
        while !self.is_at_end {
            match self.pipe.read(&mut buffer[..]) {
                Ok(0) => self.is_at_end = true,
                Ok(count) if self.bytes.len() + count > self.max_len => {
                    return Err(HelperError::TooLong(self.max_len));
                }
                Ok(count) => self.bytes.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Returns the output at the helper's end. If there is none, waits a little for a process
    /// that the helper has left behind.
    pub(super) fn into_bytes(
        mut self,
        clock: &dyn Clock,
    ) -> Result<Zeroizing<Vec<u8>>, HelperError> {
        let mut left = GRACE_PERIOD;
        self.read_available()?;
        while self.bytes.is_empty() && !self.is_at_end && !left.is_zero() {
            clock.sleep(POLL_INTERVAL);
            left = left.saturating_sub(POLL_INTERVAL);
            self.read_available()?;
        }
        Ok(self.bytes)
    }
}
