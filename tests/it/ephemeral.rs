//! Ephemeral resources of the plugin layer with the real Terraform, by way of a
//! provider that keeps a journal of what it is asked to do.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use crate::common::terraform::Workspace;
use rustix::process::{Pid, Signal, kill_process_group};

/// A workspace with the journalling provider and this configuration.
struct Probed {
    terraform: Workspace,
    journal: PathBuf,
}

impl Probed {
    fn new(main: &str) -> Option<Probed> {
        let header = r#"
            terraform {
              required_providers {
                probe = {
                  source = "example.com/test/probe"
                }
              }
            }
        "#;
        let mut terraform = Workspace::new(&format!("{header}{main}"))?;
        let program = crate::common::external::test_providers();
        let setting = "GC_TOKEN_TEST_PROVIDER=probe";
        terraform.install("example.com/test/probe", "1.0.0", &program, setting);
        let journal = terraform.dir().join("journal");
        terraform.set("PROBE_JOURNAL", journal.to_str().unwrap());
        terraform.ok(&["init"]);
        Some(Probed { terraform, journal })
    }

    /// Reads the journal: process ids, and their actions.
    fn journal(&self) -> Vec<(String, String)> {
        let text = std::fs::read_to_string(&self.journal).unwrap_or_default();
        let split = |line: &str| {
            let (pid, word) = line.split_once(' ').unwrap();
            (pid.to_owned(), word.to_owned())
        };
        text.lines().map(split).collect()
    }

    /// The processes that did this.
    fn who(&self, did: &str) -> BTreeSet<String> {
        let journal = self.journal().into_iter();
        journal.filter(|(_, word)| word == did).map(|(pid, _)| pid).collect()
    }

