//! Chooses the token of a request.
//!
//! The lowest token with room is used up before the next one is touched: a small run needs
//! one token, and the issuer limits the tokens, too.

use jiff::SignedDuration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemberState {
    Open,
    /// Takes no request for so long.
    Busy(SignedDuration),
    /// Busy, as the configured rate has it.
    Full(SignedDuration),
    Expired,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    Use(usize),
    /// No token lives: this one is refreshed first.
    Refresh(usize),
    /// No token is open. This one, if any, may take one more request than its rate allows.
    Wait(SignedDuration, Option<usize>),
}

/// Evaluates no member after the one that is used.
///
/// # Panics
/// Without members.
pub(super) fn choose(members: impl IntoIterator<Item = MemberState>) -> Choice {
    let mut expired = None;
    let mut full = None;
    let mut shortest: Option<SignedDuration> = None;
    for (index, member) in members.into_iter().enumerate() {
        match member {
            MemberState::Open => return Choice::Use(index),
            MemberState::Busy(wait) | MemberState::Full(wait) => {
                if matches!(member, MemberState::Full(_)) {
                    full = full.or(Some(index));
                }
                shortest = Some(shortest.map_or(wait, |shortest| shortest.min(wait)));
            }
            MemberState::Expired => expired = expired.or(Some(index)),
        }
    }
    match (shortest, expired) {
        (Some(wait), _) => Choice::Wait(wait, full),
        (None, Some(index)) => Choice::Refresh(index),
        (None, None) => panic!("a pool has at least one member"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn busy(seconds: i64) -> MemberState {
        MemberState::Busy(SignedDuration::from_secs(seconds))
    }

    #[test]
    fn the_lowest_open_token_is_used_and_an_expired_one_only_if_no_other_lives() {
        use MemberState::{Expired, Full, Open};
        let second = SignedDuration::from_secs(1);
        for (members, expected) in [
            (&[Open, Open][..], Choice::Use(0)),
            (&[busy(5), Expired, Open, Open], Choice::Use(2)),
            (&[busy(5), Expired, busy(3)], Choice::Wait(second * 3, None)),
            (&[busy(5), Full(second * 9), Full(second)], Choice::Wait(second, Some(1))),
            (&[Full(second), Open], Choice::Use(1)),
            (&[Expired, Expired], Choice::Refresh(0)),
        ] {
            assert_eq!(choose(members.iter().copied()), expected, "{members:?}");
        }
    }

    fn member() -> impl Strategy<Value = MemberState> {
        prop_oneof![Just(MemberState::Open), (1..60_i64).prop_map(busy), Just(MemberState::Expired),]
    }

    proptest! {
        #[test]
        fn a_request_waits_only_if_no_token_is_open(
            members in proptest::collection::vec(member(), 1..12),
        ) {
            let open = members.iter().position(|member| *member == MemberState::Open);
            match choose(members.iter().copied()) {
                Choice::Use(index) => prop_assert_eq!(Some(index), open),
                Choice::Refresh(index) => {
                    prop_assert!(members.iter().all(|member| *member == MemberState::Expired));
                    prop_assert_eq!(index, 0);
                }
                Choice::Wait(wait, overdrawn) => {
                    prop_assert_eq!(open, None);
                    let is_full = |member: &MemberState| matches!(member, MemberState::Full(_));
                    prop_assert_eq!(overdrawn, members.iter().position(is_full));
                    let waits = members.iter().filter_map(|member| match member {
                        MemberState::Busy(wait) | MemberState::Full(wait) => Some(*wait),
                        MemberState::Open | MemberState::Expired => None,
                    });
                    prop_assert_eq!(Some(wait), waits.min());
                }
            }
        }
    }
}
