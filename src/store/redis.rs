//! A server of Redis or Valkey: one key for each record.

mod connection;
mod refusal;
mod script;

use std::sync::Mutex;
use std::time::Duration;

use redis::{Cmd, Value};
use secrecy::SecretString;
use tokio::time::timeout;

use self::connection::{CommandError, RedisConnection};
use self::refusal::{Refusal, shown};
use self::script::{READ, SWAP, Script};
use super::blocking::BlockingRuntime;
use super::{Observation, RecordName, Store, StoreError, StoreFault, Swap, Version};
use crate::clock::Reading;
use crate::config::{NetworkSettings, RedisLocation, StorePassword, StoreSettings};
use crate::context::Context;
use crate::error::Error;
use crate::net::StreamConnector;
use crate::sync;

/// Connects with the first request, and keeps the connection.
pub(super) struct RedisStore {
    location: RedisLocation,
    password: Option<StorePassword>,
    connector: StreamConnector,
    context: Context,
    runtime: BlockingRuntime,
    idle: Mutex<Option<RedisConnection>>,
    secret: Mutex<Option<SecretString>>,
}

struct Request<'a> {
    script: &'static Script,
    command: &'a Cmd,
    limit: Duration,
}

/// The local clocks around a reply.
struct Reply {
    value: Value,
    sent: Reading,
    received: Reading,
}

impl Store for RedisStore {
    fn read(&self, name: &RecordName, limit: Duration) -> Result<Observation, StoreError> {
        let command = READ.command(&self.key(name));
        let reply = self.run(&Request { script: &READ, command: &command, limit })?;
        script::observation(reply.value, &reply.sent, &reply.received)
            .ok_or_else(|| self.not_redis())
    }

    fn swap(
        &self,
        name: &RecordName,
        expected: &Version,
        record: &[u8],
        keep: Duration,
        limit: Duration,
    ) -> Result<Swap, StoreError> {
        let command = script::swap_command(&self.key(name), expected, record, keep);
        let Some((command, version)) = command.map_err(|error| self.unusable(error))? else {
            return Ok(Swap::Lost);
        };
        let reply = self.run(&Request { script: &SWAP, command: &command, limit })?;
        match script::has_won(reply.value) {
            Some(true) => Ok(Swap::Won(version)),
            Some(false) => Ok(Swap::Lost),
            None => Err(self.not_redis()),
        }
    }
}

impl RedisStore {
    pub(super) fn new(
        location: &RedisLocation,
        settings: &StoreSettings,
        network: &NetworkSettings,
        context: &Context,
    ) -> RedisStore {
        let host = format!("{}:{}", location.url_host(), location.port);
        RedisStore {
            location: location.clone(),
            password: settings.password.clone(),
            connector: StreamConnector::to_redis(host, location.tls, network, context),
            context: context.clone(),
            runtime: BlockingRuntime::default(),
            idle: Mutex::default(),
            secret: Mutex::default(),
        }
    }

    fn key(&self, name: &RecordName) -> String {
        format!("{}{name}", self.location.prefix)
    }

    fn run(&self, request: &Request<'_>) -> Result<Reply, StoreError> {
        let secret = self.secret()?;
        // Ends before the limit of the runtime does, which cannot tell where the time went.
        let limit = request.limit.mul_f32(0.95);
        let work = async {
            let done = timeout(limit, self.request(request, secret.as_ref())).await;
            done.unwrap_or_else(|_| Err(self.too_slow(request.limit)))
        };
        self.runtime.run(request.limit, work)
    }

    /// Sends a request over the idle connection, and over another one if that broke meanwhile.
    /// Both scripts may run twice.
    async fn request(
        &self,
        request: &Request<'_>,
        secret: Option<&SecretString>,
    ) -> Result<Reply, StoreError> {
        let idle = sync::lock(&self.idle).take();
        if let Some(mut connection) = idle {
            match self.send(&mut connection, request.command).await {
                Err(CommandError::Broken(cause)) => {
                    self.context.reporter.debug(format_args!(
                        "the connection to {} broke, and is opened again: {cause}",
                        shown(&self.location)
                    ));
                }
                sent => return self.finish(connection, request, sent),
            }
        }
        let mut connection = self.connect(request, secret).await?;
        let sent = self.send(&mut connection, request.command).await;
        self.finish(connection, request, sent)
    }

