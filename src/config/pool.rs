//! The settings of a pool of tokens.

use std::time::Duration;

use super::setting::Setting;
use super::sources::Layers;
use super::table::{self, MAX_TOKENS};
use crate::error::Result;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSettings {
    /// The most tokens that a run uses at once; at least one.
    pub tokens: u32,
    pub rate: RequestRate,
    /// The longest wait of a request for a token.
    pub rate_wait: Duration,
}

/// The requests a minute that the API takes with each token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestRate {
    PerMinute(u32),
    /// The limit of the organization, as the API tells it.
    Auto,
    /// Only the API's responses limit the requests.
    Unknown,
}

impl Default for PoolSettings {
    fn default() -> PoolSettings {
        PoolSettings {
            tokens: default_number(&table::TOKENS),
            rate: RequestRate::PerMinute(default_number(&table::RATE)),
            rate_wait: table::RATE_WAIT.default_duration().unsigned_abs(),
        }
    }
}

/// # Errors
/// As [`resolve`](super::resolve).
pub fn resolve_pool(layers: &Layers) -> Result<PoolSettings> {
    Ok(PoolSettings {
        tokens: tokens(layers)?,
        rate: request_rate(layers)?,
        rate_wait: layers.duration_or_default(&table::RATE_WAIT)?.unsigned_abs(),
    })
}

pub(super) fn tokens(layers: &Layers) -> Result<u32> {
    let Some(given) = layers.find(&table::TOKENS) else {
        return Ok(PoolSettings::default().tokens);
    };
    let number = given.value.parse().ok().filter(|number| (1..=MAX_TOKENS).contains(number));
    number.ok_or_else(|| {
        given
            .refused(&format!("is not a number from 1 to {MAX_TOKENS}"))
            .with_hint("1 keeps all requests on one token")
    })
}

pub(super) fn request_rate(layers: &Layers) -> Result<RequestRate> {
    let Some(given) = layers.find(&table::RATE) else {
        return Ok(PoolSettings::default().rate);
    };
    match given.value.as_str() {
        "auto" => Ok(RequestRate::Auto),
        "off" => Ok(RequestRate::Unknown),
        text => match text.parse() {
            Ok(number) if number > 0 => Ok(RequestRate::PerMinute(number)),
            _ => Err(given
                .refused("is not a number of requests a minute")
                .with_hint("such as 300; auto asks the API for its limit, off leaves it to the API's responses")),
        },
    }
}

fn default_number(setting: &Setting) -> u32 {
    let default = setting.default_text().expect("it has a default");
    default.parse().expect("the default is a number")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Query;
    use crate::context::Environment;

    fn resolve(flags: &[(&'static str, &str)]) -> Result<PoolSettings> {
        let flags = flags.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        resolve_pool(&Layers::new(flags, Query::default(), &Environment::from([])))
    }

    #[test]
    fn the_defaults_are_those_of_the_platform() {
        let expected = PoolSettings {
            tokens: 10,
            rate: RequestRate::PerMinute(300),
            rate_wait: Duration::from_secs(10),
        };
        assert_eq!(resolve(&[]).unwrap(), expected);
    }

    #[test]
    fn the_api_may_be_asked_for_its_limit() {
        assert_eq!(resolve(&[("rate", "auto")]).unwrap().rate, RequestRate::Auto);
    }

    #[test]
    fn numbers_out_of_range_are_refused_with_the_flag() {
        let flags = [("tokens", "1"), ("rate", "off"), ("rate-wait", "0")];
        let expected =
            PoolSettings { tokens: 1, rate: RequestRate::Unknown, rate_wait: Duration::ZERO };
        assert_eq!(resolve(&flags).unwrap(), expected);
        for (flag, value, message) in [
            ("tokens", "0", "--tokens: \"0\" is not a number from 1 to 50"),
            ("tokens", "51", "--tokens: \"51\" is not a number from 1 to 50"),
            ("tokens", "-1", "--tokens: \"-1\" is not a number from 1 to 50"),
            ("rate", "0", "--rate: \"0\" is not a number of requests a minute"),
            ("rate", "5/s", "--rate: \"5/s\" is not a number of requests a minute"),
        ] {
            assert_eq!(resolve(&[(flag, value)]).unwrap_err().message, message);
        }
    }
}
