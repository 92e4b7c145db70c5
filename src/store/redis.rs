//! A server of Redis or Valkey: one key for each record.

mod connection;
mod description;
mod faults;
mod memory_policy;
mod refusal;
mod script;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::{Cmd, Value};
use secrecy::SecretString;
use tokio::time::{Instant, timeout};

use self::connection::{CommandError, RedisConnection};
use self::script::{LuaScript, READ, SWAP};
use super::blocking::BlockingRuntime;
use super::{Observation, RecordName, Store, StoreError, StoreNote, Swap, Version};
use crate::clock::Reading;
use crate::config::{NetworkSettings, RedisLocation, StorePassword, StoreSettings};
use crate::context::{Context, timer_clock};
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
    /// The server lets this user run no script with the key, which may be read by commands.
    reads_by_commands: AtomicBool,
    known_password: Mutex<Option<SecretString>>,
}

struct ScriptRequest<'a> {
    password: Option<SecretString>,
    script: &'static LuaScript,
    command: &'a Cmd,
    /// The key of a read.
    read_key: Option<&'a str>,
    /// For opening a connection, which leaves time for saying that it took too long.
    connect_until: Instant,
}

/// The local clocks around a reply.
struct ScriptReply {
    value: Value,
    sent: Reading,
    received: Reading,
}

impl Store for RedisStore {
    fn read(&self, name: &RecordName, limit: Duration) -> Result<Observation, StoreError> {
        let key = self.key(name);
        let reply = self.run(&READ, &READ.command(&key), Some(&key), limit)?;
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
        let reply = self.run(&SWAP, &command, None, limit)?;
        match script::has_won(reply.value) {
            Some(true) => Ok(Swap::Won(version)),
            Some(false) => Ok(Swap::Lost),
            None => Err(self.not_redis()),
        }
    }

    fn description(&self) -> Vec<StoreNote> {
        description::notes(&self.location, self.password.as_ref())
    }

    fn notes(&self, limit: Duration) -> Vec<StoreNote> {
        let mut command = redis::cmd("INFO");
        command.arg("memory");
        match self.run(&READ, &command, None, limit) {
            Ok(ScriptReply { value: Value::BulkString(info), .. }) => {
                memory_policy::notes(&String::from_utf8_lossy(&info))
            }
            // A user may lack the right.
            _ => Vec::new(),
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
            reads_by_commands: AtomicBool::new(false),
            known_password: Mutex::default(),
        }
    }

    fn key(&self, name: &RecordName) -> String {
        format!("{}{name}", self.location.prefix)
    }

    fn run(
        &self,
        script: &'static LuaScript,
        command: &Cmd,
        read_key: Option<&str>,
        limit: Duration,
    ) -> Result<ScriptReply, StoreError> {
        let password = self.password()?;
        let connect_until = timer_clock() + limit.mul_f32(0.9);
        let request = ScriptRequest { password, script, command, read_key, connect_until };
        // Ends before the limit of the runtime does, which cannot tell where the time went.
        let shorter = limit.mul_f32(0.95);
        let work = async {
            let done = timeout(shorter, self.request(&request)).await;
            done.unwrap_or_else(|_| Err(self.too_slow(limit)))
        };
        self.runtime.run(limit, work)
    }

    /// Sends a request over the idle connection, and over another one if that broke meanwhile.
    /// Both scripts may run twice.
    async fn request(&self, request: &ScriptRequest<'_>) -> Result<ScriptReply, StoreError> {
        let idle = sync::lock(&self.idle).take();
        if let Some(mut connection) = idle {
            match self.send(&mut connection, request).await {
                Err(CommandError::Broken(cause)) => {
                    self.context.reporter.debug(format_args!(
                        "the connection to {} broke, and is opened again: {cause}",
                        self.location
                    ));
                }
                sent => return self.finish(connection, request, sent),
            }
        }
        let mut connection = self.connect(request).await?;
        let sent = self.send(&mut connection, request).await;
        self.finish(connection, request, sent)
    }

    async fn connect(&self, request: &ScriptRequest<'_>) -> Result<RedisConnection, StoreError> {
        let limit = request.connect_until.saturating_duration_since(timer_clock());
        let opened = self.connector.open(&self.unreachable(), limit).await;
        let transport = opened.map_err(RedisStore::explain_connect)?;
        let failed = |error| self.explain(error, request, None);
        let mut connection = RedisConnection::over(transport).await.map_err(failed)?;
        let RedisLocation { user, database, .. } = &self.location;
        let no_password = SecretString::default();
        // A user may need none.
        let password = request.password.as_ref();
        if let Some(password) = password.or_else(|| user.as_ref().map(|_| &no_password)) {
            let done = connection.authenticate(user.as_deref(), password).await;
            if done.is_err() {
                // It may have been changed: the next request reads it again.
                *sync::lock(&self.known_password) = None;
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
        request: &ScriptRequest<'_>,
    ) -> Result<ScriptReply, CommandError> {
        let sent = self.context.clock.read();
        let value = match request.read_key {
            Some(key) => self.read_by_either(connection, request.command, key).await?,
            None => connection.send(request.command).await?,
        };
        Ok(ScriptReply { value, sent, received: self.context.clock.read() })
    }

    /// Reads by the script, or by commands if the user may read the key and not write it: no
    /// script is allowed then (`%R~` in a rule).
    async fn read_by_either(
        &self,
        connection: &mut RedisConnection,
        script: &Cmd,
        key: &str,
    ) -> Result<Value, CommandError> {
        if self.reads_by_commands.load(Ordering::Relaxed) {
            return script::read_by_commands(connection, key).await;
        }
        match connection.send(script).await {
            Err(CommandError::Refused(words)) if refusal::is_about_keys(&words) => {
                let read = script::read_by_commands(connection, key).await;
                self.reads_by_commands.store(read.is_ok(), Ordering::Relaxed);
                read.map_err(|_| CommandError::Refused(words))
            }
            replied => replied,
        }
    }

    fn finish(
        &self,
        connection: RedisConnection,
        request: &ScriptRequest<'_>,
        sent: Result<ScriptReply, CommandError>,
    ) -> Result<ScriptReply, StoreError> {
        let reply = sent.map_err(|error| self.explain(error, request, Some(request.script)))?;
        *sync::lock(&self.idle) = Some(connection);
        Ok(reply)
    }

    /// Returns the password, which is read for the first connection.
    fn password(&self) -> Result<Option<SecretString>, StoreError> {
        let Some(password) = &self.password else {
            return Ok(None);
        };
        let mut known = sync::lock(&self.known_password);
        if known.is_none() {
            *known = Some(password.get(&self.context).map_err(|error| self.unusable(error))?);
        }
        Ok(known.clone())
    }
}
