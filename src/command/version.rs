//! `version`: what this program is, for a report of a fault.

use serde_json::{Value, json};

use crate::build_info::BuildInfo;
use crate::config::{Flags, Layers, Query, table};
use crate::context::{Context, StandardStreams};
use crate::error::Result;
use crate::sanitize;
use crate::terraform::plugin;

pub(super) fn run(flags: Flags, context: &Context, streams: &mut StandardStreams) -> Result<()> {
    let layers = Layers::new(flags, Query::default(), &context.env);
    let info = BuildInfo::of_program();
    let text = if layers.bool(&table::JSON)? {
        format!("{}\n", sanitize::json(&to_json(&info)))
    } else {
        to_text(&info)
    };
    streams.print(text.as_bytes())
}

fn to_text(info: &BuildInfo) -> String {
    let commit = match (info.commit, info.commit_date()) {
        (Some(commit), Some(date)) => format!("{commit}, {date}"),
        (Some(commit), None) => commit.to_owned(),
        (None, _) => "not recorded".to_owned(),
    };
    format!(
        "gc-token {}\ncommit    {commit}\ntarget    {}\nlibc      {}\nrustc     {}\nprovider  \
         Terraform plugin protocol {}\n",
        info.version,
        info.target,
        info.libc.unwrap_or("the system's"),
        info.rustc.unwrap_or("not recorded"),
        plugin::PROTOCOL,
    )
}

fn to_json(info: &BuildInfo) -> Value {
    json!({
        "version": info.version,
        "commit": info.commit,
        "commit_date": info.commit_date(),
        "target": info.target,
        "libc": info.libc,
        "rustc": info.rustc,
        "provider_protocol": plugin::PROTOCOL,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELEASE: BuildInfo = BuildInfo {
        version: "0.1.0",
        commit: Some("97c778b9a0b1c2d3e4f5061728394a5b6c7d8e9f"),
        commit_seconds: Some("1764187200"),
        target: "x86_64-unknown-linux-musl",
        libc: None,
        rustc: Some("rustc 1.91.0 (f8297e351 2025-10-28)"),
    };

    #[test]
    fn a_release_names_its_commit_with_the_date_in_utc() {
        let text = to_text(&RELEASE);
        assert!(
            text.contains("\ncommit    97c778b9a0b1c2d3e4f5061728394a5b6c7d8e9f, 2025-11-26\n"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        assert_eq!(to_json(&RELEASE)["commit_date"], "2025-11-26");
    }

    #[test]
    fn a_build_without_a_repository_says_so() {
        let info = BuildInfo { commit: None, commit_seconds: None, rustc: None, ..RELEASE };
        assert!(to_text(&info).contains("\ncommit    not recorded\n"));
        assert_eq!(to_json(&info)["commit"], Value::Null);
    }
}
