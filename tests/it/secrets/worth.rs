//! Nothing of worth reaches a command under `--intercept`, whatever it looks at,
//! asks for and writes down.

use std::fs;
use std::path::Path;

use gc_token::internals::sandbox::SandboxConfig;

use crate::common::cloud::{CLIENT, cloud};
use crate::common::runner::Runner;
use crate::common::{guard, missing, program};

/// A command that tells all it knows, as a crash report would, asks for a token of
/// its own, and has its token revoked.
const CURIOUS: &str = r#"
env > told
tr '\0' '\n' < /proc/self/environ >> told
cp -R "$(dirname "$SSL_CERT_FILE")" certificates
call() {
  curl --silent --show-error --include --write-out '\nstatus %{http_code}\n' --config - >> told
}
call <<EOF
url = "https://login.mypurecloud.ie/oauth/token"
user = "$CLIENT:any"
data = "grant_type=client_credentials"
EOF
for path in organizations/me tokens/me; do
  call <<EOF
url = "https://api.mypurecloud.ie/api/v2/$path"
header = "Authorization: Bearer $GENESYSCLOUD_ACCESS_TOKEN"
EOF
done
call <<EOF
url = "https://api.mypurecloud.ie/api/v2/tokens/me"
request = DELETE
header = "Authorization: Bearer $GENESYSCLOUD_ACCESS_TOKEN"
EOF
call <<EOF
url = "https://apps.mypurecloud.ie/api/v2/organizations/me"
header = "Authorization: Bearer $GENESYSCLOUD_ACCESS_TOKEN"
EOF
call <<EOF
url = "https://api.mypurecloud.ie/api/v2/no-such-thing"
header = "Authorization: Bearer $GENESYSCLOUD_ACCESS_TOKEN"
EOF
"#;

#[test]
fn a_curious_command_learns_nothing_that_is_worth_anything() {
    if program("curl").is_none() {
        return missing("curl");
    }
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud)
        .set("GENESYSCLOUD_REGION", "eu-west-1")
        .set("CLIENT", CLIENT)
        .set("GC_TOKEN_VERBOSE", "2");
    let first = runner.run(&["get"]).succeeded().trim_end().to_owned();
    let args = [
        "exec",
        "--intercept",
        "--log-format=json",
        "--metrics-file=metrics",
        "--set=TF_VAR_token={token}",
        "--",
        "sh",
        "-ec",
        CURIOUS,
    ];
    let finished = runner.run(&args);
    finished.succeeded();
    let told = fs::read_to_string(runner.home().join("told")).unwrap();
    let statuses: Vec<_> = told.lines().filter_map(|it| it.strip_prefix("status ")).collect();
    assert_eq!(statuses, ["200", "200", "200", "204", "200", "501"], "{told}");
    assert_eq!(told.matches("\"access_token\"").count(), 1, "{told}");
    let counters = cloud.counters();
    assert_eq!((counters.mints, counters.refusals), (2, 0), "{told}");

    // The first one was revoked.
    let real = [vec![first], cloud.tokens()].concat();
    assert_eq!(real.len(), 2);
    let search = |text: &[u8], place: &Path| {
        guard::holds_no_secret(text, &place.display().to_string());
        for token in &real {
            let found = text.windows(token.len()).any(|window| window == token.as_bytes());
            assert!(!found, "{} holds a real token", place.display());
        }
    };
    search(finished.stderr.as_bytes(), Path::new("standard error"));
    let searched = each_file_below(runner.home(), &search);
    assert!(searched > 6, "only {searched} files");
}

fn each_file_below(dir: &Path, search: &dyn Fn(&[u8], &Path)) -> usize {
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    paths
        .map(|path| {
            if path.is_dir() {
                return each_file_below(&path, search);
            }
            search(&fs::read(&path).unwrap(), &path);
            1
        })
        .sum()
}
