//! No example puts a token, a secret or the gateway's path into the arguments of
//! a program, which every user of a machine can read: searched in all of the
//! documentation, and seen where the README's own commands are run.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use gc_token::internals::sandbox::SandboxConfig;

use super::shell::{Command, commands};
use crate::common::cloud::cloud;
use crate::common::runner::Runner;
use crate::common::{guard, missing, page, program};

/// Variables that hold a secret, whoever sets them.
const SECRET: [&str; 9] = [
    "GENESYSCLOUD_ACCESS_TOKEN",
    "GENESYSCLOUD_OAUTHCLIENT_SECRET",
    "GC_TOKEN_CLIENT_SECRET",
    "GC_TOKEN_GATEWAY_URL",
    "GENESYSCLOUD_GATEWAY_PATH_VALUE",
    "HTTPS_PROXY",
    "https_proxy",
    "TOKEN",
    "AUTH",
];

/// Builtins of a shell, which start no process.
const BUILTINS: [&str; 20] = [
    "test", "[", "[[", "echo", "printf", "export", "unset", ":", "set", "local", "readonly",
    "read", "return", "case", "for", ".", "source", "eval", "trap", "cd",
];

/// The commands of a script that have a secret among their arguments. `secret`
/// are the variables that hold one; those that are set to one are added.
fn betrayals(script: &str, secret: &mut BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    for Command { assignments, words, nested, text } in commands(script) {
        for (name, value) in assignments {
            if uses(&value, secret) || value.contains("gc-token get") {
                secret.insert(name);
            }
        }
        let mut words = words.iter().map(String::as_str).skip_while(|word| is_prefix(word));
        if let Some(name) = words.next()
            && !BUILTINS.contains(&name)
            && words.any(|word| uses(word, secret))
        {
            found.push(text);
        }
        for script in nested {
            found.extend(betrayals(&script, secret));
        }
    }
    found
}

/// Reports whether a word only precedes the command.
fn is_prefix(word: &str) -> bool {
    ["exec", "time", "!", "if", "then", "else", "elif", "while", "until", "do", "{", "-"]
        .contains(&word)
        || word.ends_with(':')
}

/// Reports whether a word expands to a secret: in a shell, in PowerShell, in a macro of Azure
/// Pipelines, or in an expression of GitHub Actions.
fn uses(word: &str, secret: &BTreeSet<String>) -> bool {
    let named = |rest: &str| {
        let rest = rest.strip_prefix("env:").unwrap_or(rest);
        let rest = rest.trim_start_matches(['{', '(', '!', '#']);
        let name = rest.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'));
        name.into_iter().next().is_some_and(|name| secret.contains(name))
    };
    word.split('$').skip(1).any(named) || word.contains("secrets.")
}

fn found_in(script: &str) -> Vec<String> {
    betrayals(script, &mut SECRET.map(String::from).into())
}

#[test]
fn leaks_of_a_secret_are_found() {
    for script in [
        "curl -H \"Authorization: Bearer $GENESYSCLOUD_ACCESS_TOKEN\" https://api.example",
        "curl --fail \\\n  \"${GC_TOKEN_GATEWAY_URL}/api/v2/tokens/me\"",
        "exec sh -c \"curl $GC_TOKEN_GATEWAY_URL\"",
        "gc-token exec -- sh -c '\n  curl \"$GC_TOKEN_GATEWAY_URL/x\"\n'",
        "api=${GC_TOKEN_GATEWAY_URL:-https://api.example}\ncurl \"$api/x\"",
        "token=$(gc-token get)\nmyprogram --token \"$token\"",
        "echo ok && A=b curl -u \"id:$GENESYSCLOUD_OAUTHCLIENT_SECRET\"",
        "status=$(curl -H \"Bearer $TOKEN\" url)",
        "- run: curl -u \"id:${{ secrets.ANY }}\" url",
        "- bash: curl -H \"Bearer $(GENESYSCLOUD_ACCESS_TOKEN)\" url",
        "curl $env:HTTPS_PROXY",
    ] {
        assert!(!found_in(script).is_empty(), "{script}");
    }
    for script in [
        "printf 'Bearer %s' \"$GENESYSCLOUD_ACCESS_TOKEN\" | curl --header @- url",
        "curl --config - <<EOF\nurl = \"$GC_TOKEN_GATEWAY_URL/x\"\nEOF",
        "GENESYSCLOUD_ACCESS_TOKEN=$token terraform apply",
        "test -n \"$TOKEN\" && curl url",
        "gc-token get --format header | curl --header @- \"$GC_TOKEN_API_URL/x\"",
        "cat > file <<END\nx = $HTTPS_PROXY\nEND",
        "# curl \"$GC_TOKEN_GATEWAY_URL\"",
        "GENESYSCLOUD_OAUTHCLIENT_SECRET: ${{ secrets.ANY }}",
        "GENESYSCLOUD_ACCESS_TOKEN: $(GENESYSCLOUD_ACCESS_TOKEN)",
        "exec gc-token gateway > \"$HOME/gateway.env\"",
    ] {
        assert_eq!(found_in(script), [""; 0], "{script}");
    }
}

