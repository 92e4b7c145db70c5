//! The store that machines share: whether it can be reached, what it does, and what it holds.

use std::time::Duration;

use jiff::SignedDuration;

use super::{Finding, Topic};
use crate::broker::{self, NetworkRemote, Remote};
use crate::clock::{Offset, Reading};
use crate::config::{Settings, StoreSettings};
use crate::context::Context;
use crate::duration::human;
use crate::error::Kind;
use crate::store::{
    CLOCK_TOLERANCE, NoteLevel, SlotReading, Store, StoreClient, StoreError, StoreFault, StoreNote,
    StoreProbe,
};

/// Probes the store by a record of its own, and reads the client's. Nothing without a store.
pub(super) fn findings(settings: &Settings, context: &Context) -> Vec<Finding> {
    let Some(store) = &settings.store else {
        return Vec::new();
    };
    let examined = match NetworkRemote::new(settings, context).client_secret() {
        Err(error) => Err(vec![Finding::as_warning(Topic::Store, &error)]),
        Ok(secret) => broker::with_store_client(settings, context, &secret, examined)
            .unwrap_or_else(|| Ok(Vec::new())),
    };
    let mut findings = described(settings, store, examined.is_ok(), context);
    findings.extend(examined.unwrap_or_else(|findings| findings));
    findings
}

/// Makes a failure to get a token one of the store, if a warning about the store tells the same.
pub(super) fn take_failure(store: &mut [Finding], token: &mut [Finding]) {
    for failure in token {
        let told = store.iter_mut().find(|warning| warning.is_told_by(failure));
        if let Some(warning) = told {
            (warning.level, warning.kind) = (failure.level, failure.kind);
            *failure = Finding::note(Topic::Token, "there is no token without the store");
        }
    }
}

/// What the settings say is in order only if the store has answered.
fn described(
    settings: &Settings,
    store: &StoreSettings,
    has_answered: bool,
    context: &Context,
) -> Vec<Finding> {
    let place = Finding::ok(Topic::Store, format!("{}, from {}", store.location, store.origin));
    let notes = broker::with_store(settings, context, |store| store.map(Store::description));
    let expected = |note: StoreNote| match note.level {
        NoteLevel::Ok if !has_answered => {
            let message = note.unanswered.unwrap_or(note.message);
            StoreNote { level: NoteLevel::Note, message, hint: note.hint, unanswered: None }
        }
        _ => note,
    };
    let notes = notes.unwrap_or_default().into_iter().map(|note| noted(expected(note)));
    [place].into_iter().chain(notes).collect()
}

/// # Errors
/// If the store has not answered.
fn examined(client: &StoreClient<'_>) -> Result<Vec<Finding>, Vec<Finding>> {
    let settings = client.settings;
    let probe = client.probe().map_err(|failure| fault(&failure, settings))?;
    let now = client.clock.read();
    let mut findings = vec![round_trips(&probe.round_trips, settings.timeout)];
    findings.extend(writes(&probe, settings));
    findings.push(store_clock(probe.clock.and_then(|clock| clock.offset_at(&now))));
    findings.extend(client.store.notes(settings.timeout).into_iter().map(noted));
    match client.slot(client.client.cache.slot).read() {
        Ok(reading) => findings.push(record(&reading, &client.clock.read())),
        Err(failure) => findings.extend(fault(&failure, settings)),
    }
    findings.push(Finding::ok(Topic::Store, on_outage(settings)));
    Ok(findings)
}

/// Describes a fault, and what it means with these settings. A token that is gotten afterwards
/// tells whether it matters now.
fn fault(failure: &StoreError, settings: &StoreSettings) -> Vec<Finding> {
    let consequence = match failure.fault {
        StoreFault::Misconfigured | StoreFault::Unconditional => {
            let code = failure.error.kind.exit_code();
            format!("a call that needs a new token fails with exit code {code}")
        }
        StoreFault::Unavailable => on_outage(settings),
        StoreFault::ReadOnly | StoreFault::Full if settings.is_required => {
            "tokens are read, and a call that has to mint fails (--store-required)".to_owned()
        }
        StoreFault::ReadOnly | StoreFault::Full => {
            "tokens are read, and each machine mints for itself alone".to_owned()
        }
    };
    // A token that is cached does not show it.
    let finding = if failure.fault == StoreFault::Unconditional {
        Finding::failure(Topic::Store, &failure.error)
    } else {
        Finding::as_warning(Topic::Store, &failure.error)
    };
    vec![finding, Finding::note(Topic::Store, consequence)]
}

