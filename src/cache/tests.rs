//! The lock, while the cache is cleared around it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::lock::{LockAttempt, try_lock_opened};
use super::*;
use crate::config::tests::settings;
use crate::context::{Clock as _, SystemClock};
use crate::token::tests::token;

/// `clear` removes lock files as well. A process that opened such a file just before, and
/// locks it just after, holds nothing: another may hold the lock on its replacement.
#[test]
fn a_lock_on_a_removed_file_is_not_held() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let open = || private_file::open_or_create(&path).unwrap();
    let held = try_lock_opened(open(), &path).unwrap();
    assert!(matches!(held, LockAttempt::Held(_)), "{held:?}");
    assert!(matches!(try_lock_opened(open(), &path), Ok(LockAttempt::Busy)));
    drop(held);
    let opened = [open(), open()];
    std::fs::remove_file(&path).unwrap();
    let [one, other] = opened;
    assert!(matches!(try_lock_opened(one, &path), Ok(LockAttempt::Replaced)));
    let _new = open();
    assert!(matches!(try_lock_opened(other, &path), Ok(LockAttempt::Replaced)));
}

#[test]
fn no_two_hold_a_lock_while_a_third_clears_the_cache() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = settings("http://x");
    settings.cache.dir = Some(dir.path().to_owned());
    let busy = AtomicUsize::new(WORKERS);
    let holders = AtomicUsize::new(0);
    let clear = || {
        let patience = Duration::from_secs(600);
        while busy.load(Ordering::SeqCst) > 0 {
            super::clear(dir.path(), patience, &SystemClock::default()).unwrap();
        }
    };
    let work = || {
        let _done = Done(&busy);
        let entry = Entry::of(&settings).unwrap();
        let mut times = 0;
        while times < 500 {
            let Some(lock) = entry.try_lock().unwrap() else {
                std::thread::yield_now();
                continue;
            };
            assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "two hold it");
            lock.store(&token("t", 300)).unwrap();
            assert!(matches!(entry.read().unwrap(), Lookup::Found(_)));
            holders.fetch_sub(1, Ordering::SeqCst);
            times += 1;
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(clear);
        for _ in 0..WORKERS {
            scope.spawn(work);
        }
    });
}

const WORKERS: usize = 3;

/// Counts a worker out, also when it panics.
struct Done<'a>(&'a AtomicUsize);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Otherwise refused credentials would stop the mints of another client with the same secret.
#[test]
fn a_failure_is_read_only_under_its_own_key() {
    use crate::error::{Error, Kind};
    let dir = tempfile::tempdir().unwrap();
    let mut one = settings("http://x");
    one.cache.dir = Some(dir.path().to_owned());
    let mut other = settings("http://x");
    other.cache.dir = Some(dir.path().to_owned());
    other.issuer.scope = Some("another".into());
    let clock = SystemClock::default();
    let start = clock.read();
    let (one, other) = (Entry::of(&one).unwrap(), Entry::of(&other).unwrap());
    let lock = one.try_lock().unwrap().unwrap();
    lock.record_failure(&Error::new(Kind::CredentialsRefused, "no"), clock.read());
    assert!(one.failure_since(&start).is_some());
    let file = |entry: &Entry<'_>| entry.file().with_extension("failure");
    std::fs::copy(file(&one), file(&other)).unwrap();
    assert!(other.failure_since(&start).is_none());
    // Nor does it open as an entry.
    std::fs::copy(file(&one), one.file()).unwrap();
    assert!(matches!(one.read(), Ok(Lookup::Unusable(_))));
}
