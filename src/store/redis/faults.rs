//! Explains what goes wrong with a server.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::connection::CommandError;
use super::refusal::{self, RefusedCommand};
use super::script::{LuaScript, SWAP};
use super::{RedisStore, ScriptRequest};
use crate::config::StorePassword;
use crate::error::Error;
use crate::net::RequestError;
use crate::sanitize::Secrets;
use crate::store::{StoreError, StoreFault};

impl RedisStore {
    pub(super) fn explain(
        &self,
        error: CommandError,
        request: &ScriptRequest<'_>,
        script: Option<&'static LuaScript>,
    ) -> StoreError {
        match error {
            CommandError::Refused(words) => {
                // Some errors quote the arguments of a command.
                let mut secrets = Secrets::default();
                let password = request.password.as_ref().map(SecretString::expose_secret);
                secrets.add(password.unwrap_or_default());
                let refusal = RefusedCommand {
                    location: &self.location,
                    password: self.password.as_ref().map(StorePassword::origin),
                    is_write: std::ptr::eq(request.script, &SWAP),
                    script,
                };
                let mut explained = refusal.explain(&words);
                let cause = explained.error.cause.unwrap_or_default();
                explained.error.cause = Some(refusal::without_secrets(&cause, &secrets));
                explained
            }
            CommandError::Broken(cause) => {
                let store = &self.location;
                StoreError::new(
                    StoreFault::Unavailable,
                    format!("the store {store} does not answer"),
                )
                .with_cause(cause)
                .with_hint(self.protocol_hint())
            }
            CommandError::Tls(fault) => {
                RedisStore::explain_connect(self.connector.explain_tls(fault, &self.unreachable()))
            }
            CommandError::NotRedis => self.not_redis(),
        }
    }

    pub(super) fn unreachable(&self) -> String {
        format!("the store {} cannot be reached", self.location)
    }

    pub(super) fn not_redis(&self) -> StoreError {
        let message = format!("the store {} does not speak Redis", self.location);
        StoreError::new(StoreFault::Misconfigured, message)
            .with_cause("its reply follows another protocol")
            .with_hint(self.protocol_hint())
    }

    fn protocol_hint(&self) -> &'static str {
        if self.location.tls {
            "check the host and the port"
        } else {
            "check the host and the port; if it speaks TLS on this port, the location begins with \
             rediss:"
        }
    }

    pub(super) fn too_slow(&self, limit: Duration) -> StoreError {
        let message = format!("the store {} does not answer", self.location);
        StoreError::new(StoreFault::Unavailable, message)
            .with_cause(format!("no response within {limit:.1?}"))
            .with_hint(if self.location.tls {
                "check the server, or allow more time with --store-timeout"
            } else {
                "check the server, or allow more time with --store-timeout; if it speaks TLS on \
                 this port, the location begins with rediss:"
            })
    }

    /// Passes on an error that has nothing to do with the server.
    pub(super) fn unusable(&self, error: Error) -> StoreError {
        StoreError { fault: StoreFault::Misconfigured, error }
    }

    /// Passes on an error of a connection.
    pub(super) fn explain_connect(failure: RequestError) -> StoreError {
        let fault =
            if failure.is_transient { StoreFault::Unavailable } else { StoreFault::Misconfigured };
        let kind = StoreError::new(fault, "").error.kind;
        StoreError { fault, error: Error { kind, ..failure.error } }
    }
}
