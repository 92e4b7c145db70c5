//! The pipe that a helper prints into, read without waiting.

use std::io::{self, Read};
use std::process::ChildStdout;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use zeroize::Zeroizing;

use super::{GRACE, HelperError, STEP};
use crate::context::Clock;

/// The output of a helper, as far as it has come.
pub(super) struct Output {
    pipe: ChildStdout,
    /// Never grows, so that no copy of a secret is left behind.
    bytes: Zeroizing<Vec<u8>>,
    longest: usize,
    is_at_end: bool,
}

impl Output {
    pub(super) fn of(pipe: ChildStdout, longest: usize) -> Result<Output, HelperError> {
        fcntl_setfl(&pipe, fcntl_getfl(&pipe)? | OFlags::NONBLOCK)?;
        let bytes = Zeroizing::new(Vec::with_capacity(longest));
        Ok(Output { pipe, bytes, longest, is_at_end: false })
    }

    /// Reads what is there.
    pub(super) fn read(&mut self) -> Result<(), HelperError> {
        let mut buffer = Zeroizing::new([0; 4096]);
        while !self.is_at_end {
            match self.pipe.read(&mut buffer[..]) {
                Ok(0) => self.is_at_end = true,
                Ok(count) if self.bytes.len() + count > self.longest => {
                    return Err(HelperError::TooLong(self.longest));
                }
                Ok(count) => self.bytes.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// All that was printed by the helper's end. Where that is nothing, a process
    /// that it has left behind may be about to print it.
    pub(super) fn into_bytes(
        mut self,
        clock: &dyn Clock,
    ) -> Result<Zeroizing<Vec<u8>>, HelperError> {
        let mut left = GRACE;
        self.read()?;
        while self.bytes.is_empty() && !self.is_at_end && !left.is_zero() {
            clock.sleep(STEP);
            left = left.saturating_sub(STEP);
            self.read()?;
        }
        Ok(self.bytes)
    }
}
