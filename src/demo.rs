//! The fault that the program is for, played on loopback with real time: an
//! API whose clock is ahead of the issuer's, tokens that live briefly, a client
//! that asks the local clock, and `gc-token`.
//!
//! Everything that the report claims is checked as it is said, against what
//! the sandbox counted and not against what a client believes.

mod gc_token;
mod http;
mod naive;
mod patience;
mod report;

use std::fmt::Display;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::SignedDuration;

use crate::clock::shift;
use crate::context::Clock;
use crate::duration::human;
use crate::error::{Error, Kind, Result};
use crate::sandbox::{Counters, Sandbox, SandboxConfig};
use gc_token::GcToken;
use http::{Answer, Http};
use naive::Naive;
use patience::Patience;
use report::Report;

/// Long enough to be reused, short enough to be watched.
const LIFETIME: Duration = Duration::from_secs(12);
/// The issuer's clock minus this machine's: to be found out by measurement.
const ISSUER: SignedDuration = SignedDuration::from_secs(3);
/// The API's clock minus the issuer's: the fault. Nothing tells a client of it.
const FAULT: SignedDuration = SignedDuration::from_secs(2);
/// When enough of a token is left to use it again.
const EARLY: SignedDuration = SignedDuration::from_secs(1);
/// When too little is left, though the API would still take it.
const LATE: SignedDuration = SignedDuration::from_secs(5);
/// When a token is dead to the API and alive to its holder: in the middle of
/// the two seconds, so that a slow machine does not miss them.
const TOO_LATE: SignedDuration = SignedDuration::from_secs(11);

/// Plays the story and writes the report to `stdout`, each line when its
/// moment has come. Takes about eleven seconds of the clock, or ends early when
/// `interrupted` is raised; leaves nothing behind either way.
///
/// # Errors
/// [`Kind::ApiRefused`] when anything is not as the report tells it.
pub fn run(clock: Arc<dyn Clock>, stdout: &mut dyn Write, interrupted: &AtomicBool) -> Result<()> {
    let sandbox = Sandbox::start(plan(), clock.clone())?;
    let mut stage = Stage {
        http: Http::new(&sandbox, clock.clone())?,
        client: GcToken::new(&sandbox, clock.clone())?,
        patience: Patience::new(clock.clone(), interrupted),
        report: Report::new(stdout),
        sandbox,
        clock: &*clock,
    };
    stage.introduce()?;
    let naive = stage.naive_mints()?;
    stage.gc_token_mints("mints")?;
    stage.gc_token_measures()?;
    stage.wait_for(EARLY)?;
    stage.gc_token_reuses()?;
    stage.wait_for(LATE)?;
    stage.gc_token_mints("mints again")?;
    stage.wait_for(TOO_LATE)?;
    stage.naive_fails(&naive)?;
    stage.gc_token_mints("mints again")?;
    stage.conclude()
}

fn plan() -> SandboxConfig {
    SandboxConfig {
        lifetime: LIFETIME,
        issuer_offset: ISSUER,
        api_offset: ISSUER + FAULT,
        ..SandboxConfig::default()
    }
}

/// Who takes part.
struct Stage<'a> {
    sandbox: Sandbox,
    http: Http,
    client: GcToken,
    clock: &'a dyn Clock,
    patience: Patience<'a>,
    report: Report<'a>,
}

