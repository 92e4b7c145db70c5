//! One of the files in `~/.aws`.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use configparser::ini::{Ini, IniDefault};

use crate::platform::{OpenedFile, TamperRisk};
use crate::text;

pub(super) struct ProfileFile {
    pub(super) path: PathBuf,
    pub(super) risk: Option<TamperRisk>,
    pub(super) mode_if_readable_by_others: Option<u32>,
    sections: HashMap<String, HashMap<String, Option<String>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    /// `~/.aws/config`, where the sections of profiles are called so.
    Config,
    /// `~/.aws/credentials`, which has nothing but profiles.
    Credentials,
}

const MAX_BYTES: u64 = 1 << 20;

/// Named by those who want none to be read.
const NO_FILE: &str = "/dev/null";

impl ProfileFile {
    /// Returns `None` if there is no such file.
    ///
    /// # Errors
    /// Says why the file cannot be read, without its content.
    pub(super) fn read(path: &Path) -> Result<Option<ProfileFile>, String> {
        if path == Path::new(NO_FILE) {
            return Ok(None);
        }
        let opened = match OpenedFile::open_regular(path) {
            Ok(opened) => opened,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let bytes = opened.read(MAX_BYTES).map_err(|error| error.to_string())?;
        let text = text::utf8(&bytes).map_err(|bad| format!("it {bad}"))?;
        Ok(Some(ProfileFile {
            path: path.to_owned(),
            risk: opened.tamper_risk(),
            mode_if_readable_by_others: opened.mode_if_readable_by_others(),
            sections: parse(text)?,
        }))
    }

    pub(super) fn profiles(&self, kind: FileKind) -> Vec<String> {
        let mut names: Vec<_> =
            self.sections.keys().filter_map(|section| profile_name(section, kind)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Returns the settings of a profile, by their names in lower case; empty without it.
    pub(super) fn profile(&self, name: &str, kind: FileKind) -> BTreeMap<String, String> {
        let is_of_profile = |section: &str| profile_name(section, kind).as_deref() == Some(name);
        let mut named: Vec<_> =
            self.sections.iter().filter(|(section, _)| is_of_profile(section)).collect();
        // `[profile default]` counts, and not `[default]`.
        named.sort_unstable_by_key(|(section, _)| section.len());
        let settings = named.last().map(|(_, settings)| *settings);
        settings.into_iter().flatten().filter_map(setting).collect()
    }

    /// Returns a setting of one service in a section of services.
    pub(super) fn of_service(&self, services: &str, service: &str, name: &str) -> Option<String> {
        let is_named = |section: &str| words(section) == ["services", services];
        let (_, settings) = self.sections.iter().find(|(section, _)| is_named(section))?;
        let nested = settings.get(service)?.as_deref()?;
        nested.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == name).then(|| without_comment(value.trim()).to_owned())
        })
    }
}

/// Covers paths below something that is not a directory (`HOME=/dev/null`).
fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

fn parse(text: &str) -> Result<HashMap<String, HashMap<String, Option<String>>>, String> {
    let mut format = IniDefault::default();
    format.default_section = String::new();
    format.comment_symbols = vec!['#', ';'];
    format.delimiters = vec!['='];
    format.case_sensitive = true;
    format.multiline = true;
    format.enable_inline_comments = false;
    // An error has the number of a line, and none of its text.
    Ini::new_from_defaults(format).read(text.to_owned())
}

fn profile_name(section: &str, kind: FileKind) -> Option<String> {
    match (kind, words(section).as_slice()) {
        (_, [name]) if name == "default" => Some(name.clone()),
        (FileKind::Config, [word, name]) if word == "profile" => Some(name.clone()),
        (FileKind::Config, _) => None,
        (FileKind::Credentials, _) => Some(section.to_owned()),
    }
}

fn words(section: &str) -> Vec<String> {
    shlex::split(section).unwrap_or_default()
}

fn setting((name, value): (&String, &Option<String>)) -> Option<(String, String)> {
    let name = name.to_ascii_lowercase();
    let value = value.as_deref()?;
    // In a command, the shell's rules would hold.
    let value = if name == "credential_process" { value } else { without_comment(value) };
    // Several lines are settings of a service.
    let is_one_line = !value.chars().any(char::is_control);
    (!value.is_empty() && is_one_line).then(|| (name, value.to_owned()))
}

/// Removes a comment behind a value, which has a space before it.
fn without_comment(value: &str) -> &str {
    let comment = [" #", " ;", "\t#", "\t;"].iter().filter_map(|mark| value.find(mark)).min();
    value[..comment.unwrap_or(value.len())].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> ProfileFile {
        let sections = parse(text).unwrap();
        let path = PathBuf::from("/file");
        ProfileFile { path, risk: None, mode_if_readable_by_others: None, sections }
    }

    #[test]
    fn profiles_are_read_as_amazons_programs_read_them() {
        let config = file(
            "# a comment\n[default]\nregion = no\n[profile default]\nRegion=eu-west-1 # here\n\
             [ profile   \"my team\" ]\r\naws_secret_access_key = a+b/c=d#e;f\r\n\
             credential_process = /bin/x \"a # b\" # c\n[profile empty]\n[other]\nregion = no\n\
             [services local]\ns3 =\n  endpoint_url = http://127.0.0.1:1 # here\n  x = y\n\
             sts =\n  endpoint_url = http://127.0.0.1:2\n",
        );
        let kind = FileKind::Config;
        assert_eq!(config.profiles(kind), ["default", "empty", "my team"]);
        assert_eq!(config.profile("default", kind)["region"], "eu-west-1");
        let team = config.profile("my team", kind);
        assert_eq!(team["aws_secret_access_key"], "a+b/c=d#e;f");
        assert_eq!(team["credential_process"], "/bin/x \"a # b\" # c");
        assert!(config.profile("other", kind).is_empty());
        let endpoint = |service| config.of_service("local", service, "endpoint_url");
        assert_eq!(endpoint("s3").as_deref(), Some("http://127.0.0.1:1"));
        assert_eq!(endpoint("sts").as_deref(), Some("http://127.0.0.1:2"));
        assert_eq!(config.of_service("local", "sqs", "endpoint_url"), None);
    }

    #[test]
    fn the_credentials_file_has_plain_names_of_profiles() {
        let credentials = file("[my team]\nregion=a\n[profile x]\nregion=b\n[default]\nregion=c\n");
        let kind = FileKind::Credentials;
        assert_eq!(credentials.profile("my team", kind)["region"], "a");
        assert!(credentials.profile("x", kind).is_empty());
        assert_eq!(credentials.profile("default", kind)["region"], "c");
    }

    #[test]
    fn a_mistake_is_named_by_its_line_alone() {
        let error = parse("[default]\n[s3cret\n").unwrap_err();
        assert!(error.starts_with("line 2") && !error.contains("s3cret"), "{error}");
        let error = parse("[default]\n= s3cret\n").unwrap_err();
        assert!(error.starts_with("line 2") && !error.contains("s3cret"), "{error}");
    }
}
