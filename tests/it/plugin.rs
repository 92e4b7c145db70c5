//! The plugin against clients that are not Terraform, and messages that
//! Terraform would not send.

use crate::common::tls::Identity;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use crate::common::plugin::{COOKIE, Client, PLAIN, Plugin, Reply, command, frame};
use prost::Message;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

const SHUTDOWN: &str = "/plugin.GRPCController/Shutdown";

/// gRPC's status codes.
const OUT_OF_RANGE: &str = "11";
const UNIMPLEMENTED: &str = "12";
const INTERNAL: &str = "13";

#[derive(Clone, PartialEq, Message)]
struct Typed {
    #[prost(string, tag = "1")]
    type_name: String,
    #[prost(message, optional, tag = "2")]
    config: Option<Dynamic>,
}

#[derive(Clone, PartialEq, Message)]
struct Dynamic {
    #[prost(bytes = "vec", tag = "1")]
    msgpack: Vec<u8>,
}

/// A reply of ReadDataSource.
#[derive(Clone, PartialEq, Message)]
struct Read {
    #[prost(message, optional, tag = "1")]
    state: Option<Dynamic>,
    #[prost(message, repeated, tag = "2")]
    diagnostics: Vec<Diagnostic>,
}

#[derive(Clone, PartialEq, Message)]
struct Diagnostic {
    #[prost(int32, tag = "1")]
    severity: i32,
    #[prost(string, tag = "2")]
    summary: String,
}

#[derive(Clone, PartialEq, Message)]
struct Schemas {
    #[prost(btree_map = "string, bytes", tag = "3")]
    data_sources: BTreeMap<String, Vec<u8>>,
}

/// The configuration of an `external` data source.
fn external(msgpack: &[u8]) -> Typed {
    Typed { type_name: "external".into(), config: Some(Dynamic { msgpack: msgpack.to_vec() }) }
}

/// An object in which every attribute has this value.
fn every_attribute(value: &rmpv::Value) -> Vec<u8> {
    let names = ["id", "program", "query", "result", "working_dir"];
    let pairs = names.map(|name| (name.into(), value.clone()));
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &rmpv::Value::Map(pairs.to_vec())).unwrap();
    bytes
}

/// Asserts that a plugin still does its work.
async fn assert_serves(client: &mut Client) {
    let schemas: Schemas = client.provider("GetProviderSchema", &()).await.message();
    assert!(schemas.data_sources.contains_key("external"));
}

#[tokio::test]
async fn shutdown_is_answered_and_ends_the_process() {
    let (plugin, mut client) = Plugin::with_client().await;
    assert_eq!(client.call(SHUTDOWN, frame(&[])).await, Reply::Message(vec![]));
    assert!(plugin.ended().await.success());
}

#[tokio::test]
async fn hanging_up_ends_the_process() {
    let (plugin, mut client) = Plugin::with_client().await;
    assert_serves(&mut client).await;
    drop(client);
    assert!(plugin.ended().await.success());
}

#[tokio::test]
async fn an_rpc_that_is_not_there_is_unimplemented() {
    let (_plugin, mut client) = Plugin::with_client().await;
    for path in [
        "/tfplugin6.Provider/PlanResourceChange",
        "/plugin.GRPCBroker/StartStream",
        "/grpc.health.v1.Health/Check",
        "/",
    ] {
        let reply = client.call(path, frame(&[])).await;
        assert_eq!(reply, Reply::Status(UNIMPLEMENTED.into()), "{path}");
    }
    assert_serves(&mut client).await;
}

#[tokio::test]
async fn a_frame_that_is_not_whole_is_an_error() {
    let (_plugin, mut client) = Plugin::with_client().await;
    let whole = frame(&external(&[0x80]).encode_to_vec());
    let path = "/tfplugin6.Provider/ReadDataSource";
    for length in 0..whole.len() {
        let reply = client.call(path, whole[..length].to_vec()).await;
        assert_eq!(reply, Reply::Status(INTERNAL.into()), "{length} bytes");
    }
    assert_serves(&mut client).await;
}

#[tokio::test]
async fn a_frame_that_is_too_large_is_an_error() {
    let (_plugin, mut client) = Plugin::with_client().await;
    let path = "/tfplugin6.Provider/ReadDataSource";
    let boast = [&[0][..], &u32::MAX.to_be_bytes(), b"that is all"].concat();
    let reply = client.call(path, boast).await;
    assert_eq!(reply, Reply::Status(OUT_OF_RANGE.into()));
    let reply = client.call(path, frame(&vec![0; 5 << 20])).await;
    assert!(!matches!(reply, Reply::Message(_)), "{reply:?}");
    assert_serves(&mut client).await;
}