fn on_outage(settings: &StoreSettings) -> String {
    if settings.is_required {
        let code = Kind::Unavailable.exit_code();
        format!(
            "without the store, a call that needs a new token fails with exit code {code} \
             (--store-required)"
        )
    } else {
        "without the store, calls warn, and each machine mints for itself".to_owned()
    }
}

/// The requests of a call that mints, which have one limit together.
const REQUESTS_OF_A_CALL: u32 = 4;

fn round_trips(times: &[Duration], limit: Duration) -> Finding {
    let (Some(fastest), Some(slowest)) = (times.iter().min(), times.iter().max()) else {
        return Finding::note(Topic::Store, "no request was measured");
    };
    let millis = |time: &Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    let message = format!("a request takes {} to {}", millis(fastest), millis(slowest));
    if slowest.saturating_mul(REQUESTS_OF_A_CALL) < limit {
        return Finding::ok(Topic::Store, message);
    }
    let limit = human(SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX));
    let message = format!("{message}, and a call of {REQUESTS_OF_A_CALL} has {limit} for all");
    Finding::warning(Topic::Store, message)
        .with_hint("use a store that is nearer, or allow more time with --store-timeout")
}

fn writes(probe: &StoreProbe, settings: &StoreSettings) -> Vec<Finding> {
    if let Err(failure) = &probe.writes {
        return fault(failure, settings);
    }
    let message = "conditional writes work: a record was not created twice";
    let mut findings = vec![Finding::ok(Topic::Store, message)];
    if probe.is_stale {
        let message = "a read showed a record that had been replaced";
        let hint = "name the primary and no replica: machines would wait longer, and mint more";
        findings.push(Finding::warning(Topic::Store, message).with_hint(hint));
    }
    findings
}

fn store_clock(offset: Option<Offset>) -> Finding {
    let Some(offset) = offset else {
        let message = "the store's clock could not be measured";
        return Finding::note(Topic::Store, message)
            .with_hint("each machine asks a remote clock once about a token of another machine");
    };
    let message = format!("the store's clock is {offset} of this machine's");
    if offset.min <= CLOCK_TOLERANCE && offset.max >= -CLOCK_TOLERANCE {
        return Finding::ok(Topic::Store, message);
    }
    let tolerance = human(CLOCK_TOLERANCE);
    Finding::warning(Topic::Store, format!("{message}, more than {tolerance}")).with_hint(
        "correct the clock that is wrong (see Clocks): until then, this machine asks a remote \
         clock once about each token of another machine",
    )
}

fn noted(note: StoreNote) -> Finding {
    let StoreNote { level, message, hint, .. } = note;
    let finding = match level {
        NoteLevel::Ok => Finding::ok(Topic::Store, message),
        NoteLevel::Note => Finding::note(Topic::Store, message),
        NoteLevel::Warning => Finding::warning(Topic::Store, message),
    };
    match hint {
        Some(hint) => finding.with_hint(hint),
        None => finding,
    }
}

