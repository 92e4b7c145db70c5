//! Serde encodings of timestamps and durations as `[seconds, nanoseconds]`, for
//! `#[serde(with = "...")]`: numbers parse several times as fast as dates.

use jiff::{SignedDuration, Timestamp};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) mod duration {
    use super::*;

    /// Both numbers have the same sign.
    pub(crate) fn serialize<S: Serializer>(
        value: &SignedDuration,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        (value.as_secs(), value.subsec_nanos()).serialize(out)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<SignedDuration, D::Error> {
        let (seconds, nanos) = <(i64, i32)>::deserialize(from)?;
        let is_valid = nanos.unsigned_abs() < 1_000_000_000
            && (seconds == 0 || nanos == 0 || seconds.signum() == i64::from(nanos.signum()));
        if is_valid {
            Ok(SignedDuration::new(seconds, nanos))
        } else {
            Err(D::Error::custom("not a duration"))
        }
    }
}

pub(crate) mod timestamp {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(value: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
        (value.as_second(), value.subsec_nanosecond()).serialize(out)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let (seconds, nanos) = <(i64, i32)>::deserialize(from)?;
        Timestamp::new(seconds, nanos).map_err(D::Error::custom)
    }
}

pub(crate) mod optional_timestamp {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Encoded(#[serde(with = "super::timestamp")] Timestamp);

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Timestamp>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(Encoded).serialize(out)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<Encoded>::deserialize(from)?.map(|encoded| encoded.0))
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
        #[serde(with = "super::timestamp")]
        moment: Timestamp,
        #[serde(with = "super::optional_timestamp")]
        maybe: Option<Timestamp>,
    }

    proptest! {
        #[test]
        fn every_value_survives_a_round_trip(seconds in any::<i64>(), nanos in -999_999_999..=999_999_999_i32) {
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
    fn invalid_pairs_are_refused() {
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
