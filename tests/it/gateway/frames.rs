//! A host that speaks HTTP/2, frame by frame (RFC 9113 sections 4 and 6): it ends
//! connections and streams at moments that a library would not choose.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::server::{listen, tls};

/// A running host.
pub(crate) struct Host {
    pub(crate) port: u16,
    /// Its own certificate, which is to be trusted.
    pub(crate) pem: String,
    log: Arc<Log>,
}

/// The server's behaviour at the end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Answers,
    /// Begins with no request of this connection from this one on.
    SaysGoodbye,
    /// Has not begun with this one.
    Refuses,
    /// May have carried it out.
    Breaks,
    /// Takes its time.
    Waits,
    /// Is not heard of any more over this connection.
    Vanishes,
}

struct Log {
    connections: AtomicUsize,
    moods: Mutex<VecDeque<Mood>>,
    bodies: Mutex<Vec<String>>,
}

const PREFACE: usize = 24;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A setting (section 6.5.2).
const MAX_CONCURRENT_STREAMS: u16 = 3;

const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;

/// `:status: 200`, of the static table (RFC 7541 appendix A).
const STATUS_200: u8 = 0x88;

impl Host {
    /// Starts a server that applies one behaviour to each request, and then responds normally.
    pub(crate) fn start(moods: Vec<Mood>) -> Host {
        Host::taking(None, moods)
    }

    /// Limits the number of concurrent streams of a connection.
    pub(crate) fn taking(streams: Option<u32>, moods: Vec<Mood>) -> Host {
        Host::greeting(streams, false, moods)
    }

    /// Sends GOAWAY as the first frame of its first connection, for which the first request has
    /// waited.
    pub(crate) fn leaving_at_once() -> Host {
        Host::greeting(None, true, Vec::new())
    }

    fn greeting(streams: Option<u32>, leaves: bool, moods: Vec<Mood>) -> Host {
        let (tls, pem) = tls("localhost");
        let log = Arc::new(Log {
            connections: AtomicUsize::new(0),
            moods: Mutex::new(moods.into()),
            bodies: Mutex::default(),
        });
        let kept = log.clone();
        let port = listen(move |stream| {
            let (tls, log) = (tls.clone(), kept.clone());
            async move {
                let mut stream = tls.accept(stream).await?;
                let is_first = log.connections.fetch_add(1, Ordering::SeqCst) == 0;
                if leaves && is_first {
                    return leave(&mut stream).await;
                }
                serve(stream, streams, &log).await
            }
        });
        Host { port, pem, log }
    }

    /// Request bodies, in the order of the requests.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.log.bodies.lock().unwrap().clone()
    }

    /// Number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.log.connections.load(Ordering::SeqCst)
    }
}

/// Longer than a client waits for the settings before it sends its first request.
const SILENCE: Duration = Duration::from_millis(1_500);

async fn leave(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    stream.read_exact(&mut [0; PREFACE]).await?;
    tokio::time::sleep(SILENCE).await;
    let goodbye = [frame(SETTINGS, 0, 0, &[]), Mood::SaysGoodbye.reply(1)].concat();
    stream.write_all(&goodbye).await?;
    stream.flush().await?;
    // Until the client has gone.
    stream.read_to_end(&mut Vec::new()).await.map(drop)
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    streams: Option<u32>,
    log: &Log,
) -> io::Result<()> {
    stream.read_exact(&mut [0; PREFACE]).await?;
    let limit = streams.map(|streams| {
        [&MAX_CONCURRENT_STREAMS.to_be_bytes()[..], &streams.to_be_bytes()].concat()
    });
    stream.write_all(&frame(SETTINGS, 0, 0, &limit.unwrap_or_default())).await?;
    let mut bodies = HashMap::<u32, Vec<u8>>::new();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let (kind, flags) = (head[3], head[4]);
        let id = u32::from_be_bytes(head[5..].try_into().unwrap());
        let mut payload = vec![0; length as usize];
        stream.read_exact(&mut payload).await?;
        match kind {
            SETTINGS if flags & ACK == 0 => stream.write_all(&frame(SETTINGS, ACK, 0, &[])).await?,
            PING if flags & ACK == 0 => stream.write_all(&frame(PING, ACK, 0, &payload)).await?,
            HEADERS => drop(bodies.insert(id, Vec::new())),
            DATA => bodies.entry(id).or_default().extend_from_slice(&payload),
            _ => {}
        }
        if [HEADERS, DATA].contains(&kind) && flags & END_STREAM != 0 {
            let body = bodies.remove(&id).unwrap();
            log.bodies.lock().unwrap().push(String::from_utf8(body).unwrap());
            let mood = log.moods.lock().unwrap().pop_front().unwrap_or(Mood::Answers);
            if mood == Mood::Vanishes {
                return std::future::pending().await;
            }
            stream.write_all(&mood.reply(id)).await?;
        }
        stream.flush().await?;
    }
}

impl Mood {
    /// To the request of this stream.
    fn reply(self, id: u32) -> Vec<u8> {
        let reset = |reason: u32| frame(RST_STREAM, 0, id, &reason.to_be_bytes());
        match self {
            Mood::Answers => frame(HEADERS, END_HEADERS | END_STREAM, id, &[STATUS_200]),
            Mood::SaysGoodbye => {
                let last = id.saturating_sub(2);
                frame(GOAWAY, 0, 0, &[last.to_be_bytes(), NO_ERROR.to_be_bytes()].concat())
            }
            Mood::Refuses => reset(REFUSED_STREAM),
            Mood::Breaks => reset(INTERNAL_ERROR),
            Mood::Waits | Mood::Vanishes => Vec::new(),
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
