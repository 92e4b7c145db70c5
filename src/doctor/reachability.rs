//! The way to both hosts: proxy, certificates, and each step of a request.

use std::path::Path;
use std::time::Duration;

use url::Url;

use super::{Finding, Topic};
use crate::clock::OffsetEstimate;
use crate::config::{self, Layers, NetworkSettings, table};
use crate::context::{Context, Environment};
use crate::error::{Error, Kind, Result};
use crate::net::{self, DateHeader, HttpClient, Probe};

/// How both hosts could be reached. `None` where there is no such host.
#[derive(Default)]
pub(super) struct Way {
    issuer: Option<Result<Probe>>,
    api: Option<Result<Probe>>,
}

/// Enough to know a clock to an eighth of a second, and little enough to wait
/// for.
const CONTACTS: u32 = 3;

/// The time for pauses between contacts, which comes on top of the time limit.
const PAUSES: Duration = Duration::from_secs(15);

/// Looks at both hosts at once. Sends no credentials.
pub(super) fn look(layers: &Layers, context: &Context) -> Way {
    let (Ok(issuer), Ok(network)) =
        (config::resolve_issuer(layers), config::resolve_network(layers))
    else {
        return Way::default();
    };
    let api = issuer.api_url.map(|url| format!("{url}/"));
    let limit = network.timeout;
    let both = async {
        let look = async |url: &str| look_at(url, &network, limit, context).await;
        let api = async {
            match &api {
                Some(url) => Some(look(url).await),
                None => None,
            }
        };
        tokio::join!(look(&issuer.token_url), api)
    };
    match net::block_on(limit.saturating_add(PAUSES), both) {
        Ok(Some((issuer, api))) => Way { issuer: Some(issuer), api },
        Ok(None) => {
            Way::failed(Error::new(Kind::Unavailable, "looking at the hosts took too long"))
        }
        Err(error) => Way::failed(error),
    }
}

async fn look_at(
    url: &str,
    network: &NetworkSettings,
    limit: Duration,
    context: &Context,
) -> Result<Probe> {
    let url = Url::parse(url).map_err(|error| {
        Error::new(Kind::Configuration, "the URL is unusable").with_source(error)
    })?;
    let client = HttpClient::new(&url, "no answer", network, context)?;
    Ok(client.probe(CONTACTS, limit, &*context.clock).await)
}

impl Way {
    /// Each host that there is, and its clock if it could be measured.
    pub(super) fn clocks(&self) -> Vec<(&'static str, Option<&OffsetEstimate>)> {
        let hosts = [("issuer", &self.issuer), ("API", &self.api)];
        hosts.into_iter().filter_map(|(name, look)| Some((name, clock(look.as_ref()?)))).collect()
    }

    /// What the way means for a pipeline.
    pub(super) fn findings(&self, layers: &Layers, env: &Environment) -> Vec<Finding> {
        let mut findings = Vec::new();
        let hosts = [("issuer", Topic::Issuer, &self.issuer), ("API", Topic::Api, &self.api)];
        for (name, topic, look) in hosts {
            match look {
                None => {}
                Some(Err(error)) => findings.push(Finding::as_warning(topic, error)),
                Some(Ok(look)) => {
                    findings.push(proxy(name, look));
                    findings.extend(reached(topic, look));
                }
            }
        }
        let looks = [&self.issuer, &self.api].into_iter().flatten().flatten();
        let ca_file = layers.text(&table::CA_FILE);
        findings.push(trust(
            looks.filter_map(|look| look.trusted).next(),
            env,
            ca_file.as_deref().map(Path::new),
        ));
        findings
    }

    fn failed(error: Error) -> Way {
        Way { issuer: Some(Err(error)), api: None }
    }
}

fn clock(look: &Result<Probe>) -> Option<&OffsetEstimate> {
    look.as_ref().ok()?.answer.as_ref().ok()?.clock.as_ref()
}

fn proxy(name: &str, look: &Probe) -> Finding {
    let way = match &look.proxy {
        Some(proxy) => format!("through {proxy}"),
        None => "without a proxy".to_owned(),
    };
    match look.answer {
        Ok(_) => Finding::ok(Topic::Network, format!("the {name} is reached {way}")),
        Err(_) => Finding::note(Topic::Network, format!("the {name} was tried {way}")),
    }
}

fn trust(trusted: Option<usize>, env: &Environment, ca_file: Option<&Path>) -> Finding {
    let Some(trusted) = trusted else {
        return Finding::note(Topic::Network, "no TLS is spoken, so no certificate is needed");
    };
    let variables = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
    let set: Vec<_> = variables
        .into_iter()
        .filter_map(|name| Some(format!("{name}={}", env.text(name)?)))
        .collect();
    let mut of = match set.is_empty() {
        true => "the system's".to_owned(),
        false => set.join(" "),
    };
    if let Some(file) = ca_file {
        of += &format!(" and --ca-file {}", file.display());
    }
    let what = format!("certificate authorities that are trusted: {trusted}, {of}");
    Finding::ok(Topic::Network, what)
}

fn reached(topic: Topic, look: &Probe) -> Vec<Finding> {
    let steps = steps(look);
    let answer = match &look.answer {
        Ok(answer) => answer,
        Err(error) => {
            let far = (!steps.is_empty()).then(|| {
                let what = format!("{} was reached so far: {steps}", look.host);
                Finding::note(topic, what)
            });
            let trouble = Finding::as_warning(topic, error);
            return far.into_iter().chain([trouble]).collect();
        }
    };
    let comma = if steps.is_empty() { "" } else { ": " };
    let what = format!("{} answers HTTP {}{comma}{steps}", look.host, answer.status);
    let mut findings = vec![Finding::ok(topic, what)];
    // The API's front page may well be one.
    if topic == Topic::Issuer && answer.is_page && answer.status < 400 {
        let what = format!("{} answers with a web page", look.host);
        let hint = "a guess: a captive portal or a proxy answered in its place";
        findings.push(Finding::warning(topic, what).with_hint(hint));
    }
    findings.extend(dated(topic, answer.dated));
    findings
}

fn dated(topic: Topic, dated: DateHeader) -> Option<Finding> {
    let why = match dated {
        DateHeader::Usable => return None,
        DateHeader::Missing => "its answers have no Date header",
        DateHeader::FromCache => "its answers come out of a cache (Age header)",
        DateHeader::Unreadable => "the Date header of its answers is not one date",
    };
    let finding = Finding::warning(topic, format!("{why}, so its clock cannot be measured"));
    Some(
        finding.with_hint(
            "a proxy may take it away; tokens are then judged by the local clocks alone",
        ),
    )
}

/// `DNS 1.2 ms, connect 10.9 ms (192.0.2.1), ...`.
fn steps(look: &Probe) -> String {
    let phases = &look.phases;
    let address = phases.address.map(|address| format!(" ({address})"));
    let steps = [
        ("DNS", phases.dns, None),
        ("connect", phases.connect, address),
        ("TLS", phases.tls, None),
        ("first byte", phases.first_byte, None),
    ];
    let steps: Vec<_> = steps
        .into_iter()
        .filter_map(|(step, took, more)| {
            let took = took?.as_secs_f64() * 1e3;
            Some(format!("{step} {took:.1} ms{}", more.unwrap_or_default()))
        })
        .collect();
    steps.join(", ")
}
