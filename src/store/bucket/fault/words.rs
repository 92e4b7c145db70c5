//! The words of the library and of stores, as far as messages may show them.

use std::error::Error as StdError;
use std::time::Duration;

/// A longer run of token characters may be a secret: those of Amazon have 40.
const MAX_RUN: usize = 39;

/// Returns the text of an error and of its sources, each once: some repeat the next.
pub(super) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let own = source.to_string();
        if !text.contains(&own) {
            text = format!("{text}: {own}");
        }
        next = source.source();
    }
    text
}

pub(super) fn without_long_runs(text: &str) -> String {
    let is_token_char = |char: char| char.is_ascii_alphanumeric() || "-._~+/=%".contains(char);
    let shown = text.split_inclusive(|char| !is_token_char(char)).map(|part| {
        let run = part.trim_end_matches(|char| !is_token_char(char));
        if run.len() > MAX_RUN { format!("[...]{}", &part[run.len()..]) } else { part.to_owned() }
    });
    shown.collect()
}

pub(super) fn reach_hint(host: &str) -> String {
    format!(
        "check that {host} can be reached from here; if only a proxy can reach it, set HTTPS_PROXY"
    )
}

pub(super) fn too_slow(host: Option<&str>, limit: Duration) -> String {
    match host {
        Some(host) => format!("no complete response from {host} within {limit:.1?}"),
        None => format!("no complete response within {limit:.1?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_may_be_secrets_are_hidden_and_names_are_not() {
        let arn = "User: arn:aws:sts::123456789012:assumed-role/ci/run-1 may not s3:PutObject";
        assert_eq!(without_long_runs(arn), arn);
        let secret = "a".repeat(MAX_RUN + 1);
        assert_eq!(without_long_runs(&format!("key={secret}, {secret}")), "[...], [...]");
    }
}