#[tokio::test]
async fn a_message_that_is_no_protobuf_is_an_error() {
    let (_plugin, mut client) = Plugin::with_client().await;
    for rpc in ["ReadDataSource", "ConfigureProvider", "OpenEphemeralResource"] {
        let path = format!("/tfplugin6.Provider/{rpc}");
        let reply = client.call(&path, frame(&[0xff; 64])).await;
        assert_eq!(reply, Reply::Status(INTERNAL.into()), "{rpc}");
    }
    assert_serves(&mut client).await;
}

#[tokio::test]
async fn a_value_that_is_not_the_schemas_is_a_diagnostic() {
    let (_plugin, mut client) = Plugin::with_client().await;
    let nested = [vec![0x91; 100_000], vec![0xc0]].concat();
    for (what, msgpack) in [
        ("nothing at all", vec![]),
        ("bytes", vec![0xc4, 1, 0]),
        ("an array that is said to be huge", vec![0xdd, 0xff, 0xff, 0xff, 0xff]),
        ("a map that is said to be huge", vec![0xdf, 0xff, 0xff, 0xff, 0xff, 0xc0]),
        ("text that is said to be huge", vec![0xdb, 0xff, 0xff, 0xff, 0xff, 0x41]),
        ("text that is not UTF-8", vec![0x81, 0xa2, 0xff, 0xfe, 0xc0]),
        ("arrays in arrays in arrays", nested),
        ("a number", vec![0x2a]),
        ("a foreign attribute", [&[0x81, 0xa3], &b"foo"[..], &[0xc0]].concat()),
        ("wrong types", every_attribute(&rmpv::Value::from(1.5))),
        ("more than one value", [every_attribute(&rmpv::Value::Nil), vec![0xc0]].concat()),
    ] {
        let reply = client.provider("ReadDataSource", &external(&msgpack)).await;
        let read: Read = reply.message();
        let summaries: Vec<_> = read.diagnostics.iter().map(|one| one.summary.as_str()).collect();
        assert_eq!(summaries, ["Terraform sent an unreadable configuration"], "{what}");
        assert_eq!(read.state, None, "{what}");
    }
    assert_serves(&mut client).await;
}

#[tokio::test]
async fn unusable_settings_are_a_diagnostic() {
    let (_plugin, mut client) = Plugin::with_client().await;
    let unknown = rmpv::Value::Ext(0, vec![0]);
    let refined = rmpv::Value::Ext(12, vec![0x80]);
    let null = rmpv::Value::Nil;
    let absent = Typed { config: None, ..external(&[]) };
    let foreign = Typed { type_name: "foreign".into(), ..absent.clone() };
    for (request, summary) in [
        (external(&every_attribute(&unknown)), "Value not known yet"),
        (external(&every_attribute(&refined)), "Value not known yet"),
        (external(&[0xd4, 0, 0]), "Value not known yet"),
        (external(&every_attribute(&null)), "Missing required argument"),
        (external(&[0xc0]), "Missing required argument"),
        (external(&[0x80]), "Missing required argument"),
        (absent, "Missing required argument"),
        (foreign, "Unknown type \"foreign\""),
    ] {
        let reply = client.provider("ReadDataSource", &request).await;
        let read: Read = reply.message();
        let error = Diagnostic { severity: 1, summary: summary.into() };
        assert_eq!(read.diagnostics, [error], "{request:?}");
        assert_eq!(read.state, None, "{request:?}");
    }
    // While it is only validated, it may well be unknown.
    let request = external(&every_attribute(&unknown));
    let reply = client.provider("ValidateDataResourceConfig", &request).await;
    assert_eq!(reply, Reply::Message(vec![]));
}

#[tokio::test]
async fn bytes_that_are_not_http_end_the_process_without_a_crash() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0xff; 4096],
        &preface[..10],
        // A SETTINGS frame of 16 MB, and one that ends early.
        &[preface, &[0xff, 0xff, 0xff, 4, 0, 0, 0, 0, 0][..]].concat(),
        &[preface, &[0, 0, 6, 4, 0, 0, 0, 0, 0, 1][..]].concat(),
    ] {
        let plugin = Plugin::start(&PLAIN);
        let mut stream = plugin.connect().await;
        // The plugin may hang up before it has read everything.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
        assert!(plugin.ended().await.success(), "{bytes:?}");
    }
}

