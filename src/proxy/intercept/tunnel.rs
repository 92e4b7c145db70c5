//! Copies the bytes of a tunnel in both directions.

use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::time::timeout;

/// The longest silence of one side after the other has closed: TCP does not tell a
/// half-closed connection from one that is gone.
const HALF_CLOSED_TIMEOUT: Duration = Duration::from_secs(60);

/// For each direction.
const BUFFER_SIZE: usize = 16 << 10;

/// Returns once both sides have closed, one connection breaks, or one side has closed and
/// the other is silent. Calls `on_half_closed` when the first side closes.
pub(super) async fn copy_bidirectional(
    client: impl AsyncRead + AsyncWrite,
    server: impl AsyncRead + AsyncWrite,
    on_half_closed: impl FnOnce(),
) {
    let (from_client, to_client) = split(client);
    let (from_server, to_server) = split(server);
    let progress = AtomicU64::new(0);
    let mut up = pin!(copy(from_client, to_server, &progress));
    let mut down = pin!(copy(from_server, to_client, &progress));
    let first = tokio::select! {
        first = &mut up => first.map(|()| true),
        first = &mut down => first.map(|()| false),
    };
    let Ok(client_has_closed) = first else {
        return;
    };
    on_half_closed();
    if client_has_closed {
        until_silent(down, &progress).await;
    } else {
        until_silent(up, &progress).await;
    }
}

async fn until_silent(mut copying: impl Future + Unpin, progress: &AtomicU64) {
    loop {
        let before = progress.load(Ordering::Relaxed);
        if timeout(HALF_CLOSED_TIMEOUT, &mut copying).await.is_ok()
            || progress.load(Ordering::Relaxed) == before
        {
            return;
        }
    }
}

/// Copies until `from` is closed, and closes `to`.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    progress: &AtomicU64,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_SIZE];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..count]).await?;
        to.flush().await?;
        progress.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;
    use tokio::time::sleep;

    use super::*;
    use crate::context::timer_clock;

    #[tokio::test(start_paused = true)]
    async fn a_side_that_has_closed_still_receives_the_response() {
        let (mut client, near) = duplex(1 << 10);
        let (far, mut server) = duplex(1 << 10);
        let tunnel = tokio::spawn(copy_bidirectional(near, far, || {}));
        client.write_all(b"question").await.unwrap();
        client.shutdown().await.unwrap();
        let mut question = String::new();
        server.read_to_string(&mut question).await.unwrap();
        assert_eq!(question, "question");
        // Each pause is shorter than the timeout.
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
    async fn a_silent_side_is_given_up_after_the_other_has_closed() {
        for client_closes in [true, false] {
            let (client, near) = duplex(1 << 10);
            let (far, server) = duplex(1 << 10);
            let mut ends = [Some(client), Some(server)];
            drop(ends[usize::from(!client_closes)].take());
            let start = timer_clock();
            let mut called = false;
            copy_bidirectional(near, far, || called = true).await;
            assert!(called);
            assert_eq!(start.elapsed().as_secs(), 60);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_alone_does_not_close_a_tunnel() {
        let (mut client, near) = duplex(1 << 10);
        let (far, mut server) = duplex(1 << 10);
        let _tunnel = tokio::spawn(copy_bidirectional(near, far, || {}));
        sleep(HALF_CLOSED_TIMEOUT * 100).await;
        client.write_all(b"x").await.unwrap();
        assert_eq!(server.read_u8().await.unwrap(), b'x');
    }
}