impl Stage<'_> {
    fn introduce(&mut self) -> Result<()> {
        let now = self.clock.read().wall;
        let issuer = shift(now, ISSUER);
        let api = shift(issuer, FAULT);
        let lifetime = lifetime();
        self.report.text(format_args!(
            "Three clocks take part in an access token's life, and none agrees with another.\n\
             This is a sandbox on loopback with such clocks: no account, no other network.\n\
             It takes about {}.\n\n  \
               this machine  {now:.1}\n  \
               issuer        {issuer:.1}  {} ahead of this machine, stamps tokens that live {}\n  \
               API           {api:.1}  {} ahead of the issuer, and without any tolerance\n\n\
             So the API takes a token for {} of its {}. Nobody tells the clients.\n",
            human(TOO_LATE),
            human(ISSUER),
            human(lifetime),
            human(FAULT),
            human(lifetime - FAULT),
            human(lifetime),
        ))
    }

    /// What a cache script does: remember `now + expires_in`.
    fn naive_mints(&mut self) -> Result<Naive> {
        let naive = Naive::mint(&self.http, self.clock)?;
        self.patience.start();
        self.say(
            "naive",
            format_args!(
                "mints, and notes: good until now + expires_in ({}) by this machine's clock",
                human(naive.lifetime)
            ),
        )?;
        self.call(&naive.token, &Answer::ok())?;
        Ok(naive)
    }

    /// What a cache script does then: `now < exp`.
    fn naive_fails(&mut self, naive: &Naive) -> Result<()> {
        let left = naive.left(self.clock.read().wall);
        self.check(
            left.is_positive(),
            "the naive client believes in its token",
            format_args!("{} left", human(left)),
        )?;
        self.say(
            "naive",
            format_args!("now < exp, {:.1}s left: presents its token", left.as_secs_f64()),
        )?;
        self.call(&naive.token, &Answer::expired())
    }

    fn gc_token_mints(&mut self, how: &str) -> Result<()> {
        let before = self.client.token.take();
        self.gc_token(how, 1)?;
        let now = &self.client.token;
        self.check(*now != before, "it is another token", "it is the same")
    }

    fn gc_token_reuses(&mut self) -> Result<()> {
        let before = self.client.token.clone();
        self.gc_token("reuses its token", 0)?;
        let now = &self.client.token;
        self.check(*now == before, "it is the same token", "it is another")
    }

    /// Runs `gc-token get`, counts what it mints, and presents the token.
    fn gc_token(&mut self, how: &str, mints: u64) -> Result<()> {
        let before = self.sandbox.counters();
        let why = self.client.why()?;
        self.client.get()?;
        let minted = self.sandbox.counters().mints - before.mints;
        self.say("gc-token", format_args!("{how}: {why}"))?;
        self.check(
            minted == mints,
            format_args!("gc-token mints {mints} tokens here"),
            format_args!("the sandbox counted {minted}"),
        )?;
        let token = self.client.token.clone().unwrap_or_default();
        self.call(&token, &Answer::ok())
    }

    /// The clocks of issuer and API, as the `Date` of their replies gave them
    /// away.
    fn gc_token_measures(&mut self) -> Result<()> {
        let clocks = self.client.clocks()?;
        for (who, than, truth, measured) in [
            ("issuer", "this machine", ISSUER, clocks.issuer),
            ("API", "the issuer", FAULT, clocks.lead),
        ] {
            let (min, max, truth) = (measured.min, measured.max, truth.as_secs_f64());
            self.say(
                "gc-token",
                format_args!("has measured: the {who} is {min:.1}s to {max:.1}s ahead of {than}"),
            )?;
            self.check(
                min <= truth && truth <= max,
                format_args!("the measured interval holds the truth, {truth:.1}s"),
                "it does not",
            )?;
        }
        Ok(())
    }

    /// Presents a token to the API, which is to answer as foretold.
    fn call(&mut self, token: &str, foretold: &Answer) -> Result<()> {
        let answer = self.http.call(token)?;
        self.say("  API", format_args!("{answer}"))?;
        self.check(
            answer == *foretold,
            format_args!("the API answers {foretold}"),
            format_args!("it answered {answer}"),
        )
    }

    fn conclude(&mut self) -> Result<()> {
        let Counters { mints, api_calls, refusals, .. } = self.sandbox.counters();
        self.report.text(format_args!(
            "\nThe sandbox counted\n  \
               {mints} mints: 1 by the naive client, {} by gc-token\n  \
               {api_calls} API calls: {} by gc-token, about its new tokens\n  \
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
            "All of it was checked, and came true. Settings used by gc-token: none but the\n\
             sandbox's address and credentials. See 'gc-token get --help' for --skew and --min-ttl.",
        )
    }

    fn say(&mut self, who: &str, what: impl Display) -> Result<()> {
        self.report.step(self.patience.elapsed(), who, what)
    }

    fn wait_for(&mut self, moment: SignedDuration) -> Result<()> {
        self.patience.until(moment)
    }

    fn check(&self, holds: bool, claim: impl Display, instead: impl Display) -> Result<()> {
        if holds {
            return Ok(());
        }
        Err(Error::new(Kind::ApiRefused, format!("the demo did not go as told: {claim}"))
            .with_cause(instead.to_string())
            .with_hint("a machine that stalls for a second can spoil the demo: try again"))
    }
}

fn lifetime() -> SignedDuration {
    SignedDuration::try_from(LIFETIME).unwrap_or_default()
}

#[cfg(test)]
mod tests;