fn record(reading: &SlotReading, now: &Reading) -> Finding {
    if reading.is_unusable {
        let message = "the client's record is not used: it is of another version, or was altered";
        return Finding::warning(Topic::Store, message)
            .with_hint("the next mint replaces it, and so does 'gc-token cache clear --store'");
    }
    let view = reading.view();
    let Some(record) = view.record else {
        return Finding::ok(Topic::Store, "no machine has stored a token of this client");
    };
    let written =
        view.age.map(|age| format!(", written {} ago", human(age.max(SignedDuration::ZERO))));
    let token = match &record.token {
        None => "no token".to_owned(),
        Some(shared) => match shared.on_this_machine(view.clock, now) {
            None => "a token whose age the clocks do not tell".to_owned(),
            Some(token) => match token.validity.remaining(now).unwrap_or_default() {
                left if left.is_positive() => format!("a token, {} left", human(left)),
                _ => "an expired token".to_owned(),
            },
        },
    };
    let turn = if reading.is_minting() { ", and another machine is minting" } else { "" };
    let message = format!("the client's record holds {token}{}{turn}", written.unwrap_or_default());
    Finding::ok(Topic::Store, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;
    use crate::config::tests::settings;
    use crate::doctor::FindingLevel as Level;
    use crate::store::memory::{MemoryClient, MemoryStore, SleepingClock};

    fn examine(is_required: bool, arrange: impl FnOnce(&MemoryStore<'_>)) -> Vec<(Level, String)> {
        let clock = SleepingClock::at(reading(1_000, 1_000_000));
        let store = MemoryStore::new(&clock);
        let engine = MemoryClient { store: &store, runner: &clock };
        arrange(&store);
        let (client, settings) = (&settings("http://x"), StoreSettings::test());
        let settings = &StoreSettings { is_required, ..settings };
        let client =
            StoreClient { store: &engine, settings, clock: &clock, client, secret: b"secret" };
        let findings = examined(&client).unwrap_or_else(|findings| findings);
        findings.into_iter().map(|finding| (finding.level, finding.message)).collect()
    }

    fn levels(findings: &[(Level, String)]) -> Vec<Level> {
        findings.iter().map(|(level, _)| *level).collect()
    }

    #[test]
    fn a_store_in_order_has_no_problem() {
        let findings = examine(false, |_| ());
        assert_eq!(levels(&findings), [Level::Ok; 5], "{findings:?}");
    }

    #[test]
    fn a_clock_beyond_the_tolerance_is_a_warning() {
        for (ahead, level) in [
            (9, Level::Ok),
            (-9, Level::Ok),
            (11, Level::Warning),
            (-11, Level::Warning),
            (-3_600, Level::Warning),
        ] {
            let findings = examine(false, |store| {
                *store.ahead.lock().unwrap() = SignedDuration::from_secs(ahead);
            });
            let clock = findings.iter().find(|(_, message)| message.contains("clock")).unwrap();
            assert_eq!(clock.0, level, "{ahead} {clock:?}");
        }
        assert_eq!(store_clock(None).level, Level::Note);
    }

    #[test]
    fn a_fault_says_what_it_means_with_these_settings() {
        for (is_required, fault, meaning) in [
            (false, StoreFault::Unavailable, "each machine mints for itself"),
            (true, StoreFault::Unavailable, "fails with exit code 5"),
            (false, StoreFault::Misconfigured, "fails with exit code 3"),
        ] {
            let findings = examine(is_required, |store| {
                *store.error.lock().unwrap() = Some(StoreError::new(fault, "no"));
            });
            assert_eq!(levels(&findings), [Level::Warning, Level::Note]);
            assert!(findings[1].1.contains(meaning), "{findings:?}");
        }
        for (is_required, meaning) in
            [(false, "each machine mints for itself alone"), (true, "has to mint fails")]
        {
            let findings = examine(is_required, |store| {
                let read_only = StoreError::new(StoreFault::ReadOnly, "no");
                *store.swap_error.lock().unwrap() = Some(read_only);
            });
            assert!(findings.iter().any(|(_, text)| text.contains(meaning)), "{findings:?}");
        }
        let findings = examine(false, |store| *store.is_unconditional.lock().unwrap() = true);
        assert!(findings.iter().any(|(level, text)| {
            *level == Level::Failure && text.contains("has no conditional writes")
        }));
    }

    #[test]
    fn a_request_that_leaves_no_time_for_others_is_a_warning() {
        let millis = |times: &[u64]| {
            let times: Vec<_> = times.iter().copied().map(Duration::from_millis).collect();
            round_trips(&times, Duration::from_secs(2))
        };
        assert_eq!(millis(&[1, 499]).message, "a request takes 1.0 ms to 499.0 ms");
        assert_eq!(millis(&[1, 500]).level, Level::Warning);
    }
}
