//! Demonstrates clock skew on loopback in real time: an API whose clock is ahead of the
//! issuer's, short-lived tokens, a naive client that trusts the local clock, and `gc-token`.
//!
//! Every claim of the report is checked as it is printed, against the sandbox's counters and
//! not against what a client believes.

mod gc_token;
mod http;
mod naive;
mod report;
mod stopwatch;

use std::fmt::Display;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::SignedDuration;

use crate::clock::shift_clamped;
use crate::context::{Clock, Screen};
use crate::duration::human;
use crate::error::{Error, Kind, Result};
use crate::sandbox::{Counters, Sandbox, SandboxConfig};
use gc_token::GcToken;
use http::{ApiResponse, Http};
use naive::Naive;
use report::DemoReport;
use stopwatch::Stopwatch;

const LIFETIME: Duration = Duration::from_secs(12);
/// The issuer's clock minus this machine's.
const ISSUER_OFFSET: SignedDuration = SignedDuration::from_secs(3);
/// The API's clock minus the issuer's, which no client is told.
const API_LEAD: SignedDuration = SignedDuration::from_secs(2);

// Moments since the first mint.
const ENOUGH_LEFT: SignedDuration = SignedDuration::from_secs(1);
/// The API still accepts the token, but gc-token no longer hands it out.
const TOO_LITTLE_LEFT: SignedDuration = SignedDuration::from_secs(5);
/// The API rejects the token, and its holder still believes in it: the middle of that
/// interval, so that a slow machine does not miss it.
const EXPIRED_AT_API: SignedDuration = SignedDuration::from_secs(11);

/// Writes the report to `stdout`, each line at its moment, in about eleven seconds. Ends early
/// once `interrupted` is set. Leaves no files behind.
///
/// # Errors
/// [`Kind::ApiRefused`] if anything differs from the report.
pub fn run(
    clock: Arc<dyn Clock>,
    stdout: &mut dyn Write,
    screen: Screen,
    interrupted: &AtomicBool,
) -> Result<()> {
    let sandbox = Sandbox::start(sandbox_config(), clock.clone())?;
    let mut stage = Stage {
        http: Http::new(&sandbox, clock.clone())?,
        client: GcToken::new(&sandbox, clock.clone())?,
        stopwatch: Stopwatch::new(clock.clone(), interrupted),
        report: DemoReport::new(stdout, screen),
        sandbox,
        clock: &*clock,
    };
    stage.introduce()?;
    let naive = stage.naive_mints()?;
    stage.gc_token_mints("mints")?;
    stage.gc_token_measures()?;
    stage.wait_until(ENOUGH_LEFT)?;
    stage.gc_token_reuses()?;
    stage.wait_until(TOO_LITTLE_LEFT)?;
    stage.gc_token_mints("mints again")?;
    stage.wait_until(EXPIRED_AT_API)?;
    stage.naive_fails(&naive)?;
    stage.gc_token_mints("mints again")?;
    stage.conclude()
}

fn sandbox_config() -> SandboxConfig {
    SandboxConfig {
        lifetime: LIFETIME,
        issuer_offset: ISSUER_OFFSET,
        api_offset: ISSUER_OFFSET + API_LEAD,
        ..SandboxConfig::default()
    }
}

struct Stage<'a> {
    sandbox: Sandbox,
    http: Http,
    client: GcToken,
    clock: &'a dyn Clock,
    stopwatch: Stopwatch<'a>,
    report: DemoReport<'a>,
}

