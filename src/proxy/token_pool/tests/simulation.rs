//! Clients whose calls go through a pool as those of the proxy do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::cloud::{CloudBackend, FakeCloud};
use crate::config::PoolSettings;
use crate::context::timer_clock;
use crate::proxy::token_pool::{
    AcquiredToken, Acquisition, RateLimitCause, Rejection, RequestScope, TokenPool, growth,
};
use crate::proxy::token_source::TokenBackend;
use crate::proxy::token_source::tests::run_context;

/// The time that one call takes at the API.
const CALL_TIME: Duration = Duration::from_millis(70);

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) ok: u32,
    pub(super) rate_limited: u32,
    pub(super) unauthorized: u32,
    pub(super) time: Duration,
    pub(super) longest_call: Duration,
}

/// Starts a pool of a process of its own.
pub(super) fn start_pool(cloud: &Arc<FakeCloud>, settings: PoolSettings) -> Arc<TokenPool> {
    let backend = |cloud: &Arc<FakeCloud>, slot| -> Arc<dyn TokenBackend> {
        Arc::new(CloudBackend::new(cloud, slot))
    };
    let first = backend(cloud, 0);
    let token = first.get_token(None).unwrap().token;
    let backends = {
        let cloud = cloud.clone();
        Box::new(move |slot| backend(&cloud, slot))
    };
    let run = run_context(cloud.clock.clone());
    let pool = TokenPool::new(settings, backends, first, token, run);
    tokio::spawn(growth::maintain(Arc::downgrade(&pool), pool.shared_source.clone(), 0));
    pool
}

/// Sends `calls` to `path` by several workers.
pub(super) async fn run(
    pool: &Arc<TokenPool>,
    cloud: &Arc<FakeCloud>,
    path: &'static str,
    calls: u32,
    workers: usize,
) -> Outcome {
    let left = Arc::new(AtomicU32::new(calls));
    let start = timer_clock();
    let worker = || {
        let (pool, cloud, left) = (pool.clone(), cloud.clone(), left.clone());
        tokio::spawn(async move {
            let mut statuses = Vec::new();
            while left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_ok()
            {
                let begun = timer_clock();
                let status = call(&pool, &cloud, path).await;
                statuses.push((status, begun.elapsed()));
            }
            statuses
        })
    };
    let workers: Vec<_> = (0..workers).map(|_| worker()).collect();
    let mut statuses = Vec::new();
    for worker in workers {
        statuses.extend(worker.await.unwrap());
    }
    let count = |status| statuses.iter().filter(|(one, _)| *one == status).count() as u32;
    Outcome {
        ok: count(200),
        rate_limited: count(429),
        unauthorized: count(401),
        time: start.elapsed(),
        longest_call: statuses.iter().map(|(_, time)| *time).max().unwrap_or_default(),
    }
}

/// Returns the status that the client gets, as `ReverseProxy::retry_refused` does.
async fn call(pool: &Arc<TokenPool>, cloud: &FakeCloud, path: &'static str) -> u16 {
    let mut waited = Duration::ZERO;
    let mut before = None;
    let Some(mut token) = acquire(pool, &mut waited).await else {
        return 429;
    };
    let mut is_replaced = false;
    loop {
        tokio::time::sleep(CALL_TIME).await;
        let (status, reset) = cloud.call(path, token.token.token.access_token.expose());
        let next = match status {
            200 => {
                pool.note_accepted(&mut token);
                None
            }
            401 if !pool.is_worth_replacing(&token).await => acquire(pool, &mut waited).await,
            401 if !std::mem::replace(&mut is_replaced, true) => {
                pool.replace_rejected(&token).await.or_else(|| pool.other_than(&token.source))
            }
            429 => {
                let scope = RequestScope::of_service(&hyper::Method::GET, path);
                let before = before.as_ref();
                let rejection =
                    Rejection { token: &token, scope: &scope, named_cause: None, reset, before };
                match pool.judge(&rejection).await {
                    RateLimitCause::Token => acquire(pool, &mut waited).await,
                    RateLimitCause::Shared => None,
                }
            }
            _ => None,
        };
        match next {
            Some(next) => before = Some(std::mem::replace(&mut token, next)),
            None => return status,
        }
    }
}

async fn acquire(pool: &Arc<TokenPool>, waited: &mut Duration) -> Option<AcquiredToken> {
    match pool.acquire_now(&pool.run.clock.read()) {
        Some(Acquisition::Acquired(token)) => return Some(token),
        Some(Acquisition::Expired(member)) => return Some(pool.refreshed(member).await),
        Some(Acquisition::Busy(_)) | None => {}
    }
    let begun = timer_clock();
    let acquired = pool.acquire_within(pool.rate_wait().saturating_sub(*waited)).await;
    *waited += begun.elapsed();
    acquired.ok()
}
