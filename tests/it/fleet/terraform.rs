//! Terraform on three machines that share a pool of tokens over S3.

use std::fs;

use gc_token::internals::sandbox::SandboxConfig;

use crate::common::servers::moto::{BUCKET, MotoServer};
use crate::common::terraform::Tool;
use crate::common::{missing, program};
use crate::provider::gateway::rig::{call, without_vendor};
use crate::provider::rig::{Rig, point_at};

/// Another boot, and another wall clock, for all programs of one Terraform run.
const OTHER_MACHINE: &str = "mount --bind \"$0\" /proc/sys/kernel/random/boot_id; \
    export FAKETIME_DONT_FAKE_MONOTONIC=1; exec faketime -f \"$@\"";

fn machine(plan: SandboxConfig, clock: &str, command: &str) -> Option<Rig> {
    let arguments = "tokens = 4\nrate = 8\nrate_wait = \"2m\"";
    let mut rig = without_vendor(Tool::Terraform, plan, &call("one", arguments, command))?;
    let boot = rig.terraform.base().join("boot_id");
    let id = clock.bytes().map(u64::from).sum::<u64>();
    fs::write(&boot, format!("00000000-0000-4000-8000-{id:012}\n")).unwrap();
    let boot = boot.to_str().unwrap();
    rig.terraform.wrap(&["unshare", "-m", "sh", "-ec", OTHER_MACHINE, boot, clock]);
    Some(rig)
}

#[test]
fn three_machines_share_a_pool_and_no_client_sees_an_error() {
    if program("faketime").is_none() || !rustix::process::geteuid().is_root() {
        return missing("faketime, and the right to mount");
    }
    let Some(store) = MotoServer::start() else { return };
    let plan =
        || SandboxConfig { rate: Some("8/20s".parse().unwrap()), ..SandboxConfig::default() };
    let command = r#"
          for number in $(seq 12); do
            curl -fsS -H @one/header -o one/again.json "$URL/api/v2/tokens/me"
          done
    "#;
    let clocks = ["+0", "+1h", "-1h"];
    let machines: Option<Vec<_>> =
        clocks.into_iter().map(|clock| machine(plan(), clock, command)).collect();
    let Some(mut machines) = machines else { return };
    let (shared, others) = machines.split_first_mut().unwrap();
    for other in others.iter_mut() {
        point_at(&shared.cloud, &mut other.terraform);
    }
    let own = [
        ("GC_TOKEN_STORE", format!("s3://{BUCKET}/tokens")),
        // The server is slow on a busy machine.
        ("GC_TOKEN_STORE_TIMEOUT", "60s".to_owned()),
    ];
    for (name, value) in store.variables().into_iter().chain(own) {
        shared.terraform.set(name, &value);
        others.iter_mut().for_each(|other| other.terraform.set(name, &value));
    }
    let runs = [&*shared, &others[0], &others[1]]
        .map(|machine| machine.terraform.start(&["apply", "-auto-approve"]));
    for run in runs {
        let said = run.wait();
        assert!(said.status.success(), "{said:#?}");
    }
    let counters = shared.cloud.counters();
    assert!((2..=4).contains(&counters.mints), "{counters:?}");
    assert_eq!(counters.refusals, 0, "a token was refused: {counters:?}");
}
