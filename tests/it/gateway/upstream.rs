//! An API of the test's own: it writes down what comes, and answers as it is
//! told. It reads strictly, so that what it cannot read was not well-formed.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A running server. Its threads end with the process.
pub(crate) struct Upstream {
    pub(crate) port: u16,
    log: Arc<Log>,
}

/// A request, as far as it has come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// `GET /x HTTP/1.1`.
    pub(crate) line: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(String, String)>,
    /// The request was complete.
    pub(crate) whole: bool,
}

/// A request that waits for its answer.
pub(crate) struct Call {
    /// Its head.
    pub(crate) seen: Seen,
    stream: BufReader<TcpStream>,
    log: Arc<Log>,
    index: usize,
    body: Length,
    leaves: bool,
}

#[derive(Default)]
struct Log {
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
    open: AtomicUsize,
}

/// The remaining length of a body.
#[derive(Clone, Copy, PartialEq)]
enum Length {
    Known(usize),
    Chunked,
    Done,
}

impl Upstream {
    /// Has each request answered by `answer`, which may leave the body
    /// unread: then that is done for it.
    pub(crate) fn start(answer: impl Fn(&mut Call) + Send + Sync + 'static) -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Log::default());
        let (kept, answer) = (log.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (log, answer) = (log.clone(), answer.clone());
                log.connections.fetch_add(1, Ordering::SeqCst);
                log.open.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    // The other end may go at any time.
                    let _ = serve(stream.unwrap(), &log, &*answer);
                    log.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Upstream { port, log: kept }
    }

    /// Answers all with 200 and `ok`, once the body has come.
    pub(crate) fn willing() -> Upstream {
        Upstream::start(|call| {
            call.read();
            call.reply(ok("ok"));
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Requests, in the order of their first bytes.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.log.seen.lock().unwrap().clone()
    }

    /// The only request.
    pub(crate) fn one(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:#?}");
        seen[0].clone()
    }

    /// Number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.log.connections.load(Ordering::SeqCst)
    }

    /// Number of open connections.
    pub(crate) fn open(&self) -> usize {
        self.log.open.load(Ordering::SeqCst)
    }
}

impl Seen {
    /// The values of a field, joined.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        field(&self.fields, name)
    }

    /// The token that it presents.
    pub(crate) fn token(&self) -> String {
        let value = self.field("authorization").unwrap_or_default();
        value.strip_prefix("Bearer ").unwrap_or_default().to_owned()
    }
}

impl Call {
    /// Reads the body to its end, or to where the other side left.
    pub(crate) fn read(&mut self) {
        while self.piece().is_some() {}
    }

    /// The next piece of the body.
    pub(crate) fn piece(&mut self) -> Option<Vec<u8>> {
        let piece = match self.body {
            Length::Done => return None,
            Length::Known(0) => Ok(None),
            Length::Known(left) => self.some_of(left).map(Some),
            Length::Chunked => self.chunk(),
        };
        match piece {
            Ok(Some(piece)) => {
                self.note(|seen| seen.body.extend_from_slice(&piece));
                Some(piece)
            }
            Ok(None) => {
                self.body = Length::Done;
                self.note(|seen| seen.whole = true);
                None
            }
            Err(_) => {
                self.body = Length::Done;
                self.leaves = true;
                None
            }
        }
    }

    /// Sends these bytes.
    pub(crate) fn reply(&mut self, bytes: impl AsRef<[u8]>) {
        self.leaves |= self.stream.get_mut().write_all(bytes.as_ref()).is_err();
    }

    /// Closes the connection after this.
    pub(crate) fn leave(&mut self) {
        self.leaves = true;
    }

    /// Closes the connection at once, so that the other side sees a reset.
    pub(crate) fn reset(&mut self) {
        rustix::net::sockopt::set_socket_linger(
            self.stream.get_ref(),
            Some(std::time::Duration::ZERO),
        )
        .unwrap();
        self.leaves = true;
    }

    /// Waits until more of the request comes.
    pub(crate) fn wait_for_byte(&mut self) {
        self.leaves |= self.stream.fill_buf().is_err();
    }