#[test]
fn no_example_has_a_secret_in_its_arguments() {
    let mut files = page::files(&["book/src", "docs", "examples", "terraform-examples"]);
    let pages = fs::read_dir(page::root()).unwrap().map(|entry| entry.unwrap().path());
    files.extend(pages.filter(|path| path.extension().is_some_and(|it| it == "md")));
    let mut searched = 0;
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for script in scripts(&file, &text) {
            searched += commands(&script).count();
            assert_eq!(found_in(&script), [""; 0], "{}", file.display());
        }
    }
    assert!(searched > 200, "only {searched} commands were found");
}

/// The scripts of a file, by its extension.
fn scripts(file: &Path, text: &str) -> Vec<String> {
    match file.extension().and_then(|it| it.to_str()) {
        Some("sh") => vec![text.to_owned()],
        Some("yml" | "yaml") => vec![text.replace(": |\n", ":\n")],
        Some("tf" | "hcl") => provisioners(text),
        Some("md") => {
            let mut found = Vec::new();
            for block in text.split("\n```").skip(1).step_by(2) {
                let (language, block) = block.split_once('\n').unwrap();
                let language = if language == "bash" { "sh" } else { language };
                found.extend(scripts(Path::new(&format!("block.{language}")), block));
            }
            let prose: Vec<_> = text.split("\n```").step_by(2).collect();
            let codes = prose.iter().flat_map(|prose| prose.split('`').skip(1).step_by(2));
            found.extend(codes.map(|code| code.replace("\\|", "|")));
            found
        }
        _ => Vec::new(),
    }
}

/// Returns the commands that Terraform runs: here-documents, and one-liners.
fn provisioners(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for rest in text.split("command = ").skip(1) {
        found.push(match rest.strip_prefix("<<-EOT\n") {
            Some(rest) => rest.split("\n    EOT").next().unwrap().to_owned(),
            None => rest.lines().next().unwrap().trim_matches('"').replace("\\\"", "\""),
        });
    }
    found
}

/// Writes down its arguments, a line for each, and does what curl does.
const CURL: &str = "#!/bin/sh\nprintf '%s\\n' \"$@\" >> \"$HOME/arguments\"\nexec CURL \"$@\"\n";

#[test]
fn the_documentations_commands_show_no_secret_while_they_run() {
    let Some(curl) = program("curl") else {
        return missing("curl");
    };
    let blocks = page::all().into_iter().flat_map(|page| page::commands(&page::read(&page)));
    let with_curl: BTreeSet<_> = blocks.filter(|block| block.contains("curl ")).collect();
    assert!(with_curl.iter().any(|block| block.contains("exec --gateway")), "{with_curl:?}");
    for block in with_curl {
        let cloud = cloud(SandboxConfig::default());
        let wrapper = CURL.replace("CURL", &curl.display().to_string());
        let runner = Runner::of(&cloud).with_file("bin/curl", &wrapper);
        let bin = runner.home().join("bin");
        fs::set_permissions(bin.join("curl"), fs::Permissions::from_mode(0o700)).unwrap();
        // The runner puts gc-token before its PATH.
        let script = format!("set -eu\nPATH={}:$PATH\n{}\n{block}", bin.display(), page::CLEAN_UP);
        runner.shell("sh", &script).succeeded();
        let arguments = fs::read_to_string(runner.home().join("arguments")).unwrap();
        guard::holds_no_secret(arguments.as_bytes(), &block);
        guard::holds_no_token(arguments.as_bytes(), &block);
        let is_path = |word: &&str| word.len() == 22;
        let base64url = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
        let mut words = arguments.split(|char| !base64url(char));
        assert_eq!(words.find(is_path), None, "the gateway's path is in {arguments}");
    }
}
