//! `terraform install`: puts the provider where Terraform looks for it.

mod archives;
mod mirror;

use std::path::{Path, PathBuf};

use self::archives::read_archives;
use self::mirror::Mirror;
use super::path_from_flag;
use crate::context::{Context, NO_HOME, StandardStreams};
use crate::error::{Error, Kind, Result};
use crate::platform::{self, ForeignDir};
use crate::terraform::LOCAL_SOURCE;

/// Addresses under which builds before the first release installed themselves.
const UNRESERVED_SOURCES: [&str; 2] =
    ["registry.terraform.io/gc-token/gctoken", "registry.opentofu.org/gc-token/gctoken"];
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// `mirror` and `from` are the values of the flags.
pub(super) fn install(
    mirror: Option<PathBuf>,
    from: Option<PathBuf>,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<()> {
    let destination = Destination::resolve(mirror, context)?;
    let platforms = match from {
        Some(from) => {
            destination.install_archives(&path_from_flag("from", &from, context)?, context)?
        }
        None => vec![destination.install_program()?],
    };
    warn_of_unreserved_sources(&destination.root, context);
    streams.print(destination.instructions(&platforms).as_bytes())
}

/// Terraform looks for providers here, too, and HCP Terraform nowhere else.
const BESIDE_CONFIGURATION: &str = "terraform.d/plugins";

/// The mirror to install in.
struct Destination {
    root: PathBuf,
    /// Whether Terraform finds it without being told.
    is_implied: bool,
    /// The kind of the error if it cannot be used.
    kind: Kind,
    mirror: Mirror,
}

impl Destination {
    fn resolve(flag: Option<PathBuf>, context: &Context) -> Result<Destination> {
        let named = flag.map(|path| path_from_flag("mirror", &path, context)).transpose()?;
        let home = context.directories.home.as_ref().map(|home| home.join(".terraform.d/plugins"));
        let was_named = named.is_some();
        let directory = named.or(home.clone()).ok_or_else(|| {
            Error::new(Kind::Configuration, "there is no directory to install the provider in")
                .with_cause(NO_HOME)
                .with_hint("name one with --mirror")
        })?;
        // Without --mirror, an unusable directory is a failure of the system.
        let kind = if was_named { Kind::Configuration } else { Kind::System };
        let absolute = |path: &Path| {
            std::path::absolute(path).map_err(|error| unusable(kind, &directory, error))
        };
        let root = absolute(&directory)?;
        let implied = [home, Some(absolute(BESIDE_CONFIGURATION.as_ref())?)];
        let is_implied = implied.contains(&Some(root.clone()));
        let mirror = Mirror::new(&root);
        let target = mirror.program(&platform_of_program());
        if let Some(parent) = platform::foreign_parent(&target).filter(|_| !was_named) {
            return Err(foreign_directory(&target, &parent));
        }
        Ok(Destination { root, is_implied, kind, mirror })
    }

    /// Returns the platform.
    fn install_program(&self) -> Result<String> {
        let program = std::env::current_exe().map_err(|error| {
            Error::new(Kind::System, "cannot find this program's own file").with_source(error)
        })?;
        let platform = platform_of_program();
        let installed = self.mirror.install_program(&platform, &program);
        let target = self.mirror.program(&platform);
        installed.map_err(|error| unusable(self.kind, &target, error)).map(|()| platform)
    }

    /// Returns the platforms of the zips.
    fn install_archives(&self, from: &Path, context: &Context) -> Result<Vec<String>> {
        let archives = read_archives(from, &context.reporter)?;
        for archive in &archives {
            let target = self.mirror.packed(&archive.platform);
            let installed = self.mirror.install_archive(archive);
            installed.map_err(|error| unusable(self.kind, &target, error))?;
        }
        Ok(archives.into_iter().map(|archive| archive.platform).collect())
    }

    fn instructions(&self, platforms: &[String]) -> String {
        let (list, root) = (platforms.join(", "), self.root.display());
        let mut text = format!("# Installed {LOCAL_SOURCE} {VERSION} for {list} in {root}\n\n");
        if !self.is_implied {
            text += &cli_configuration(&self.root);
        }
        text + &required_providers() + &lock_command(&self.root, platforms)
    }
}

fn platform_of_program() -> String {
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
    format!("{os}_{arch}")
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

pub(super) fn required_providers() -> String {
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

# In the block of the provider that needs the token:
#   provider "genesyscloud" {{
#     access_token = ephemeral.gctoken_access_token.this.access_token
#     aws_region   = ephemeral.gctoken_access_token.this.aws_region
#   }}
"#
    )
}

/// Returns the command that adds the checksums of `platforms` to a lock file. `terraform
/// init` suggests it without the mirror, and then it asks a registry that does not exist.
fn lock_command(mirror: &Path, platforms: &[String]) -> String {
    let platforms: String =
        platforms.iter().map(|platform| format!(" -platform={platform}")).collect();
    format!(
        "\n# If other machines share the lock file (OpenTofu: tofu):\n\
         #   terraform providers lock -fs-mirror={:?}{platforms} {LOCAL_SOURCE}\n",
        mirror.display().to_string()
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