    fn some_of(&mut self, left: usize) -> io::Result<Vec<u8>> {
        let there = self.stream.fill_buf()?;
        let piece = there[..there.len().min(left)].to_vec();
        if piece.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.stream.consume(piece.len());
        self.body = Length::Known(left - piece.len());
        Ok(piece)
    }

    fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let size = line(&mut self.stream)?.ok_or(ErrorKind::UnexpectedEof)?;
        let size = usize::from_str_radix(&size, 16).map_err(|_| malformed("a chunk's size"))?;
        if size == 0 {
            let trailers = fields(&mut self.stream)?;
            self.note(|seen| seen.trailers = trailers);
            return Ok(None);
        }
        let mut piece = vec![0; size];
        self.stream.read_exact(&mut piece)?;
        match line(&mut self.stream)?.as_deref() {
            Some("") => Ok(Some(piece)),
            _ => Err(malformed("a chunk's end")),
        }
    }

    fn note(&self, what: impl FnOnce(&mut Seen)) {
        what(&mut self.log.seen.lock().unwrap()[self.index]);
    }
}

/// A reply with a body of this text.
pub(crate) fn ok(text: &str) -> String {
    reply("200 OK", "", text)
}

/// A reply with these header fields, each with its line's end.
pub(crate) fn reply(status: &str, fields: &str, text: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\n\r\n{text}", text.len())
}

/// The API's refusal of a token.
pub(crate) fn refusal() -> String {
    reply("401 Unauthorized", "X-Of: upstream\r\n", "{\"code\":\"bad.credentials\"}")
}

/// The values of a field, joined.
pub(crate) fn field(fields: &[(String, String)], name: &str) -> Option<String> {
    let of_name = fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
    let values: Vec<_> = of_name.map(|(_, value)| value.as_str()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

fn serve(stream: TcpStream, log: &Arc<Log>, answer: &dyn Fn(&mut Call)) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let Some(first) = line(&mut stream)? else {
            return Ok(());
        };
        let index = {
            let mut seen = log.seen.lock().unwrap();
            seen.push(Seen { line: first.clone(), ..Seen::default() });
            seen.len() - 1
        };
        let fields = fields(&mut stream)?;
        let body = match (field(&fields, "content-length"), field(&fields, "transfer-encoding")) {
            (None, None) => Length::Known(0),
            (Some(length), None) => {
                Length::Known(length.parse().map_err(|_| malformed("Content-Length"))?)
            }
            (None, Some(coding)) if coding == "chunked" => Length::Chunked,
            _ => return Err(malformed("two lengths")),
        };
        let seen = Seen { line: first, fields, whole: body == Length::Known(0), ..Seen::default() };
        log.seen.lock().unwrap()[index] = seen.clone();
        let mut call = Call { seen, stream, log: log.clone(), index, body, leaves: false };
        answer(&mut call);
        call.read();
        if call.leaves {
            let reset = rustix::net::sockopt::socket_linger(call.stream.get_ref())?.is_some();
            if !reset {
                // An orderly end, not a reset for what was not read.
                let _ = call.stream.get_ref().shutdown(Shutdown::Write);
            }
            return Ok(());
        }
        stream = call.stream;
    }
}

fn fields(stream: &mut impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut fields = Vec::new();
    loop {
        let line = line(stream)?.ok_or(ErrorKind::UnexpectedEof)?;
        if line.is_empty() {
            return Ok(fields);
        }
        let (name, value) = line.split_once(':').ok_or_else(|| malformed("a field"))?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if name.is_empty() || !name.bytes().all(plain) {
            return Err(malformed("a field's name"));
        }
        fields.push((name.to_owned(), value.trim().to_owned()));
    }
}

/// A line without its end; `None` at the end of the stream.
fn line(stream: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    if stream.read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    let line = bytes.strip_suffix(b"\r\n").ok_or_else(|| malformed("a line's end"))?;
    if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err(malformed("a line"));
    }
    Ok(Some(String::from_utf8_lossy(line).into_owned()))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.to_owned())
}
