//! Connections that are passed on byte for byte.

use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::time::timeout;

/// The time that the other side may be silent once one side has closed: TCP does not
/// tell a half-closed connection from one that has gone.
const HALF_CLOSED_TIMEOUT: Duration = Duration::from_secs(60);

/// The bytes that may be under way in one direction.
const BUFFER: usize = 16 << 10;

/// Copies in both directions, until both sides have closed, one of them is lost,
/// or one has closed and the other is silent. `closed` is called when the first
/// side has closed.
pub(super) async fn pass(
    client: impl AsyncRead + AsyncWrite,
    server: impl AsyncRead + AsyncWrite,
    closed: impl FnOnce(),
) {
    let (from_client, to_client) = split(client);
    let (from_server, to_server) = split(server);
    let moved = AtomicU64::new(0);
    let mut up = pin!(copy(from_client, to_server, &moved));
    let mut down = pin!(copy(from_server, to_client, &moved));
    let first = tokio::select! {
        first = &mut up => first.map(|()| true),
        first = &mut down => first.map(|()| false),
    };
    let Ok(client_has_closed) = first else {
        return;
    };
    closed();
    match client_has_closed {
        true => until_silent(down, &moved).await,
        false => until_silent(up, &moved).await,
    }
}

async fn until_silent(mut rest: impl Future + Unpin, moved: &AtomicU64) {
    loop {
        let before = moved.load(Ordering::Relaxed);
        if timeout(HALF_CLOSED_TIMEOUT, &mut rest).await.is_ok()
            || moved.load(Ordering::Relaxed) == before
        {
            return;
        }
    }
}

/// Copies to the end, and passes that on.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    moved: &AtomicU64,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..count]).await?;
        to.flush().await?;
        moved.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;
    use tokio::time::sleep;

    use super::*;
    use crate::context::timer_clock;

    #[tokio::test(start_paused = true)]
    async fn who_closes_is_answered_while_the_other_side_speaks() {
        let (mut client, near) = duplex(1 << 10);
        let (far, mut server) = duplex(1 << 10);
        let tunnel = tokio::spawn(pass(near, far, || {}));
        client.write_all(b"question").await.unwrap();
        client.shutdown().await.unwrap();
        let mut asked = String::new();
        server.read_to_string(&mut asked).await.unwrap();
        assert_eq!(asked, "question");
        // It takes its time, though never too long.
        for piece in ["an", "sw", "er"] {
            sleep(HALF_CLOSED_TIMEOUT - Duration::from_secs(1)).await;
            server.write_all(piece.as_bytes()).await.unwrap();
        }
        drop(server);
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "answer");
        tunnel.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_side_that_has_gone_is_not_waited_for() {
        for client_goes in [true, false] {
            let (client, near) = duplex(1 << 10);
            let (far, server) = duplex(1 << 10);
            let mut ends = [Some(client), Some(server)];
            drop(ends[usize::from(!client_goes)].take());
            let begun = timer_clock();
            let mut told = false;
            pass(near, far, || told = true).await;
            assert!(told);
            assert_eq!(begun.elapsed(), HALF_CLOSED_TIMEOUT);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_alone_ends_nothing() {
        let (mut client, near) = duplex(1 << 10);
        let (far, mut server) = duplex(1 << 10);
        let _tunnel = tokio::spawn(pass(near, far, || {}));
        sleep(HALF_CLOSED_TIMEOUT * 100).await;
        client.write_all(b"x").await.unwrap();
        assert_eq!(server.read_u8().await.unwrap(), b'x');
    }
}
