//! Moments and durations as pairs of seconds and nanoseconds: in an entry that
//! is read on every call, numbers are read several times as fast as dates.

use jiff::{SignedDuration, Timestamp};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// For `#[serde(with = "...")]` on a duration.
pub(crate) mod duration {
    use super::*;

    /// `[seconds, nanoseconds]`, of one sign.
    pub(crate) fn serialize<S: Serializer>(it: &SignedDuration, out: S) -> Result<S::Ok, S::Error> {
        (it.as_secs(), it.subsec_nanos()).serialize(out)
    }

    /// Refuses what is no duration.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<SignedDuration, D::Error> {
        let (seconds, nanos) = <(i64, i32)>::deserialize(from)?;
        let is_one = nanos.unsigned_abs() < 1_000_000_000
            && (seconds == 0 || nanos == 0 || seconds.signum() == i64::from(nanos.signum()));
        match is_one {
            true => Ok(SignedDuration::new(seconds, nanos)),
            false => Err(D::Error::custom("no duration")),
        }
    }
}

/// For `#[serde(with = "...")]` on a moment.
pub(crate) mod moment {
    use super::*;

    /// `[seconds, nanoseconds]` since 1970 began.
    pub(crate) fn serialize<S: Serializer>(it: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
        (it.as_second(), it.subsec_nanosecond()).serialize(out)
    }

    /// Refuses what is not on the calendar.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let (seconds, nanos) = <(i64, i32)>::deserialize(from)?;
        Timestamp::new(seconds, nanos).map_err(D::Error::custom)
    }
}

/// For `#[serde(with = "...")]` on a moment that may be missing.
pub(crate) mod maybe_moment {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Moment(#[serde(with = "super::moment")] Timestamp);

    /// As [`super::moment`], or null.
    pub(crate) fn serialize<S: Serializer>(
        it: &Option<Timestamp>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        it.map(Moment).serialize(out)
    }

    /// Refuses what is not on the calendar.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<Moment>::deserialize(from)?.map(|moment| moment.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Both {
        #[serde(with = "super::duration")]
        duration: SignedDuration,
        #[serde(with = "super::moment")]
        moment: Timestamp,
        #[serde(with = "super::maybe_moment")]
        maybe: Option<Timestamp>,
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in any::<i64>(), nanos in -999_999_999..=999_999_999_i32) {
            let of_one_sign = if seconds < 0 { -nanos.abs() } else { nanos.abs() };
            let duration = SignedDuration::new(seconds, of_one_sign);
            let moment = Timestamp::UNIX_EPOCH.saturating_add(duration).unwrap();
            for maybe in [None, Some(moment)] {
                let both = Both { duration, moment, maybe };
                let text = serde_json::to_string(&both).unwrap();
                prop_assert_eq!(serde_json::from_str::<Both>(&text).unwrap(), both);
            }
        }

        #[test]
        fn no_pair_of_numbers_panics(seconds in any::<i64>(), nanos in any::<i32>()) {
            let text = format!(r#"{{"duration":[{seconds},{nanos}],"moment":[{seconds},{nanos}],"maybe":[{seconds},{nanos}]}}"#);
            let _ = serde_json::from_str::<Both>(&text);
        }
    }

    #[test]
    fn numbers_that_mean_nothing_are_refused() {
        for pair in
            ["[1,-1]", "[-1,1]", "[0,1000000000]", "[9223372036854775807,1]", "[1]", "\"PT1S\""]
        {
            let text = format!(r#"{{"duration":{pair},"moment":[0,0],"maybe":null}}"#);
            let is_read = serde_json::from_str::<Both>(&text).is_ok();
            assert_eq!(is_read, pair.contains("9223"), "{pair}");
        }
        let beyond = r#"{"duration":[0,0],"moment":[9223372036854775807,1],"maybe":null}"#;
        assert!(serde_json::from_str::<Both>(beyond).is_err());
    }
}