impl Stage<'_> {
    fn introduce(&mut self) -> Result<()> {
        let now = self.clock.read().wall;
        let issuer = shift_clamped(now, ISSUER_OFFSET);
        let api = shift_clamped(issuer, API_LEAD);
        let lifetime = lifetime();
        self.report.text(format_args!(
            "Three clocks decide whether an access token is valid, and no two of them agree.\n\
             This is a sandbox on loopback with such clocks: it needs no account and no other\n\
             network, and takes about {}.\n\n  \
               this machine {now:.1}\n  \
               issuer       {issuer:.1}  {} ahead of this machine, tokens live {}\n  \
               API          {api:.1}  {} ahead of the issuer, without tolerance\n\n\
             So the API accepts a token for {} of its {}, and no client is told.\n",
            human(EXPIRED_AT_API),
            human(ISSUER_OFFSET),
            human(lifetime),
            human(API_LEAD),
            human(lifetime - API_LEAD),
            human(lifetime),
        ))
    }

    fn naive_mints(&mut self) -> Result<Naive> {
        let naive = Naive::mint(&self.http, self.clock)?;
        self.stopwatch.restart();
        self.report_step(
            "naive",
            format_args!(
                "mints, and notes: good until now + expires_in ({}) by this machine's clock",
                human(naive.lifetime)
            ),
        )?;
        self.call_api(&naive.token, &ApiResponse::ok())?;
        Ok(naive)
    }

    fn naive_fails(&mut self, naive: &Naive) -> Result<()> {
        let left = naive.believed_remaining(self.clock.read().wall);
        self.check(
            left.is_positive(),
            "the naive client believes in its token",
            format_args!("{} left", human(left)),
        )?;
        self.report_step(
            "naive",
            format_args!("now < exp, {:.1}s left: presents its token", left.as_secs_f64()),
        )?;
        self.call_api(&naive.token, &ApiResponse::expired())
    }

    fn gc_token_mints(&mut self, action: &str) -> Result<()> {
        let before = self.client.token.take();
        self.gc_token(action, 1)?;
        let token = &self.client.token;
        self.check(*token != before, "it is another token", "it is the same")
    }

    fn gc_token_reuses(&mut self) -> Result<()> {
        let before = self.client.token.clone();
        self.gc_token("reuses its token", 0)?;
        let token = &self.client.token;
        self.check(*token == before, "it is the same token", "it is another")
    }

    /// Runs `gc-token get`, checks the number of mints, and presents the token.
    fn gc_token(&mut self, action: &str, mints: u64) -> Result<()> {
        let before = self.sandbox.counters();
        let reason = self.client.verdict()?;
        self.client.get()?;
        let minted = self.sandbox.counters().mints - before.mints;
        self.report_step("gc-token", format_args!("{action}: {reason}"))?;
        self.check(
            minted == mints,
            format_args!("gc-token mints {mints} tokens here"),
            format_args!("the sandbox counted {minted}"),
        )?;
        let token = self.client.token.clone().unwrap_or_default();
        self.call_api(&token, &ApiResponse::ok())
    }

    fn gc_token_measures(&mut self) -> Result<()> {
        let clocks = self.client.measured_clocks()?;
        for (clock, reference, truth, measured) in [
            ("issuer", "this machine", ISSUER_OFFSET, clocks.issuer_offset),
            ("API", "the issuer", API_LEAD, clocks.api_lead),
        ] {
            let (min, max, truth) = (measured.min, measured.max, truth.as_secs_f64());
            self.report_step(
                "gc-token",
                format_args!(
                    "has measured: the {clock} is {min:.1}s to {max:.1}s ahead of {reference}"
                ),
            )?;
            self.check(
                min <= truth && truth <= max,
                format_args!("the measured interval holds the truth, {truth:.1}s"),
                "it does not",
            )?;
        }
        Ok(())
    }

    fn call_api(&mut self, token: &str, expected: &ApiResponse) -> Result<()> {
        let response = self.http.call(token)?;
        self.report.response(self.stopwatch.elapsed(), &response)?;
        self.check(
            response == *expected,
            format_args!("the API responds {expected}"),
            format_args!("it responded {response}"),
        )
    }

    fn conclude(&mut self) -> Result<()> {
        let Counters { mints, api_calls, refusals, .. } = self.sandbox.counters();
        self.report.text(format_args!(
            "\nThe sandbox counted\n  \
               {mints} mints: 1 by the naive client, {} by gc-token\n  \
               {api_calls} API calls: {} by gc-token, to verify its new tokens\n  \
               {refusals} refusal: the naive client's\n",
            mints.saturating_sub(1),
            mints.saturating_sub(1),
        ))?;
        self.check(
            (mints, api_calls, refusals) == (4, 9, 1),
            "4 mints, 9 API calls and 1 refusal",
            format_args!("{mints}, {api_calls} and {refusals}"),
        )?;
        self.report.text(
            "Each of these statements was checked as it was printed. gc-token was given the\n\
             sandbox's address and credentials, and no other settings. For --skew and\n\
             --min-ttl, see 'gc-token get --help'.",
        )
    }

    fn report_step(&mut self, actor: &str, action: impl Display) -> Result<()> {
        self.report.step(self.stopwatch.elapsed(), actor, action)
    }

    fn wait_until(&mut self, moment: SignedDuration) -> Result<()> {
        self.stopwatch.wait_until(moment)
    }

    fn check(&self, holds: bool, claim: impl Display, instead: impl Display) -> Result<()> {
        if holds {
            return Ok(());
        }
        Err(Error::new(Kind::ApiRefused, format!("the demo did not go as described: {claim}"))
            .with_cause(instead.to_string())
            .with_hint("a machine that stalls for a second can spoil the demo: try again"))
    }
}

fn lifetime() -> SignedDuration {
    SignedDuration::try_from(LIFETIME).unwrap_or_default()
}

#[cfg(test)]
mod tests;
