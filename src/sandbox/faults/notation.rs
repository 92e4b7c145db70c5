//! Parses faults such as `3*500,429:2,drop`.

use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use super::{Fault, Faults, RetryAfter, ScriptedResponse};
use crate::sandbox::duration;

impl FromStr for Faults {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut faults = Vec::new();
        if text.is_empty() {
            return Ok(Faults(faults));
        }
        for item in text.split(',') {
            let (times, name) = match item.split_once('*') {
                Some((times, name)) if times.bytes().all(|byte| byte.is_ascii_digit()) => {
                    (times, name)
                }
                _ => ("1", item),
            };
            let times = times.parse().ok().filter(|times| (1..=MAX_REPEATS).contains(times));
            let times =
                times.ok_or_else(|| format!("{item:?} must repeat 1 to {MAX_REPEATS} times"))?;
            faults.extend(std::iter::repeat_n(name.trim().parse::<Fault>()?, times));
        }
        Ok(Faults(faults))
    }
}

const MAX_REPEATS: usize = 100_000;

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, argument) = match text.split_once(':') {
            Some((name, argument)) => (name, Some(argument)),
            None => (text, None),
        };
        let fault = match (name, argument) {
            ("ok", None) => Fault::None,
            ("drop", None) => Fault::Drop,
            ("cut", None) => Fault::Cut,
            ("hang", None) => Fault::Hang,
            ("huge", None) => Fault::Huge,
            ("no-date", None) => Fault::NoDate,
            ("rate-limit", None) => Fault::ScriptedResponse(ScriptedResponse::rate_limit()),
            ("garbage", None) => Fault::ScriptedResponse(ScriptedResponse::garbage()),
            ("redirect", to) => {
                Fault::ScriptedResponse(ScriptedResponse::redirect(to.unwrap_or("/oauth/token")))
            }
            ("slow", Some(time)) => Fault::Slow(duration::non_negative(time)?),
            ("aged", Some(age)) => {
                Fault::Aged(age.parse().map_err(|_| format!("{age:?} is not a number of seconds"))?)
            }
            ("reply", Some(rest)) => Fault::ScriptedResponse(ScriptedResponse::parse(rest)?),
            _ => match name.parse() {
                Ok(status @ 300..=599) => Fault::ScriptedResponse(ScriptedResponse {
                    retry_after: argument.map(RetryAfter::parse).transpose()?,
                    ..ScriptedResponse::with_status(status)
                }),
                _ => return Err(unknown(text)),
            },
        };
        Ok(fault)
    }
}

fn unknown(text: &str) -> String {
    format!(
        "unknown fault {text:?}; known are ok, drop, cut, hang, huge, no-date, rate-limit, \
         garbage, redirect[:URL], slow:TIME, aged:SECONDS, STATUS[:RETRY-AFTER] and \
         reply:STATUS:TYPE:BODY"
    )
}

impl RetryAfter {
    fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix("date") {
            Some(ahead) => duration::offset(ahead).map(RetryAfter::Date),
            None => Ok(RetryAfter::Text(text.to_owned())),
        }
    }
}

impl ScriptedResponse {
    fn parse(text: &str) -> Result<ScriptedResponse, String> {
        let mut parts = text.splitn(3, ':');
        let status = parts.next().and_then(|status| status.parse().ok());
        match (status, parts.next(), parts.next()) {
            (Some(status @ 200..=599), Some(content_type), Some(body)) => Ok(ScriptedResponse {
                content_type: content_type.to_owned(),
                body: body.to_owned(),
                ..ScriptedResponse::with_status(status)
            }),
            _ => Err(format!("{text:?} is not STATUS:TYPE:BODY")),
        }
    }
}

/// Deserializes a list of strings in this notation and of response objects.
pub(in crate::sandbox) fn fault_list<'de, D: Deserializer<'de>>(
    json: D,
) -> Result<Vec<Fault>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum FaultItem {
        Notation(String),
        Response(ScriptedResponse),
    }
    let mut faults = Vec::new();
    for item in Vec::<FaultItem>::deserialize(json)? {
        match item {
            FaultItem::Notation(text) => {
                faults.extend(text.parse::<Faults>().map_err(serde::de::Error::custom)?.0);
            }
            FaultItem::Response(response) => faults.push(Fault::ScriptedResponse(response)),
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::SignedDuration;

    use super::*;

    fn faults(text: &str) -> Vec<Fault> {
        text.parse::<Faults>().unwrap().0
    }

    #[test]
    fn a_list_repeats_and_keeps_its_order() {
        assert_eq!(faults(""), []);
        let server_error = Fault::ScriptedResponse(ScriptedResponse::with_status(500));
        assert_eq!(
            faults("2*500,drop, hang,slow:250ms"),
            [
                server_error.clone(),
                server_error,
                Fault::Drop,
                Fault::Hang,
                Fault::Slow(Duration::from_millis(250)),
            ]
        );
    }

    #[test]
    fn retry_after_is_a_text_or_a_date_to_come() {
        let retry_after = |text: &str| match &faults(text)[..] {
            [Fault::ScriptedResponse(reply)] => (reply.status, reply.retry_after.clone()),
            other => panic!("{other:?}"),
        };
        assert_eq!(retry_after("503"), (503, None));
        let text = RetryAfter::Text("2".into());
        assert_eq!(retry_after("429:2"), (429, Some(text)));
        let date = RetryAfter::Date(SignedDuration::from_secs(-3));
        assert_eq!(retry_after("429:date-3s"), (429, Some(date)));
    }

    #[test]
    fn any_reply_can_be_spelt_out() {
        let spelt = faults("reply:200:text/plain:a:b*c").remove(0);
        let Fault::ScriptedResponse(reply) = spelt else { panic!("{spelt:?}") };
        assert_eq!((reply.status, &*reply.content_type), (200, "text/plain"));
        assert_eq!(reply.body, "a:b*c");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "bang",
            "500,",
            "0*500",
            "x*500",
            "drop:1",
            "slow:-1s",
            "aged:x",
            "99",
            "600",
            "429:date",
            "reply:200",
            "100001*ok",
        ] {
            assert!(text.parse::<Faults>().is_err(), "{text}");
        }
    }
}
