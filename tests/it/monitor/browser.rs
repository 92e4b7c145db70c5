//! Chromium, which looks at the status page.

use gc_token::internals::context::Environment;
use serde_json::Value;

use super::rig::Monitored;
use crate::clients::client::installed;
use crate::common::process::Running;
use crate::common::runner::Runner;
use crate::common::{missing, page, program};

/// Starts to look at the status page; `None` if a tool is missing, which has been said by then.
pub(crate) fn look(monitored: &Monitored, what: &str) -> Option<Running> {
    look_at(&format!("http://{}/", monitored.address), what, &monitored.front.runner)
}

/// Starts to look at a page; `None` as for [`look`].
pub(crate) fn look_at(url: &str, what: &str, runner: &Runner) -> Option<Running> {
    let [Some(chromium), Some(node)] = ["chromium", "node"].map(tool) else {
        return None;
    };
    let modules = installed("GC_TOKEN_TEST_NODE_MODULES", "node/node_modules")?;
    if !modules.join("playwright-core").exists() {
        missing("playwright-core");
        return None;
    }
    let script = page::root().join("tests/browser/page.cjs").display().to_string();
    let modules = format!("NODE_PATH={}", modules.display());
    let shots = Environment::of_process().text("GC_TOKEN_TEST_SCREENSHOTS").unwrap_or_default();
    let words = ["env", &modules, &node, &script, &chromium, url, what, &shots];
    Some(runner.start_program(&words))
}

/// Returns what it found. The output was searched for secrets.
pub(crate) fn found(looking: Running) -> Value {
    let finished = looking.finish();
    let printed = finished.succeeded();
    let last = printed.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {finished:#?}"))
}

fn tool(name: &str) -> Option<String> {
    let found = program(name);
    if found.is_none() {
        missing(name);
    }
    Some(found?.display().to_string())
}
