//! The plugin layer with the real Terraform, by way of the stand-in for the
//! `external` provider.

mod common;

use common::terraform::Workspace;
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
    let Some(terraform) = Workspace::new(main) else {
        return;
    };
    let read = terraform.dir().join("read");
    terraform.script(
        "echo.sh",
        &format!(
            "cat > '{}'; printf '{{\"argument\": \"%s\"}}' \"$1\"",
            read.display()
        ),
    );

    terraform.ok(&["init"]);
    terraform.ok(&["apply", "-auto-approve"]);

    let outputs: Value = serde_json::from_str(&terraform.ok(&["output", "-json"])).unwrap();
    assert_eq!(outputs["id"]["value"], "-");
    assert_eq!(
        outputs["result"]["value"],
        json!({ "argument": "an argument; $(not) a shell's" })
    );
    let query: Value = serde_json::from_slice(&std::fs::read(read).unwrap()).unwrap();
    assert_eq!(query, json!({ "kept": "ä \" \\ é" }));
}
