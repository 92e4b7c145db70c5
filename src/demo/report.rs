//! The report's lines.

use std::fmt::Display;
use std::io::Write;

use jiff::SignedDuration;

use crate::error::{Error, Kind, Result};

/// Writes each line at once: a reader watches time go by.
pub(super) struct Report<'a> {
    out: &'a mut dyn Write,
}

impl<'a> Report<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Report { out }
    }

    /// Lines as they are.
    pub(super) fn text(&mut self, text: impl Display) -> Result<()> {
        writeln!(self.out, "{text}")
            .and_then(|()| self.out.flush())
            .map_err(|error| Error::new(Kind::Output, "cannot write the report").with_source(error))
    }

    /// Who does what, at which moment of the story.
    pub(super) fn step(&mut self, at: SignedDuration, who: &str, what: impl Display) -> Result<()> {
        self.text(format_args!("{:5.1}s  {who:<10}{what}", at.as_secs_f64()))
    }
}
