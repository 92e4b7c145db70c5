//! Looks for secrets in files, in whatever form they may have got there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

use crate::common;

/// The files below `base` that hold one of `secrets`: as they are (which is how
/// msgpack and protobuf write text, too), in base64 wherever the secret stands
/// in the encoded text, in hexadecimal, or encoded for a URL. Archives, such as
/// a saved plan, are searched unpacked. `None` where there is no unzip.
///
/// # Panics
/// When there is nothing to search, which would prove nothing.
pub(crate) fn holders(base: &Path, secrets: &[String]) -> Option<Vec<PathBuf>> {
    if common::program("unzip").is_none() {
        common::missing("unzip");
        return None;
    }
    assert!(!secrets.is_empty());
    let forms: Vec<String> = secrets.iter().flat_map(|secret| forms(secret)).collect();
    let mut files = Vec::new();
    list(base, &mut files);
    assert!(!files.is_empty(), "{}", base.display());
    let holds = |path: &PathBuf| {
        let text = content(path);
        forms.iter().any(|form| text.contains(form))
    };
    Some(files.into_iter().filter(holds).collect())
}

/// Lists regular files; links lead to the providers, and are not followed.
fn list(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            list(&entry.path(), files);
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
}

fn content(path: &Path) -> String {
    let bytes = fs::read(path).unwrap();
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if bytes.starts_with(b"PK\x03\x04") {
        let unzip = Command::new("unzip").arg("-p").arg(path).output().unwrap();
        assert!(unzip.status.success(), "{unzip:?}");
        assert!(!unzip.stdout.is_empty());
        text += &String::from_utf8_lossy(&unzip.stdout);
    }
    text
}

fn forms(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let url = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut forms = vec![secret.to_owned(), hex.to_uppercase(), hex, url];
    for before in 0..3 {
        forms.push(inner_base64(&BASE64_STANDARD_NO_PAD, secret, before));
        forms.push(inner_base64(&BASE64_URL_SAFE_NO_PAD, secret, before));
    }
    forms
}

/// The part of the base64 of some text that a secret in it decides alone, with
/// `before` bytes, modulo 3, in front of the secret.
fn inner_base64(engine: &impl Engine, secret: &str, before: usize) -> String {
    let text = [vec![0; before], secret.into()].concat();
    let encoded = engine.encode(&text);
    let shared_with_the_front = [0, 2, 3][before];
    let shared_with_what_follows = usize::from(text.len() % 3 != 0);
    encoded[shared_with_the_front..encoded.len() - shared_with_what_follows].to_owned()
}

#[test]
fn a_secret_is_found_in_every_form() {
    let secret = "s3cret/with+more";
    let hidden = [
        format!("text {secret} text"),
        BASE64_STANDARD_NO_PAD.encode(format!("{{\"a\": \"{secret}\"}}")),
        BASE64_STANDARD_NO_PAD.encode(format!("{{\"ab\": \"{secret}\"}}")),
        BASE64_URL_SAFE_NO_PAD.encode(format!("{{\"abc\": \"{secret}\"}}")),
        "7333637265742F776974682B6D6F7265".to_owned(),
        "query=s3cret%2Fwith%2Bmore&more".to_owned(),
    ];
    for text in hidden {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("holder"), &text).unwrap();
        fs::write(deep.join("other"), "nothing").unwrap();
        let Some(found) = holders(dir.path(), &[secret.to_owned()]) else {
            return;
        };
        assert_eq!(found, [deep.join("holder")], "{text}");
    }
}
