//! A store of each kind that a test can start, with what its owner can see and do.

use std::io::{Read, Write};
use std::net::TcpStream;

use url::Url;

use super::azurite::AzuriteServer;
use super::moto::{BUCKET, MotoServer};
use super::redis::RedisServer;
use super::runner::Runner;

pub enum SharedStore {
    Redis(RedisServer),
    S3(MotoServer),
    Azure(AzuriteServer),
}

const PREFIX: &str = "tokens";

/// Moto wants one, and does not look into it.
const UNCHECKED_SIGNATURE: &str = "Authorization: AWS4-HMAC-SHA256 \
    Credential=fleet/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n";

impl SharedStore {
    pub fn redis(options: &[&str]) -> Option<SharedStore> {
        RedisServer::start(options).map(SharedStore::Redis)
    }

    pub fn s3() -> Option<SharedStore> {
        MotoServer::start().map(SharedStore::S3)
    }

    pub fn azure() -> Option<SharedStore> {
        let store = SharedStore::Azure(AzuriteServer::start()?);
        let created = store.request("PUT", "?restype=container", b"");
        assert!(created.contains(" 201 Created\r\n"), "{created}");
        Some(store)
    }

    pub fn location(&self) -> String {
        match self {
            SharedStore::Redis(redis) => redis.plain_location(),
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
            if name != "GC_TOKEN_STORE" {
                runner = runner.set(name, value);
            }
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
            redis.cli(&["setrange", record, "100", "altered"]);
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
        let (endpoint, path, fields) = match self {
            SharedStore::Redis(_) => panic!("it speaks no HTTP"),
            SharedStore::S3(moto) => {
                let [_, _, _, (name, endpoint), ..] = moto.variables();
                assert_eq!(name, "AWS_ENDPOINT_URL");
                (endpoint, path.to_owned(), UNCHECKED_SIGNATURE)
            }
            SharedStore::Azure(azurite) => {
                let mark = if path.contains('?') { '&' } else { '?' };
                let path = format!("{path}{mark}{}", AzuriteServer::sas("rwlac"));
                (azurite.endpoint(), path, "x-ms-blob-type: BlockBlob\r\n")
            }
        };
        let url = Url::parse(&format!("{endpoint}/{BUCKET}{path}")).unwrap();
        let address = (url.host_str().unwrap(), url.port().unwrap());
        let mut stream = TcpStream::connect(address).unwrap();
        let head = format!(
            "{method} {}?{} HTTP/1.1\r\nHost: {}:{}\r\nContent-Length: {}\r\n\
             {fields}Connection: close\r\n\r\n",
            url.path(),
            url.query().unwrap_or_default(),
            address.0,
            address.1,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).unwrap();
        String::from_utf8_lossy(&response).into_owned()
    }
}
