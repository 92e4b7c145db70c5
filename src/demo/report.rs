//! Prints the demo's report.

use std::fmt::Display;
use std::io::Write;

use jiff::SignedDuration;

use super::http::ApiResponse;
use crate::context::{Emphasis, Screen};
use crate::error::{Error, Kind, Result};

const ACTION_INDENT: usize = 18;

/// Flushes each line at once, as the report is read while it is written.
pub(super) struct DemoReport<'a> {
    out: &'a mut dyn Write,
    screen: Screen,
}

impl<'a> DemoReport<'a> {
    pub(super) fn new(out: &'a mut dyn Write, screen: Screen) -> Self {
        DemoReport { out, screen }
    }

    pub(super) fn response(
        &mut self,
        moment: SignedDuration,
        response: &ApiResponse,
    ) -> Result<()> {
        let emphasis = if response.is_ok() { Emphasis::Good } else { Emphasis::Failure };
        let response = self.screen.paint(emphasis, response);
        self.step(moment, "  API", response)
    }

    pub(super) fn text(&mut self, text: impl Display) -> Result<()> {
        writeln!(self.out, "{text}")
            .and_then(|()| self.out.flush())
            .map_err(|error| Error::new(Kind::Output, "cannot write the report").with_source(error))
    }

    pub(super) fn step(
        &mut self,
        moment: SignedDuration,
        actor: &str,
        action: impl Display,
    ) -> Result<()> {
        let action = self.screen.wrap(&action.to_string(), ACTION_INDENT);
        self.text(format_args!("{:5.1}s  {actor:<10}{action}", moment.as_secs_f64()))
    }
}
