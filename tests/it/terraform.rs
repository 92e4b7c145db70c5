//! The `external` data source with the real Terraform: the behaviour that the
//! `external` command builds on, whichever provider this machine has.

use crate::common::terraform::Workspace;
use serde_json::{Value, json};

#[test]
fn a_program_gets_the_query_and_its_answer_reaches_the_outputs() {
    let main = r#"
        data "external" "echo" {
          program = ["./echo.sh", "an argument; $(not) a shell's"]
          query = {
            kept    = "ä \" \\ é"
            dropped = null
          }
        }
        output "result" {
          value = data.external.echo.result
        }
        output "id" {
          value = data.external.echo.id
        }
    "#;
    let Some(terraform) = Workspace::with_external(main) else {
        return;
    };
    let read = terraform.dir().join("read");
    terraform.script(
        "echo.sh",
        &format!("cat > '{}'; printf '{{\"argument\": \"%s\"}}' \"$1\"", read.display()),
    );

    terraform.ok(&["init"]);
    terraform.ok(&["apply", "-auto-approve"]);

    let outputs: Value = serde_json::from_str(&terraform.ok(&["output", "-json"])).unwrap();
    assert_eq!(outputs["id"]["value"], "-");
    assert_eq!(outputs["result"]["value"], json!({ "argument": "an argument; $(not) a shell's" }));
    let query: Value = serde_json::from_slice(&std::fs::read(read).unwrap()).unwrap();
    assert_eq!(query, json!({ "kept": "ä \" \\ é" }));
}

#[test]
fn the_standard_error_of_a_failing_program_is_shown() {
    let main = r#"
        data "external" "fails" {
          program = ["sh", "-c", "echo '{}'; echo what went wrong >&2; exit 3"]
        }
    "#;
    let Some(terraform) = Workspace::with_external(main) else {
        return;
    };
    terraform.ok(&["init"]);
    let error = terraform.fails(&["plan"]);
    for part in [
        "Error: External Program Execution Failed",
        "Error Message: what went wrong",
        "State: exit status 3",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn a_query_that_is_no_object_of_strings_is_refused() {
    for printed in ["", "token", "[]", r#"{"expires_in": 86400}"#, r#"{"a": {}}"#, "{} {}"] {
        let main = format!(
            "data \"external\" \"odd\" {{\n  program = [\"printf\", \"%s\", {}]\n}}\n",
            json!(printed)
        );
        let Some(terraform) = Workspace::with_external(&main) else {
            return;
        };
        terraform.ok(&["init"]);
        let error = terraform.fails(&["plan"]);
        let summary = "Error: Unexpected External Program Results";
        assert!(error.contains(summary), "{printed}: {error}");
    }
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let main = r#"
        data "external" "nowhere" {
          program = ["no-such-program-anywhere"]
        }
    "#;
    let Some(terraform) = Workspace::with_external(main) else {
        return;
    };
    terraform.ok(&["init"]);
    let error = terraform.fails(&["plan"]);
    let named = r#"Program: "no-such-program-anywhere""#;
    for part in ["Error: External Program Lookup Failed", named] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn a_program_runs_in_its_working_directory_with_terraforms_environment() {
    let main = r#"
        data "external" "here" {
          program     = ["sh", "-c", "printf '{\"dir\": \"%s\", \"from\": \"%s\"}' \"$(pwd)\" \"$FROM\""]
          working_dir = "/"
        }
        output "here" {
          value = data.external.here.result
        }
    "#;
    let Some(mut terraform) = Workspace::with_external(main) else {
        return;
    };
    terraform.set("FROM", "outside");
    terraform.ok(&["init"]);
    terraform.ok(&["apply", "-auto-approve"]);
    let here: Value = serde_json::from_str(&terraform.ok(&["output", "-json", "here"])).unwrap();
    assert_eq!(here, json!({ "dir": "/", "from": "outside" }));
}
