//! The two scripts that run in the server, and the layout of what they store.
//!
//! A key's value is a string, so that one command writes the record together with its expiry:
//! the version (16 random bytes), the time of writing by the server's clock (16 decimal digits,
//! in microseconds since 1970), and the record.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use redis::{Cmd, Value};

use super::connection::{CommandError, RedisConnection};
use crate::clock::{OffsetEstimate, Reading};
use crate::error::Result;
use crate::random::random_bytes;
use crate::store::{Observation, Version};

/// Numbers of lines in the server's errors lead to the commands, so that each has its own line.
pub(super) struct LuaScript {
    pub(super) source: &'static str,
}

pub(super) const READ: LuaScript = LuaScript {
    source: "local time = redis.call('TIME')
local value = redis.call('GET', KEYS[1])
return {time[1], time[2], value}",
};

/// A version that is there already was written by this very swap, whose reply was lost.
pub(super) const SWAP: LuaScript = LuaScript {
    source: "local value = redis.call('GET', KEYS[1]) or ''
local version = string.sub(value, 1, 16)
if version == ARGV[2] then return 1 end
if version ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
value = ARGV[2] .. string.format('%d%06d', time[1], time[2]) .. ARGV[3]
redis.call('SET', KEYS[1], value, 'PX', ARGV[4])
return 1",
};

const VERSION_BYTES: usize = 16;
const TIME_DIGITS: usize = 16;

const CLOCK_RESOLUTION: SignedDuration = SignedDuration::from_micros(1);

/// The server refuses an expiry whose end its clock cannot represent.
const MAX_KEEP: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

impl LuaScript {
    /// Returns the command that runs the script. `EVAL` needs one right, and `EVALSHA` with
    /// its fallback three.
    pub(super) fn command(&self, key: &str) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.source).arg(1).arg(key);
        command
    }

    /// Returns the command that a line of the script runs, counted from 1.
    pub(super) fn command_of_line(&self, line: usize) -> Option<&'static str> {
        let line = self.source.lines().nth(line.checked_sub(1)?)?;
        let (_, call) = line.split_once("redis.call('")?;
        Some(call.split_once('\'')?.0)
    }
}

/// Returns the command of a swap, and the new version. `None` if no record can have the
/// expected version.
///
/// # Errors
/// If the system provides no random numbers.
pub(super) fn swap_command(
    key: &str,
    expected: &Version,
    record: &[u8],
    keep: Duration,
) -> Result<Option<(Cmd, Version)>> {
    let Some(expected) = version_bytes(expected) else {
        return Ok(None);
    };
    let generation = random_bytes::<VERSION_BYTES>()?;
    let version = Version::Present { e_tag: None, generation: Some(generation) };
    let new = version_bytes(&version).unwrap_or_default();
    let mut command = SWAP.command(key);
    let keep = keep.clamp(Duration::from_millis(1), MAX_KEEP).as_millis() as u64;
    command.arg(expected).arg(new).arg(record).arg(keep);
    Ok(Some((command, version)))
}

fn version_bytes(version: &Version) -> Option<Vec<u8>> {
    match version {
        Version::Absent => Some(Vec::new()),
        Version::Present { generation, .. } => {
            URL_SAFE_NO_PAD.decode(generation.as_ref()?).ok().filter(|bytes| !bytes.is_empty())
        }
    }
}

/// Does what [`READ`] does. The time is read last: it is no earlier than that of the record.
pub(super) async fn read_by_commands(
    connection: &mut RedisConnection,
    key: &str,
) -> Result<Value, CommandError> {
    let value = connection.send(redis::cmd("GET").arg(key)).await?;
    match connection.send(&redis::cmd("TIME")).await? {
        Value::Array(time) => Ok(Value::Array([&time[..], &[value]].concat())),
        _ => Err(CommandError::NotRedis),
    }
}

/// Reads the reply of [`READ`]. `None` if it is none.
pub(super) fn observation(reply: Value, sent: &Reading, received: &Reading) -> Option<Observation> {
    let (seconds, micros, value): (i64, i64, Option<Vec<u8>>) =
        redis::from_redis_value(reply).ok()?;
    let now = seconds.checked_mul(1_000_000)?.checked_add(micros)?;
    let time = Timestamp::from_microsecond(now).ok()?;
    let clock = OffsetEstimate::from_remote_time(sent, received, time, CLOCK_RESOLUTION);
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Some(Observation { record: None, version: Version::Absent, age: None, clock });
    };
    let (version, rest) = value.split_at(value.len().min(VERSION_BYTES));
    let (written, record) = rest.split_at(rest.len().min(TIME_DIGITS));
    let written: Option<i64> =
        std::str::from_utf8(written).ok().and_then(|digits| digits.parse().ok());
    let age = written.and_then(|written| now.checked_sub(written));
    let version =
        Version::Present { e_tag: None, generation: Some(URL_SAFE_NO_PAD.encode(version)) };
    let age = age.map(SignedDuration::from_micros);
    Some(Observation { record: Some(record.to_vec()), version, age, clock })
}

/// Reads the reply of [`SWAP`]. `None` if it is none.
pub(super) fn has_won(reply: Value) -> Option<bool> {
    match redis::from_redis_value(reply) {
        Ok(1) => Some(true),
        Ok(0) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
