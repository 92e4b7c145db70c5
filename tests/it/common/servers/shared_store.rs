//! A store of each kind that a test can start, with what its owner can see and do.

use super::azurite::AzuriteServer;
use super::moto::{BUCKET, MotoServer};
use super::redis::RedisServer;
use crate::common::runner::Runner;

pub enum SharedStore {
    Redis(RedisServer),
    S3(MotoServer),
    Azure(AzuriteServer),
}

const PREFIX: &str = "tokens";

impl SharedStore {
    pub fn redis(options: &[&str]) -> Option<SharedStore> {
        RedisServer::start(options).map(SharedStore::Redis)
    }

    pub fn s3() -> Option<SharedStore> {
        MotoServer::start().map(SharedStore::S3)
    }

    pub fn azure() -> Option<SharedStore> {
        let azurite = AzuriteServer::start()?;
        azurite.create(BUCKET);
        Some(SharedStore::Azure(azurite))
    }

    pub fn location(&self) -> String {
        match self {
            SharedStore::Redis(redis) => redis.location(),
            SharedStore::S3(_) => format!("s3://{BUCKET}/{PREFIX}"),
            SharedStore::Azure(_) => format!("az://{BUCKET}/{PREFIX}"),
        }
    }

    /// The location as the output of a runner shows it.
    pub fn shown_location(&self) -> String {
        match self {
            SharedStore::Redis(_) => "redis://STORE/0".to_owned(),
            _ => self.location(),
        }
    }

    /// Gives a machine the credentials of the store, without its location.
    pub fn lend_to(&self, mut runner: Runner) -> Runner {
        let variables: Vec<_> = match self {
            SharedStore::Redis(redis) => return runner.also_named(&redis.address(), "STORE"),
            SharedStore::S3(moto) => moto.variables().into(),
            SharedStore::Azure(azurite) => azurite.variables().into(),
        };
        for (name, value) in variables {
            runner = runner.set(name, value);
        }
        // The servers are slow on a busy machine.
        runner.set("GC_TOKEN_STORE_TIMEOUT", "60s")
    }

    /// The names of the records.
    pub fn records(&self) -> Vec<String> {
        let (query, name) = match self {
            SharedStore::Redis(redis) => return redis.records(),
            SharedStore::S3(_) => ("?list-type=2", "Key"),
            SharedStore::Azure(_) => ("?restype=container&comp=list", "Name"),
        };
        let list = self.request("GET", query, b"");
        assert!(list.contains(" 200 OK\r\n"), "{list}");
        let (start, end) = (format!("<{name}>{PREFIX}/"), format!("</{name}>"));
        let names = list.split(&*start).skip(1);
        names.map(|rest| rest.split(&*end).next().unwrap().to_owned()).collect()
    }

    /// Replaces a record by bytes that no client has written.
    pub fn overwrite(&self, record: &str) {
        let nonsense = [b'x'; 200];
        if let SharedStore::Redis(redis) = self {
            redis.set(&["SETRANGE", record, "100", "altered"]);
            return;
        }
        let written = self.request("PUT", &format!("/{PREFIX}/{record}"), &nonsense);
        assert!(
            written.contains(" 200 OK\r\n") || written.contains(" 201 Created\r\n"),
            "{written}"
        );
    }

    /// Sends a request about the bucket to a server that speaks HTTP.
    fn request(&self, method: &str, path: &str, body: &[u8]) -> String {
        match self {
            SharedStore::Redis(_) => panic!("it speaks no HTTP"),
            SharedStore::S3(moto) => moto.request(method, path, body),
            SharedStore::Azure(azurite) => {
                azurite.request(method, &format!("/{BUCKET}{path}"), body)
            }
        }
    }
}
