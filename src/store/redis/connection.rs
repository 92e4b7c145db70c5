//! One connection to a server, with its user and database.

use std::error::Error as _;
use std::io;
use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, ErrorKind, RedisConnectionInfo, RedisError, Value, cmd};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncReadExt;

use crate::net::Transport;

pub(super) struct RedisConnection(MultiplexedConnection);

/// A command without a usable reply.
#[derive(Debug)]
pub(super) enum CommandError {
    /// The server's own words: a code in capitals, and a sentence.
    Refused(String),
    /// The connection broke, or was closed.
    Broken(String),
    /// An alert after the handshake: with TLS 1.3 a server judges client certificates then.
    Tls(rustls::Error),
    /// The reply follows another protocol.
    NotRedis,
}

/// A server that sends more than this over one connection is none of ours; a process that runs
/// for weeks opens another one then.
const MAX_CONNECTION_BYTES: u64 = 16 << 20;

impl RedisConnection {
    /// Speaks RESP2 and sends nothing by itself: neither `HELLO` nor `CLIENT SETINFO`, for
    /// which a user may lack the rights.
    pub(super) async fn over(transport: Transport) -> Result<RedisConnection, CommandError> {
        let (read, write) = tokio::io::split(transport);
        let stream = tokio::io::join(read.take(MAX_CONNECTION_BYTES), write);
        let info = RedisConnectionInfo::default().set_skip_set_lib_name();
        // Callers have limits of their own.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let (connection, driver) =
            MultiplexedConnection::new_with_config(&info, stream, config).await?;
        tokio::spawn(driver);
        Ok(RedisConnection(connection))
    }

    /// Without a user, the password is that of the default user.
    pub(super) async fn authenticate(
        &mut self,
        user: Option<&str>,
        password: &SecretString,
    ) -> Result<(), CommandError> {
        let mut auth = cmd("AUTH");
        auth.arg(user).arg(password.expose_secret());
        self.send(&auth).await.map(|_| ())
    }

    pub(super) async fn select(&mut self, database: u32) -> Result<(), CommandError> {
        self.send(cmd("SELECT").arg(database)).await.map(|_| ())
    }

    pub(super) async fn send(&mut self, command: &Cmd) -> Result<Value, CommandError> {
        match self.0.send_packed_command(command).await? {
            Value::ServerError(error) => {
                let words = match error.details() {
                    Some(details) => format!("{} {details}", error.code()),
                    None => error.code().to_owned(),
                };
                Err(CommandError::Refused(words))
            }
            value => Ok(value),
        }
    }
}

impl From<RedisError> for CommandError {
    fn from(error: RedisError) -> CommandError {
        const CLOSED: &str = "the connection was closed before a complete reply";
        if let Some(fault) = tls_fault(&error) {
            return CommandError::Tls(fault);
        }
        match error.kind() {
            // The parser fails in this way at the end of a stream, too.
            ErrorKind::Parse if !error.to_string().contains("end of input") => {
                CommandError::NotRedis
            }
            ErrorKind::Io => {
                let source = error.source().map(ToString::to_string);
                CommandError::Broken(source.unwrap_or_else(|| CLOSED.to_owned()))
            }
            _ => CommandError::Broken(CLOSED.to_owned()),
        }
    }
}

fn tls_fault(error: &RedisError) -> Option<rustls::Error> {
    let shared = error.source()?.downcast_ref::<Arc<dyn std::error::Error + Send + Sync>>()?;
    let error = shared.downcast_ref::<io::Error>()?;
    error.get_ref()?.downcast_ref().cloned()
}