    /// Waits until a file is there.
    fn wait_for(&self, name: &str) {
        for _ in 0..600 {
            if self.terraform.dir().join(name).exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{name} does not appear");
    }

    /// Asserts that no plugin is left: each that opened something has ended,
    /// and there is neither a socket nor its directory.
    fn assert_nothing_is_left(&self) {
        for _ in 0..300 {
            let alive = |pid: &String| is_alive(pid.parse().unwrap());
            let left = std::fs::read_dir(self.terraform.tmp()).unwrap().count();
            let ended = self.who("open").is_subset(&self.who("end"));
            if left == 0 && ended && !self.who("open").iter().any(alive) {
                let ends = self.journal().into_iter().filter(|(_, word)| word == "end");
                assert_eq!(ends.count(), self.who("end").len(), "it ended twice");
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("something is left; journal: {:?}", self.journal());
    }
}

/// Reports whether a process runs. A zombie does not: without an init process it stays for
/// ever.
fn is_alive(pid: i32) -> bool {
    let zombie = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.contains(") Z "));
    rustix::process::test_kill_process(Pid::from_raw(pid).unwrap()).is_ok() && !zombie
}

const SECRET_TO_FILE: &str = r#"
    ephemeral "probe_secret" "one" {
      value = "value"
    }
    resource "terraform_data" "uses" {
      provisioner "local-exec" {
        command     = "printf %s \"$SECRET\" > seen"
        environment = { SECRET = ephemeral.probe_secret.one.secret }
      }
    }
"#;

#[test]
fn a_saved_plan_is_applied_with_a_secret_of_its_own() {
    let Some(probed) = Probed::new(SECRET_TO_FILE) else {
        return;
    };
    let terraform = &probed.terraform;
    terraform.ok(&["plan", "-out=saved"]);
    let planned = probed.who("open");
    assert_eq!(planned.len(), 1);
    terraform.ok(&["apply", "saved"]);

    let seen = std::fs::read_to_string(terraform.dir().join("seen")).unwrap();
    let opened = probed.who("open");
    let applied: Vec<_> = opened.difference(&planned).collect();
    assert_eq!([seen], [format!("hush-value-{}", applied[0])]);
    assert_eq!(probed.who("close"), opened);
    probed.assert_nothing_is_left();

    let plan = terraform.ok(&["show", "-json", "saved"]);
    let state = std::fs::read_to_string(terraform.dir().join("terraform.tfstate")).unwrap();
    for kept in [plan, state] {
        assert!(kept.contains("terraform_data"), "{kept}");
        assert!(!kept.contains("hush"), "{kept}");
    }
}

#[test]
fn a_renewal_that_is_due_at_once_does_not_spin() {
    let main = r#"
        ephemeral "probe_secret" "one" {
          renew_after = 0
        }
        resource "terraform_data" "uses" {
          provisioner "local-exec" {
            command     = "i=0; while [ $i -lt 60 ] && ! grep -q renew journal; do sleep 0.5; i=$((i+1)); done; sleep 2"
            environment = { SECRET = ephemeral.probe_secret.one.secret }
          }
        }
    "#;
    let Some(probed) = Probed::new(main) else {
        return;
    };
    probed.terraform.ok(&["apply", "-auto-approve"]);
    let journal = probed.journal().into_iter();
    let renewals = journal.filter(|(_, word)| word == "renew").count();
    // One at the least; a hot loop makes hundreds.
    assert!((1..30).contains(&renewals), "{renewals}");
}

#[test]
fn the_end_comes_after_a_failing_apply_too() {
    let main = SECRET_TO_FILE.replace("> seen", "> seen; exit 1");
    let Some(probed) = Probed::new(&main) else {
        return;
    };
    let error = probed.terraform.fails(&["apply", "-auto-approve"]);
    assert!(error.contains("exit status 1"), "{error}");
    assert_eq!(probed.who("open").len(), 2);
    probed.assert_nothing_is_left();
}

#[test]
fn terraform_waits_for_an_end_that_takes_its_time() {
    let Some(mut probed) = Probed::new(SECRET_TO_FILE) else {
        return;
    };
    probed.terraform.set("PROBE_SLOW_END", "1");
    probed.terraform.ok(&["plan"]);
    assert_eq!(probed.who("open").len(), 1);
    assert!(probed.who("open").is_subset(&probed.who("end")));
}

#[test]
fn an_interrupted_apply_leaves_nothing() {
    let main = SECRET_TO_FILE.replace("> seen", "> seen; sleep 60");
    let Some(probed) = Probed::new(&main) else {
        return;
    };
    let running = probed.terraform.start(&["apply", "-auto-approve"]);
    probed.wait_for("seen");
    // As a terminal does it: to Terraform, its plugins and their children.
    kill_process_group(Pid::from_child(&running.child), Signal::INT).unwrap();
    let said = running.wait();
    assert!(!said.status.success(), "{said:?}");
    assert!(!said.stderr.contains("Plugin did not respond"), "{said:?}");
    probed.assert_nothing_is_left();
}

#[test]
fn a_killed_terraform_leaves_nothing() {
    let main = SECRET_TO_FILE.replace("> seen", "> seen; sleep 20");
    let Some(probed) = Probed::new(&main) else {
        return;
    };
    let mut running = probed.terraform.start(&["apply", "-auto-approve"]);
    probed.wait_for("seen");
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    probed.assert_nothing_is_left();
}

#[test]
fn resources_that_depend_on_an_unknown_value_are_opened_at_apply() {
    let main = r#"
        resource "terraform_data" "later" {
          input = "late"
        }
        ephemeral "probe_secret" "one" {
          value = terraform_data.later.output
        }
        provider "probe" {
          alias = "user"
          token = ephemeral.probe_secret.one.secret
        }
        data "probe_seen" "it" {
          provider = probe.user
        }
        resource "terraform_data" "uses" {
          provisioner "local-exec" {
            command     = "printf %s \"$SECRET\" > seen"
            environment = { SECRET = ephemeral.probe_secret.one.secret }
          }
        }
        output "token" {
          value = data.probe_seen.it.token
        }
    "#;
    let Some(probed) = Probed::new(main) else {
        return;
    };
    let terraform = &probed.terraform;
    let plan = terraform.ok(&["plan", "-out=saved"]);
    assert!(plan.contains(r#"+ token = "unknown""#), "{plan}");
    assert!(probed.who("open").is_empty());
    terraform.ok(&["apply", "saved"]);
    let seen = std::fs::read_to_string(terraform.dir().join("seen")).unwrap();
    assert!(seen.starts_with("hush-late-"), "{seen}");
    // Now the value is known while planning, too.
    terraform.ok(&["apply", "-auto-approve"]);
    assert_eq!(terraform.ok(&["output", "-raw", "token"]), "known");
    probed.assert_nothing_is_left();
}

#[test]
fn errors_and_warnings_point_at_their_attribute() {
    let main = r#"
        provider "probe" {
          token = "odd"
        }
        ephemeral "probe_secret" "one" {
          value = "refuse"
        }
    "#;
    let Some(probed) = Probed::new(main) else {
        return;
    };
    let said = probed.terraform.run(&["plan"]);
    assert!(!said.status.success());
    let warning = "Warning: An odd token\n";
    assert!(said.stdout.contains(warning) || said.stderr.contains(warning), "{said:?}");
    for part in ["Error: Refused", "value = \"refuse\"", "As it was told to."] {
        assert!(said.stderr.contains(part), "{part}: {said:?}");
    }
    probed.assert_nothing_is_left();
}

#[test]
fn works_without_tls_and_with_a_long_temporary_directory() {
    let Some(mut probed) = Probed::new(SECRET_TO_FILE) else {
        return;
    };
    let long = probed.terraform.tmp().join("x".repeat(120));
    std::fs::create_dir(&long).unwrap();
    probed.terraform.set("TMPDIR", long.to_str().unwrap());
    probed.terraform.ok(&["plan"]);
    probed.terraform.set("TF_DISABLE_PLUGIN_TLS", "1");
    probed.terraform.ok(&["apply", "-auto-approve"]);
    assert_eq!(probed.who("open").len(), 3);
}