    async fn connect(
        &self,
        request: &Request<'_>,
        secret: Option<&SecretString>,
    ) -> Result<RedisConnection, StoreError> {
        let message = format!("the store {} cannot be reached", shown(&self.location));
        // Connecting leaves time for saying that it took too long.
        let limit = request.limit.mul_f32(0.9);
        let transport = self.connector.open(&message, limit).await.map_err(|failure| {
            let fault = if failure.is_transient {
                StoreFault::Unavailable
            } else {
                StoreFault::Misconfigured
            };
            let StoreError { fault, error } = StoreError::new(fault, "");
            StoreError { fault, error: Error { kind: error.kind, ..failure.error } }
        })?;
        let failed = |error| self.explain(error, request, None);
        let mut connection = RedisConnection::over(transport).await.map_err(failed)?;
        let RedisLocation { user, database, .. } = &self.location;
        let no_password = SecretString::default();
        // A user may need none.
        if let Some(secret) = secret.or_else(|| user.as_ref().map(|_| &no_password)) {
            let done = connection.authenticate(user.as_deref(), secret).await;
            if done.is_err() {
                // It may have been changed: the next request reads it again.
                *sync::lock(&self.secret) = None;
            }
            done.map_err(failed)?;
        }
        if *database != 0 {
            connection.select(*database).await.map_err(failed)?;
        }
        Ok(connection)
    }

    async fn send(
        &self,
        connection: &mut RedisConnection,
        command: &Cmd,
    ) -> Result<Reply, CommandError> {
        let sent = self.context.clock.read();
        let value = connection.send(command).await?;
        Ok(Reply { value, sent, received: self.context.clock.read() })
    }

    fn finish(
        &self,
        connection: RedisConnection,
        request: &Request<'_>,
        sent: Result<Reply, CommandError>,
    ) -> Result<Reply, StoreError> {
        let reply = sent.map_err(|error| self.explain(error, request, Some(request.script)))?;
        *sync::lock(&self.idle) = Some(connection);
        Ok(reply)
    }

    /// Returns the password, which is read for the first connection.
    fn secret(&self) -> Result<Option<SecretString>, StoreError> {
        let Some(password) = &self.password else {
            return Ok(None);
        };
        let mut known = sync::lock(&self.secret);
        if known.is_none() {
            *known = Some(password.get(&self.context).map_err(|error| self.unusable(error))?);
        }
        Ok(known.clone())
    }

    fn explain(
        &self,
        error: CommandError,
        request: &Request<'_>,
        script: Option<&'static Script>,
    ) -> StoreError {
        match error {
            CommandError::Refused(words) => {
                let refusal = Refusal {
                    location: &self.location,
                    password: self.password.as_ref().map(StorePassword::origin),
                    is_write: std::ptr::eq(request.script, &SWAP),
                    script,
                };
                refusal.explain(&words)
            }
            CommandError::Broken(cause) => {
                let store = shown(&self.location);
                StoreError::new(
                    StoreFault::Unavailable,
                    format!("the store {store} does not answer"),
                )
                .with_cause(cause)
                .with_hint(self.protocol_hint())
            }
            CommandError::NotRedis => self.not_redis(),
        }
    }

    fn not_redis(&self) -> StoreError {
        let message = format!("the store {} does not speak Redis", shown(&self.location));
        StoreError::new(StoreFault::Misconfigured, message)
            .with_cause("its reply follows another protocol")
            .with_hint(self.protocol_hint())
    }

    fn protocol_hint(&self) -> &'static str {
        if self.location.tls {
            "check the host and the port"
        } else {
            "check the host and the port; if it speaks TLS there, the location begins with rediss:"
        }
    }

    fn too_slow(&self, limit: Duration) -> StoreError {
        let message = format!("the store {} does not answer", shown(&self.location));
        StoreError::new(StoreFault::Unavailable, message)
            .with_cause(format!("no response within {limit:.1?}"))
            .with_hint("check the server, or allow more time with --store-timeout")
    }

    /// Passes on an error that has nothing to do with the server.
    fn unusable(&self, error: Error) -> StoreError {
        StoreError { fault: StoreFault::Misconfigured, error }
    }
}