#[tokio::test]
async fn a_second_client_finds_no_door() {
    let (plugin, mut client) = Plugin::with_client().await;
    assert_serves(&mut client).await;
    UnixStream::connect(&plugin.socket).await.unwrap_err();
    assert_serves(&mut client).await;
}

#[tokio::test]
async fn signals_do_not_end_a_plugin_that_is_in_use() {
    let (plugin, mut client) = Plugin::with_client().await;
    assert_serves(&mut client).await;
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        plugin.signal(signal);
        assert_serves(&mut client).await;
    }
    client.call(SHUTDOWN, frame(&[])).await;
    assert!(plugin.ended().await.success());
}

#[tokio::test]
async fn a_signal_ends_a_plugin_that_nobody_uses() {
    let plugin = Plugin::start(&PLAIN);
    plugin.signal(Signal::INT);
    assert!(plugin.ended().await.success());
}

#[test]
fn a_wrong_cookie_is_explained() {
    let output = command(&[(COOKIE.0, "something else")]).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("this program is a Terraform plugin"), "{stderr}");
}

#[tokio::test]
async fn only_the_holder_of_the_pinned_certificate_is_served() {
    let (terraform, stranger) = (Identity::new(), Identity::new());
    let plugin = Plugin::start(&[COOKIE, ("PLUGIN_CLIENT_CERT", &terraform.pem)]);

    // One that stalls does not keep the others waiting.
    let _stalled = plugin.connect().await;
    let impostor = stranger.with_certificate_of(&terraform);
    for client in [None, Some(&stranger), Some(&impostor)] {
        let mut stream = crate::common::tls::connect(&plugin, client).await.unwrap();
        // With TLS 1.3 a client learns only afterwards that it is refused.
        let mut read = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut read));
        let refused = end.await.expect("refused").unwrap_err().to_string();
        assert!(refused.contains("alert"), "{refused}");
    }

    let stream = crate::common::tls::connect(&plugin, Some(&terraform)).await.unwrap();
    let mut client = Client::over(stream).await;
    assert_serves(&mut client).await;
    UnixStream::connect(&plugin.socket).await.unwrap_err();
    drop(client);
    assert!(plugin.ended().await.success());
}

#[tokio::test]
async fn a_client_without_tls_does_not_disturb_one_with_it() {
    let terraform = Identity::new();
    let plugin = Plugin::start(&[COOKIE, ("PLUGIN_CLIENT_CERT", &terraform.pem)]);
    let mut plain = plugin.connect().await;
    plain.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let mut reply = Vec::new();
    let _ = plain.read_to_end(&mut reply).await;
    // A TLS alert, and no SETTINGS frame.
    assert_eq!(reply.first(), Some(&0x15), "{reply:?}");
    let stream = crate::common::tls::connect(&plugin, Some(&terraform)).await.unwrap();
    assert_serves(&mut Client::over(stream).await).await;
}

/// Terraform is killed while a connection to the plugin is still held by
/// somebody else.
#[tokio::test]
async fn the_death_of_the_parent_ends_the_process() {
    let tmp = tempfile::tempdir().unwrap();
    let script = "\"$0\" & echo $!; wait";
    let mut parent = std::process::Command::new("/bin/sh")
        .args(["-c", script, crate::common::external::test_providers().to_str().unwrap()])
        .env_clear()
        .envs(PLAIN)
        .env("TMPDIR", tmp.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let mut line = || lines.next().unwrap().unwrap();
    // The shell and the plugin write in any order.
    let (one, other) = (line(), line());
    let (pid, greeting) = if one.contains('|') { (other, one) } else { (one, other) };
    let socket = greeting.split('|').nth(3).unwrap();
    let mut client = Client::over(UnixStream::connect(socket).await.unwrap()).await;
    assert_serves(&mut client).await;

    parent.kill().unwrap();
    parent.wait().unwrap();
    // Both held the pipe.
    let end = tokio::task::spawn_blocking(move || lines.next().is_none());
    let Ok(ended) = tokio::time::timeout(Duration::from_secs(30), end).await else {
        kill_process(Pid::from_raw(pid.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
        panic!("the plugin does not notice");
    };
    assert!(ended.unwrap());
}
