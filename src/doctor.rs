//! `doctor`: a report on whether a pipeline would succeed on this machine, without secrets.
//!
//! Each module examines one subject and turns its observations into [`Finding`]s by pure
//! functions. A failure in one module does not stop the others: local findings are reported
//! without a network, too.

mod acceptance;
mod cache;
mod clocks;
mod finding;
mod machine;
mod page;
mod reachability;
mod render;
mod settings;
mod store;
mod text;
mod token;
mod verdict;

use jiff::SignedDuration;

use crate::clock::{Offset, Reading};
use crate::config::{self, Layers, table};
use crate::context::{Context, StandardInput};
use crate::error::Error;

use reachability::Reachability;

pub use finding::{Finding, FindingLevel, Topic};

#[derive(Debug)]
pub struct DoctorReport {
    pub at: Reading,
    /// Sorted by topic.
    pub findings: Vec<Finding>,
    /// Offsets of the remote clocks from this machine's clock at `at`.
    pub clocks: Vec<(&'static str, Offset)>,
    pub skew: SignedDuration,
}

/// Examines everything and gets a token as any other command does. Takes a few seconds, or
/// up to the time limit if a host does not respond.
pub fn examine(layers: &mut Layers, context: &Context, stdin: &mut StandardInput) -> DoctorReport {
    let profile = layers.load_profile(context);
    let settings = profile.and_then(|()| config::resolve(layers, context, stdin));
    let mut findings = vec![machine::version_and_platform()];
    findings.extend(context.clock.unknown_boot().map(clocks::unknown_boot));
    findings.extend(settings::findings(layers, &context.env));
    let ignored = layers.ignored().iter();
    findings.extend(ignored.map(|line| Finding::warning(Topic::Settings, line)));
    findings.extend(settings.as_ref().err().map(|error| Finding::failure(Topic::Settings, error)));

    let hosts = match &settings {
        Ok(settings) => Some((settings.issuer.clone(), settings.network.clone())),
        // Other settings may be at fault.
        Err(_) => config::resolve_issuer(layers).ok().zip(config::resolve_network(layers).ok()),
    };
    let reachability = match hosts {
        Some((issuer, network)) => {
            let _activity = context.reporter.activity("reaching the issuer and the API");
            reachability::probe_hosts(issuer, &network, context)
        }
        None => Reachability::default(),
    };
    findings.extend(reachability.findings(layers, &context.env));
    let skew = config::resolve_skew(layers).unwrap_or(table::SKEW.default_duration());
    let at = context.clock.read();
    let hosts = reachability.clocks();
    findings.extend(clocks::findings(&hosts, skew, &at));
    let offsets =
        hosts.iter().filter_map(|(name, clock)| Some((*name, clock.as_ref()?.offset_at(&at)?)));
    let clocks = offsets.collect();

    let mut cache_fault = None;
    if let Ok(cache) = config::resolve_cache(layers, context) {
        cache_fault = cache::find_fault(&cache);
        findings.extend(cache::findings(&cache, cache_fault.as_ref()));
    }
    if let Ok(settings) = settings {
        let mut store_findings = {
            let _activity =
                settings.store.as_ref().map(|_| context.reporter.activity("reaching the store"));
            store::findings(&settings, context)
        };
        let _activity = context.reporter.activity("getting a token");
        let mut token_findings = token::findings(settings, cache_fault.as_ref(), context);
        store::take_failure(&mut store_findings, &mut token_findings);
        let is_new =
            |finding: &Finding| !store_findings.iter().any(|told| told.is_repeated_by(finding));
        findings.extend(token_findings.into_iter().filter(is_new));
        findings.extend(store_findings);
    }
    findings.push(verdict::conclude(&findings));
    // The sort is stable and keeps the order within a topic.
    findings.sort_by_key(|finding| finding.topic);
    DoctorReport { at, findings, clocks, skew }
}

impl DoctorReport {
    pub fn first_failure(&self) -> Option<Error> {
        self.findings.iter().find_map(Finding::error)
    }
}
