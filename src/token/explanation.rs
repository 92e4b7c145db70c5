//! How a verdict comes about, piece by piece, for those who want to follow.

use jiff::SignedDuration;

use super::{Age, Demand, Evidence, Stale, Stamp};
use crate::clock::{Measure, Reading};

/// The numbers behind a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arithmetic {
    /// What each clock says. Those that say nothing are left out.
    pub rows: Vec<Row>,
    /// Why the local clocks say nothing, if so.
    pub silent: Option<Stale>,
    /// The skew that was asked for.
    pub skew: SignedDuration,
    /// The lead of the API's clock over the issuer's, at most, where both were
    /// measured: the larger of the two is taken off.
    pub learned: Option<SignedDuration>,
    /// What has to be left after that.
    pub wanted: SignedDuration,
}

/// What one clock says of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which clock.
    pub witness: Witness,
    /// The lifetime left, at least; negative when dead.
    pub left: SignedDuration,
    /// What is taken off for the disagreement of issuer and API, and for what
    /// a local clock may have missed.
    pub taken_off: SignedDuration,
    /// What is left after that.
    pub rest: SignedDuration,
    /// Whether the verdict rests on it.
    pub decides: bool,
}

/// A clock that says something of a token's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witness {
    /// The local boot clock.
    Boot,
    /// The local wall clock.
    Wall,
    /// The issuer's clock, as it was measured. It says what the boot clock
    /// says, less what is uncertain in the measure, so it never decides.
    Issuer,
    /// The API's clock, likewise. It judges the token, so nothing is to be
    /// taken off.
    Api,
}

impl Arithmetic {
    /// The numbers behind `demand`'s verdict on a token at `now`.
    pub fn of(demand: &Demand, stamp: &Stamp, now: &Reading) -> Arithmetic {
        let skew = demand.skew_for(stamp);
        let row = |witness, left: SignedDuration, taken_off, decides| Row {
            witness,
            left,
            taken_off,
            rest: left.saturating_sub(taken_off),
            decides,
        };
        let mut rows = Vec::new();
        let age = Age::of(&stamp.sent, now);
        if let Ok(age) = &age {
            for (witness, evidence, elapsed) in [
                (Witness::Boot, Evidence::BootClock, age.boot),
                (Witness::Wall, Evidence::WallClock, age.wall),
            ] {
                let left = stamp.lifetime.saturating_sub(elapsed);
                let taken_off = skew.saturating_add(age.missed());
                rows.push(row(witness, left, taken_off, age.by() == evidence));
            }
        }
        let remote = |clock: &Option<Measure>| {
            let (_, latest) = clock.as_ref()?.shows(now)?;
            Some(stamp.ends?.duration_since(latest))
        };
        let issuer = remote(&stamp.issuer).map(|left| row(Witness::Issuer, left, skew, false));
        let nothing = SignedDuration::ZERO;
        let api = remote(&stamp.api).map(|left| row(Witness::Api, left, nothing, false));
        rows.extend(issuer.into_iter().chain(api));
        Arithmetic {
            rows,
            silent: age.err(),
            skew: demand.skew,
            learned: stamp.lead().map(|lead| lead.max),
            wanted: demand.wanted(stamp),
        }
    }
}

impl Witness {
    /// How a report names it.
    pub fn name(self) -> &'static str {
        match self {
            Witness::Boot => "boot clock",
            Witness::Wall => "wall clock",
            Witness::Issuer => "issuer's clock",
            Witness::Api => "API's clock",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;
    use crate::token::tests::token;
    use crate::token::{MinTtl, Verdict};
    use jiff::Timestamp;

    const SKEW: SignedDuration = SignedDuration::from_secs(5);

    fn demand() -> Demand {
        Demand {
            skew: SKEW,
            min_ttl: MinTtl::Explicit(SignedDuration::from_secs(60)),
            newer_than: None,
            idle_timeout: None,
        }
    }

    /// The remote clock showed `date` at boot 101.
    fn shown(date: i64) -> Option<Measure> {
        let date = Timestamp::from_second(date).unwrap();
        Measure::take(&reading(101, 1_001), &reading(101, 1_001), date)
    }

    fn lefts(arithmetic: &Arithmetic) -> Vec<(Witness, i64, i64, bool)> {
        let rows = arithmetic.rows.iter();
        rows.map(|row| {
            let (left, rest) = (row.left.as_secs(), row.rest.as_secs());
            (row.witness, left, rest, row.decides)
        })
        .collect()
    }

    #[test]
    fn each_clock_that_knows_something_has_a_row() {
        let mut stamp = token("t", 300).stamp;
        let now = reading(150, 1_050);
        let (boot, wall) = (Witness::Boot, Witness::Wall);
        // In 50 s, the local clocks may have missed 25 ms.
        let local = [(boot, 250, 244, true), (wall, 250, 244, false)];
        let arithmetic = Arithmetic::of(&demand(), &stamp, &now);
        assert_eq!(lefts(&arithmetic), local);
        assert_eq!((arithmetic.learned, arithmetic.silent), (None, None));

        // The issuer is 1000 s ahead, the API 20 s more, each give or take.
        (stamp.issuer, stamp.api) = (shown(2_001), shown(2_021));
        stamp.ends = Some(Timestamp::from_second(2_300).unwrap());
        let arithmetic = Arithmetic::of(&demand(), &stamp, &now);
        let learned = arithmetic.learned.expect("both were measured");
        assert_eq!(learned.as_secs(), 21, "a second each is uncertain");
        let remote = [(Witness::Issuer, 248, 227, false), (Witness::Api, 228, 228, false)];
        assert_eq!(lefts(&arithmetic)[2..], remote);
        assert_eq!(lefts(&arithmetic)[0], (boot, 250, 228, true));
    }

    #[test]
    fn the_clock_that_decides_is_the_verdicts() {
        let stamp = token("t", 300).stamp;
        for (now, witness) in [
            (reading(150, 1_050), Witness::Boot),
            (reading(150, 1_010), Witness::Boot),
            (reading(150, 1_100), Witness::Wall),
            (reading(150, 1_295), Witness::Wall),
        ] {
            let arithmetic = Arithmetic::of(&demand(), &stamp, &now);
            let decides: Vec<_> = arithmetic.rows.iter().filter(|row| row.decides).collect();
            assert_eq!(decides.len(), 1);
            assert_eq!(decides[0].witness, witness);
            let is_enough = decides[0].rest >= arithmetic.wanted;
            let verdict = demand().judge(&stamp, &now);
            assert_eq!(matches!(verdict, Verdict::Fresh { .. }), is_enough);
        }
    }

    #[test]
    fn clocks_of_another_boot_say_nothing() {
        let mut now = reading(150, 1_050);
        now.boot_id = None;
        let mut stamp = token("t", 300).stamp;
        (stamp.issuer, stamp.api) = (shown(2_001), shown(2_001));
        let arithmetic = Arithmetic::of(&demand(), &stamp, &now);
        assert_eq!(arithmetic.rows, []);
        assert_eq!(arithmetic.silent, Some(Stale::OtherBoot));
    }
}
