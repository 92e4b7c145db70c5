//! The programs that call the API, as commands.

use std::path::{Path, PathBuf};

use gc_token::internals::context::Environment;

use crate::clients::rig::Way;
use crate::common;

/// A program that calls the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// `curl`, once for each call.
    Curl,
    /// Python's `requests`.
    Requests,
    /// The vendor's Python SDK.
    Sdk,
    /// Node's own `fetch`, on undici's dispatcher where it needs a proxy.
    Fetch,
    /// axios, of a version that does not tunnel.
    Axios,
    /// needle, which does not either.
    Needle,
}

impl Client {
    /// The command that starts it. `None` where a tool is missing, which has
    /// been said by then.
    pub(crate) fn command(self, way: Way) -> Option<Vec<String>> {
        let own = |name: &str| own(name).display().to_string();
        match self {
            Client::Curl => Some(vec![tool("sh")?, own("with_curl.sh")]).filter(|_| has("curl")),
            // It is not to write what it compiled next to the source.
            Client::Requests => Some(vec![python()?, "-B".into(), own("python/with_requests.py")]),
            Client::Sdk => Some(vec![python()?, "-B".into(), own("python/with_sdk.py")]),
            Client::Fetch => {
                let mut words = vec![tool("env")?];
                if way == Way::Intercept {
                    words.push(node_path()?);
                    words.push(format!("NODE_OPTIONS=--require={}", own("node/use_the_proxy.cjs")));
                }
                words.extend([tool("node")?, own("node/with_fetch.mjs")]);
                Some(words)
            }
            Client::Axios | Client::Needle => {
                let program = match self {
                    Client::Axios => "node/with_axios.cjs",
                    _ => "node/with_needle.cjs",
                };
                Some(vec![tool("env")?, node_path()?, tool("node")?, own(program)])
            }
        }
    }
}

/// Python with the packages that the tests need.
pub(crate) fn python() -> Option<String> {
    let python = installed("GC_TOKEN_TEST_PYTHON", "python/bin/python")?;
    Some(python.display().to_string())
}

/// The packages for Node, as a word for `env`.
fn node_path() -> Option<String> {
    let modules = installed("GC_TOKEN_TEST_NODE_MODULES", "node/node_modules")?;
    Some(format!("NODE_PATH={}", modules.display()))
}

/// Finds a tool: the path in a variable, or where `tests/run` installs it.
pub(crate) fn installed(variable: &str, place: &str) -> Option<PathBuf> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools");
    let named = Environment::of_process().os(variable).map(PathBuf::from);
    let found = named.unwrap_or_else(|| tools.join(place));
    if found.exists() {
        return Some(found);
    }
    common::missing(&format!("{} (tests/run has it, or {variable})", found.display()));
    None
}

fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

fn tool(name: &str) -> Option<String> {
    has(name).then(|| name.to_owned())
}

fn has(name: &str) -> bool {
    let found = common::program(name).is_some();
    if !found {
        common::missing(name);
    }
    found
}
