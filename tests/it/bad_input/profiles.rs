//! Files of profiles with mistakes in them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::Report;
use crate::common::cloud::cloud;
use crate::common::runner::Runner;
use gc_token::internals::sandbox::SandboxConfig;

const OURS: &str = ".config/gc-token/config.toml";
const VENDORS: &str = ".gc/config.toml";

const PROFILES: &[(&str, &str)] = &[
    (OURS, "default"),
    (OURS, "[default"),
    (OURS, "[default]\nclient_secret = hunter2"),
    (OURS, "[default]\nclient_secret = \"hunter2"),
    (OURS, "[default]\nscope = 'a'\nscope = 'hunter2'"),
    (OURS, "default = 'hunter2'"),
    (OURS, "[[default]]\nscope = 'hunter2'"),
    (OURS, "[default]\nsecret = 'hunter2'"),
    (OURS, "[default]\nformat = 'json'"),
    (OURS, "[default]\nscope = ['hunter2']"),
    (OURS, "[default]\nskew = 'soon'"),
    (OURS, "[default]\nskew = -5"),
    (OURS, "[default]\nskew = 1979-05-27"),
    (OURS, "[default]\nno_cache = 'perhaps'"),
    (OURS, "[default]\nlogin_url = 'http://login.example'"),
    (OURS, "[default]\nclient_id = 'another'\nclient_secret = 'hunter2'"),
    (OURS, "[default]\nclient_secret = ''"),
    (OURS, "[default]\nclient_secret_command = 'pass hunter2'"),
    (OURS, "[default]\nclient_secret_command = []"),
    (OURS, "[default]\nclient_secret_command = ['pass', 5]"),
    (OURS, "[default]\nclient_secret_command = ['no-such-program', 'hunter2']"),
    (OURS, "[default]\nclient_secret_command = ['sh', '-c', 'exit 7']"),
    (OURS, "[default]\nclient_secret_command = ['sh', '-c', 'kill -9 $$']"),
    (OURS, "[default]\nclient_secret_command = ['true']"),
    (OURS, "[default]\nclient_secret_command = ['printf', 'one\\ntwo']"),
    (OURS, "[default]\nclient_secret_command = ['printf', '\\377']"),
    (VENDORS, "[default]\nclient_secret = 'hunter2'"),
];

const OVERRIDES: [(&str, &str); 2] =
    [("client_secret", "GENESYSCLOUD_OAUTHCLIENT_SECRET"), ("login_url", "GC_TOKEN_LOGIN_URL")];

#[test]
fn a_mistake_in_a_profile_is_named_and_not_repeated() {
    let cloud = cloud(SandboxConfig::default());
    let mut report = Report::default();
    for (file, text) in PROFILES {
        // The environment goes before the profile, where both say something.
        let mut runner = Runner::of(&cloud);
        for (key, variable) in OVERRIDES {
            if text.contains(key) {
                runner = runner.unset(variable);
            }
        }
        let runner = runner.with_file(file, text);
        let finished = runner.run(&["get"]);
        assert!(!finished.stderr.contains("hunter2"), "{finished:#?}");
        report.failure(&format!("{file}: {}", text.escape_debug()), &finished);
    }
    insta::assert_snapshot!(report.0);
}

#[test]
fn a_file_of_profiles_that_is_no_such_file_is_named() {
    let cloud = cloud(SandboxConfig::default());
    let mut report = Report::default();
    let runner = Runner::of(&cloud);
    let file = runner.home().join(OURS);
    fs::create_dir_all(&file).unwrap();
    let named = ["get", "--profile", "default"];
    report.failure("a directory", &runner.run(&named));
    fs::remove_dir(&file).unwrap();
    fs::write(&file, b"[default]\nscope = '\xff'").unwrap();
    report.failure("not UTF-8", &runner.run(&["get"]));
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("config.toml", &file).unwrap();
    report.failure("a link to itself", &runner.run(&named));
    fs::remove_file(&file).unwrap();

    let text = "[default]\nclient_secret = 'the-secret-of-another-client'";
    let runner = runner.with_file(OURS, text);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    report.warning("open to other users", &runner.run(&["get"]));
    insta::assert_snapshot!(report.0);
}
