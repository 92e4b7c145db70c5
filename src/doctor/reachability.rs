//! Reachability of both hosts: proxy, certificates, and the phases of a request.

use std::path::Path;
use std::time::Duration;

use url::Url;

use super::{Finding, Topic};
use crate::clock::OffsetEstimate;
use crate::config::{Issuer, Layers, NetworkSettings, table};
use crate::context::{Context, Environment};
use crate::error::{Error, Kind, Result};
use crate::net::{DateHeader, HttpClient, Probe, Session};

/// Results of probing the hosts; `None` for a host that is not configured.
#[derive(Default)]
pub(super) struct Reachability {
    issuer: Option<Result<Probe>>,
    api: Option<Result<Probe>>,
}

/// Enough to measure a clock to an eighth of a second within a few seconds.
const CONTACTS: u32 = 3;

/// Added to the time limit, for the pauses between contacts.
const PAUSES: Duration = Duration::from_secs(15);

/// Probes both hosts at the same time, without credentials.
pub(super) fn probe_hosts(
    issuer: Issuer,
    network: &NetworkSettings,
    context: &Context,
) -> Reachability {
    let api = issuer.api_url.map(|url| format!("{url}/"));
    let limit = network.timeout;
    let session = Session::new(network, context);
    let both = async {
        let probe = async |url: &str| probe_host(url, limit, &session).await;
        let api = async {
            match &api {
                Some(url) => Some(probe(url).await),
                None => None,
            }
        };
        tokio::join!(probe(&issuer.token_url), api)
    };
    match session.block_on(limit.saturating_add(PAUSES), both) {
        Ok(Some((issuer, api))) => Reachability { issuer: Some(issuer), api },
        Ok(None) => {
            Reachability::failed(Error::new(Kind::Unavailable, "probing the hosts took too long"))
        }
        Err(error) => Reachability::failed(error),
    }
}

async fn probe_host(url: &str, limit: Duration, session: &Session<'_>) -> Result<Probe> {
    let url = Url::parse(url).map_err(|error| {
        Error::new(Kind::Configuration, "the URL is unusable").with_source(error)
    })?;
    let client = HttpClient::new(&url, "no response from", limit, session)?;
    Ok(client.probe(CONTACTS, limit).await)
}

impl Reachability {
    pub(super) fn clocks(&self) -> Vec<(&'static str, Option<&OffsetEstimate>)> {
        let hosts = [("issuer", &self.issuer), ("API", &self.api)];
        hosts
            .into_iter()
            .filter_map(|(name, probe)| Some((name, measured_clock(probe.as_ref()?))))
            .collect()
    }

    pub(super) fn findings(&self, layers: &Layers, env: &Environment) -> Vec<Finding> {
        let mut findings = Vec::new();
        let hosts = [("issuer", Topic::Issuer, &self.issuer), ("API", Topic::Api, &self.api)];
        for (name, topic, probe) in hosts {
            match probe {
                None => {}
                Some(Err(error)) => findings.push(Finding::as_warning(topic, error)),
                Some(Ok(probe)) => {
                    findings.push(proxy_used(name, probe));
                    findings.extend(host_response(topic, probe));
                }
            }
        }
        let probes: Vec<_> = [&self.issuer, &self.api].into_iter().flatten().flatten().collect();
        if probes.is_empty() {
            return findings;
        }
        let ca_file = layers.text(&table::CA_FILE);
        findings.push(trusted_authorities(
            probes.iter().find_map(|probe| probe.trusted),
            env,
            ca_file.as_deref().map(Path::new),
        ));
        findings
    }

    fn failed(error: Error) -> Reachability {
        Reachability { issuer: Some(Err(error)), api: None }
    }
}

fn measured_clock(probe: &Result<Probe>) -> Option<&OffsetEstimate> {
    probe.as_ref().ok()?.response.as_ref().ok()?.clock.as_ref()
}

fn proxy_used(name: &str, probe: &Probe) -> Finding {
    let route = match &probe.proxy {
        Some(proxy) => format!("through {proxy}"),
        None => "without a proxy".to_owned(),
    };
    match probe.response {
        Ok(_) => Finding::ok(Topic::Network, format!("the {name} is reached {route}")),
        Err(_) => Finding::note(Topic::Network, format!("the {name} was tried {route}")),
    }
}

fn trusted_authorities(
    trusted: Option<usize>,
    env: &Environment,
    ca_file: Option<&Path>,
) -> Finding {
    let Some(trusted) = trusted else {
        return Finding::note(Topic::Network, "TLS is not used, so no certificate is needed");
    };
    let variables = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
    let set: Vec<_> = variables
        .into_iter()
        .filter_map(|name| Some(format!("{name}={}", env.text(name)?)))
        .collect();
    let mut source = if set.is_empty() { "the system's".to_owned() } else { set.join(" ") };
    if let Some(file) = ca_file {
        source += &format!(" and --ca-file {}", file.display());
    }
    let message = format!("trusted certificate authorities: {trusted}, {source}");
    Finding::ok(Topic::Network, message)
}

fn host_response(topic: Topic, probe: &Probe) -> Vec<Finding> {
    let host = &probe.host;
    let phases = phase_times(probe);
    let response = match &probe.response {
        Ok(response) => response,
        Err(error) => {
            let progress = (!phases.is_empty())
                .then(|| Finding::note(topic, format!("{host} was reached so far: {phases}")));
            return progress.into_iter().chain([Finding::as_warning(topic, error)]).collect();
        }
    };
    let colon = if phases.is_empty() { "" } else { ": " };
    let message = format!("{host} responds with HTTP {}{colon}{phases}", response.status);
    let mut findings = vec![Finding::ok(topic, message)];
    // The API's front page may be a web page.
    if topic == Topic::Issuer && response.is_page && response.status < 400 {
        let hint = "probably a captive portal or a proxy answered in its place";
        findings.push(
            Finding::warning(topic, format!("{host} responds with a web page")).with_hint(hint),
        );
    }
    findings.extend(unusable_date(topic, response.dated));
    findings
}

fn unusable_date(topic: Topic, dated: DateHeader) -> Option<Finding> {
    let why = match dated {
        DateHeader::Usable => return None,
        DateHeader::Missing => "its responses have no Date header",
        DateHeader::FromCache => "its responses come from a cache (Age header)",
        DateHeader::Unreadable => "the Date header of its responses is not one date",
    };
    let finding = Finding::warning(topic, format!("{why}, so its clock cannot be measured"));
    Some(
        finding
            .with_hint("a proxy may have removed it; tokens are judged by the local clocks alone"),
    )
}

/// Formats as `DNS 1.2 ms, connect 10.9 ms (192.0.2.1), ...`.
fn phase_times(probe: &Probe) -> String {
    let phases = &probe.phases;
    let address = phases.address.map(|address| format!(" ({address})"));
    let measured = [
        ("DNS", phases.dns, None),
        ("connect", phases.connect, address),
        ("TLS with the proxy", phases.proxy_tls, None),
        ("tunnel", phases.tunnel, None),
        ("TLS", phases.tls, None),
        ("first byte", phases.first_byte, None),
    ];
    let texts: Vec<_> = measured
        .into_iter()
        .filter_map(|(phase, duration, detail)| {
            let millis = duration?.as_secs_f64() * 1e3;
            Some(format!("{phase} {millis:.1} ms{}", detail.unwrap_or_default()))
        })
        .collect();
    texts.join(", ")
}
