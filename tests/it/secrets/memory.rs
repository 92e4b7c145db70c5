//! What is left in the memory of a run: not the key of the authority that
//! `exec --intercept` makes, which could vouch for any of the cloud's hosts.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use gc_token::internals::sandbox::SandboxConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::common::cloud::cloud;
use crate::common::missing;
use crate::common::process::wait_until;
use crate::common::runner::Runner;

/// Bytes before the public key in an elliptic curve private key (RFC 5915), after the private
/// key: an OCTET STRING of 32 bytes.
const PUBLIC_KEY: [u8; 5] = [0xa1, 0x44, 0x03, 0x42, 0x00];

#[test]
fn the_authoritys_key_is_gone_before_the_command_starts() {
    let cloud = cloud(SandboxConfig::default());
    let marker = format!("a-marker-of-{}", std::process::id());
    let runner = Runner::of(&cloud).set("GENESYSCLOUD_REGION", "eu-west-1").set("MARKER", &marker);
    let script = "cp $SSL_CERT_FILE ca.new; mv ca.new ca; until [ -e go ]; do sleep 0.01; done";
    let running = runner.start(&["exec", "--intercept", "--", "sh", "-c", script]);
    let ca = runner.home().join("ca");
    wait_until("the command runs", || ca.exists());
    let authority = CertificateDer::from_pem_slice(&fs::read(ca).unwrap()).unwrap();
    match writable_memory(running.pid()) {
        Some(memory) => {
            let holds = |part: &[u8]| memory.iter().any(|area| contains(area, part));
            assert!(holds(marker.as_bytes()), "its environment is found");
            let key = [&PUBLIC_KEY, public_key(&authority)].concat();
            assert!(!holds(&key), "the authority's private key is in memory");
        }
        None => missing("a user who may read another process's memory, such as root"),
    }
    let _runner = runner.with_file("go", "");
    running.finish().succeeded();
}

/// The point of the curve in a certificate of P-256: a BIT STRING of 66 bytes,
/// the first of which says that each bit of the others counts.
fn public_key(certificate: &[u8]) -> &[u8] {
    let before = [0x03, 0x42, 0x00, 0x04];
    let at = certificate.windows(before.len()).position(|it| it == before).unwrap() + 3;
    &certificate[at..at + 65]
}

/// `None` where that may not be read.
fn writable_memory(pid: u32) -> Option<Vec<Vec<u8>>> {
    let memory = File::open(format!("/proc/{pid}/mem")).ok()?;
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    let writable = maps.lines().filter(|line| line.split(' ').nth(1).unwrap().starts_with("rw"));
    let areas = writable.filter_map(|line| {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [start, end] = [start, end].map(|it| u64::from_str_radix(it, 16).unwrap());
        let mut area = vec![0; usize::try_from(end - start).unwrap()];
        memory.read_exact_at(&mut area, start).ok().map(|()| area)
    });
    Some(areas.collect())
}

fn contains(area: &[u8], part: &[u8]) -> bool {
    let mut rest = area;
    while let Some(at) = rest.iter().position(|byte| *byte == part[0]) {
        if rest[at..].starts_with(part) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}
