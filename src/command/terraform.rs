//! `terraform install`: copies this program to a place where Terraform looks for providers.

use std::path::{Path, PathBuf};

use super::path_from_flag;
use crate::context::{Context, NO_HOME, StandardStreams};
use crate::error::{Error, Kind, Result};
use crate::platform::{self, ForeignDir};
use crate::terraform::LOCAL_SOURCE;

/// Addresses under which builds before the first release installed themselves.
const UNRESERVED_SOURCES: [&str; 2] =
    ["registry.terraform.io/gc-token/gctoken", "registry.opentofu.org/gc-token/gctoken"];
const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) fn install(
    mirror: Option<PathBuf>,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<()> {
    let named = mirror.map(|path| path_from_flag("mirror", &path, context)).transpose()?;
    let implied = context.directories.home.as_ref().map(|home| home.join(".terraform.d/plugins"));
    let needs_configuration = named.is_some() && named != implied;
    let was_named = named.is_some();
    let directory = named.or(implied).ok_or_else(|| {
        Error::new(Kind::Configuration, "there is no directory to install the provider in")
            .with_cause(NO_HOME)
            .with_hint("name one with --mirror")
    })?;
    // Without --mirror, an unusable directory is a failure of the system.
    let kind = if was_named { Kind::Configuration } else { Kind::System };
    let mirror =
        std::path::absolute(&directory).map_err(|error| unusable(kind, &directory, error))?;
    let target = mirror.join(path_in_mirror());
    if let Some(parent) = platform::foreign_parent(&target).filter(|_| !was_named) {
        return Err(foreign_directory(&target, &parent));
    }
    let program = std::env::current_exe().map_err(|error| {
        Error::new(Kind::System, "cannot find this program's own file").with_source(error)
    })?;
    copy_program(&program, &target).map_err(|error| unusable(kind, &target, error))?;
    warn_of_unreserved_sources(&mirror, context);
    let mut text = format!("# Installed {LOCAL_SOURCE} {VERSION} in {}\n\n", mirror.display());
    if needs_configuration {
        text += &cli_configuration(&mirror);
    }
    text += &required_providers();
    streams.print(text.as_bytes())
}

/// Returns the path of this version for this platform ("unpacked layout").
fn path_in_mirror() -> PathBuf {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    let dir = format!("{LOCAL_SOURCE}/{VERSION}/{os}_{arch}");
    Path::new(&dir).join(format!("terraform-provider-gctoken_v{VERSION}"))
}

/// Replaces an older copy by renaming, so that a running one is not disturbed.
fn copy_program(program: &Path, target: &Path) -> std::io::Result<()> {
    if let Some(dir) = target.parent() {
        platform::create_dirs(dir, true)?;
    }
    let fresh = target.with_extension("new");
    std::fs::copy(program, &fresh)?;
    std::fs::rename(&fresh, target)
}

fn warn_of_unreserved_sources(mirror: &Path, context: &Context) {
    let installed = UNRESERVED_SOURCES.map(|source| mirror.join(source));
    for path in installed.iter().filter(|path| path.exists()) {
        context.reporter.warn(format_args!(
            "{} holds an older version, under an address that anybody could register; set the \
             source to {LOCAL_SOURCE}, then remove that directory",
            path.display()
        ));
    }
}

fn cli_configuration(mirror: &Path) -> String {
    format!(
        r#"# In ~/.terraformrc (OpenTofu: ~/.tofurc), or the file that TF_CLI_CONFIG_FILE names:
provider_installation {{
  filesystem_mirror {{
    path    = {:?}
    include = ["{LOCAL_SOURCE}"]
  }}
  direct {{
    exclude = ["{LOCAL_SOURCE}"]
  }}
}}

"#,
        mirror.display().to_string()
    )
}

fn required_providers() -> String {
    format!(
        r#"# In the configuration (Terraform 1.10 or later, OpenTofu 1.11 or later):
terraform {{
  required_providers {{
    gctoken = {{
      source  = "{LOCAL_SOURCE}"
      version = "{VERSION}"
    }}
  }}
}}

ephemeral "gctoken_access_token" "this" {{}}
"#
    )
}

fn foreign_directory(target: &Path, parent: &ForeignDir) -> Error {
    Error::new(Kind::Configuration, format!("{} is not installed", target.display()))
        .with_cause(parent.to_string())
        .with_hint("run it as that user, without sudo, or name a directory with --mirror")
}

fn unusable(kind: Kind, path: &Path, error: std::io::Error) -> Error {
    Error::new(kind, format!("cannot use {}", path.display()))
        .with_source(error)
        .with_hint("name a writable directory with --mirror")
}
