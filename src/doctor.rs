//! Would a pipeline succeed here, and if not, why? A report that can be shown
//! to anybody: there is no secret in it.
//!
//! Each part looks at one thing (`machine`, `way`, `place`, `attempt`, `acceptance`)
//! and turns what it sees into [`Finding`]s by pure functions. None stops the
//! others: without a network there is still all that is local.

mod acceptance;
mod cache;
mod clocks;
mod finding;
mod machine;
mod reachability;
mod render;
mod settings;
mod timeline;
mod token;
mod verdict;

use crate::clock::{Offset, Reading};
use crate::config::{self, DEFAULT_SKEW, Layers, Settings, table};
use crate::context::{Context, StandardInput};
use crate::error::{Error, Result};

pub use finding::{Finding, Level, Topic};

/// All that was found.
#[derive(Debug)]
pub struct Report {
    /// When.
    pub at: Reading,
    /// What was found, by topic.
    pub findings: Vec<Finding>,
    /// The remote clocks that were measured, as seen from `at`.
    pub clocks: Vec<(&'static str, Offset)>,
}

/// Looks at everything, which takes a few seconds, and longer where a host does not
/// answer within the time limit. Gets a token as any other command does.
pub fn examine(layers: &mut Layers, context: &Context, stdin: &mut StandardInput) -> Report {
    let profile = layers.load_profile(context);
    let settings = profile.and_then(|()| config::resolve(layers, context, stdin));
    let mut findings = vec![machine::finding()];
    findings.extend(context.clock.unknown_boot().map(clocks::unknown_boot));
    findings.extend(settings::findings(layers, &context.env));
    let ignored = layers.ignored().iter();
    findings.extend(ignored.map(|line| Finding::warning(Topic::Settings, line)));
    findings.extend(unusable(&settings));

    let way = reachability::look(layers, context);
    findings.extend(way.findings(layers, &context.env));
    let skew = layers.duration(&table::SKEW).ok().flatten();
    let at = context.clock.read();
    let hosts = way.clocks();
    findings.extend(clocks::findings(&hosts, skew.unwrap_or(DEFAULT_SKEW), &at));
    let offsets =
        hosts.iter().filter_map(|(name, clock)| Some((*name, clock.as_ref()?.offset_at(&at)?)));
    let clocks = offsets.collect();

    if let Ok(cache) = config::resolve_cache(layers, context) {
        findings.extend(cache::findings(&cache));
    }
    if let Ok(settings) = settings {
        findings.extend(token::findings(settings, context));
    }
    findings.push(verdict::of(&findings));
    // Stable: within a topic, what came first stays first.
    findings.sort_by_key(|finding| finding.topic);
    Report { at, findings, clocks }
}

fn unusable(settings: &Result<Settings>) -> Option<Finding> {
    let error = settings.as_ref().err()?;
    Some(Finding::failure(Topic::Settings, error))
}

impl Report {
    /// What stops a pipeline first, if anything does.
    pub fn failure(&self) -> Option<Error> {
        self.findings.iter().find_map(Finding::error)
    }
}
