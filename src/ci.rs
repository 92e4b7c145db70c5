//! Recipes for CI systems: the files that a repository needs to run Terraform with gc-token.

mod template;

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CiSystem {
    /// GitHub Actions: a workflow, and an action of the repository's own
    Github,
    /// GitLab CI: a pipeline, and a component of the repository's own
    Gitlab,
    /// Azure Pipelines: a pipeline, and a template of steps
    Azure,
    /// Jenkins: a declarative pipeline
    Jenkins,
    /// Atlantis: the server's configuration, and an installer for its image
    Atlantis,
    /// HCP Terraform: gc-token as a provider, uploaded with the configuration
    Hcp,
}

/// Values that are inserted into the templates of a recipe. Each has to be [plain](is_plain).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeValues {
    pub variables: Vec<(&'static str, String)>,
    pub client_id_variable: &'static str,
    pub client_secret_variable: &'static str,
    pub min_ttl: String,
    pub checksums: ArchiveChecksums,
    pub store: Option<RecipeStore>,
}

/// What a recipe has to say about the credentials of the store that machines share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecipeStore {
    Redis,
    /// The credentials of a bucket, as a phrase.
    Bucket(&'static str),
}

/// SHA-256 of this version's archives, in hexadecimal digits. An empty one is refused when the
/// recipe runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArchiveChecksums {
    pub x86_64: String,
    pub aarch64: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeFile {
    pub path: &'static str,
    pub text: String,
}

const VERSION: &str = env!("CARGO_PKG_VERSION");
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");
const INSTALL: &str = include_str!("ci/install.sh");
const PROVIDER_SOURCE: &str = crate::terraform::LOCAL_SOURCE;

impl CiSystem {
    pub fn name(self) -> &'static str {
        match self {
            CiSystem::Github => "github",
            CiSystem::Gitlab => "gitlab",
            CiSystem::Azure => "azure",
            CiSystem::Jenkins => "jenkins",
            CiSystem::Atlantis => "atlantis",
            CiSystem::Hcp => "hcp",
        }
    }

    pub fn marker(self) -> &'static str {
        match self {
            CiSystem::Github => "GITHUB_ACTIONS",
            CiSystem::Gitlab => "GITLAB_CI",
            CiSystem::Azure => "TF_BUILD",
            CiSystem::Jenkins => "JENKINS_URL",
            CiSystem::Atlantis => "ATLANTIS_TERRAFORM_VERSION",
            CiSystem::Hcp => "TFC_RUN_ID",
        }
    }

    /// Returns the recipe's files; the first is the one that starts Terraform.
    pub fn recipe(self, values: &RecipeValues) -> Vec<RecipeFile> {
        let substitute = |(path, template): &(&'static str, &str)| RecipeFile {
            path,
            text: template::render(template, &values.inline(), &values.blocks(self)),
        };
        self.templates().iter().map(substitute).collect()
    }

    fn templates(self) -> &'static [(&'static str, &'static str)] {
        match self {
            CiSystem::Github => &[
                (".github/workflows/genesys-cloud.yml", include_str!("ci/github/workflow.yml")),
                (".github/actions/gc-token/action.yml", include_str!("ci/github/action.yml")),
            ],
            CiSystem::Gitlab => &[
                (".gitlab-ci.yml", include_str!("ci/gitlab/pipeline.yml")),
                (".gitlab/gc-token.yml", include_str!("ci/gitlab/template.yml")),
            ],
            CiSystem::Azure => &[
                ("azure-pipelines.yml", include_str!("ci/azure/pipeline.yml")),
                (".azure/gc-token.yml", include_str!("ci/azure/steps.yml")),
            ],
            CiSystem::Jenkins => &[("Jenkinsfile", include_str!("ci/jenkins/Jenkinsfile"))],
            CiSystem::Atlantis => &[
                ("repos.yaml", include_str!("ci/atlantis/repos.yaml")),
                ("install-gc-token.sh", include_str!("ci/atlantis/install-gc-token.sh")),
            ],
            CiSystem::Hcp => &[("genesys-cloud.tf", include_str!("ci/hcp/genesys-cloud.tf"))],
        }
    }
}

impl RecipeValues {
    fn inline(&self) -> Vec<(&str, String)> {
        vec![
            ("client-id", self.client_id_variable.to_owned()),
            ("client-secret", self.client_secret_variable.to_owned()),
            ("min-ttl", self.min_ttl.clone()),
            ("version", VERSION.to_owned()),
            ("url", format!("{REPOSITORY}/releases/download/v{VERSION}")),
            ("sha256-x86_64", self.checksums.x86_64.clone()),
            ("sha256-aarch64", self.checksums.aarch64.clone()),
            ("provider", PROVIDER_SOURCE.to_owned()),
            ("store-credentials", self.bucket_credentials().unwrap_or_default().to_owned()),
        ]
    }

    fn blocks(&self, system: CiSystem) -> template::Blocks<'_> {
        let mut variables: Vec<_> =
            self.variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        // The other systems give a project's variables to every job by themselves.
        if system == CiSystem::Github && variables.is_empty() {
            variables.push(("GENESYSCLOUD_REGION", "${{ vars.GENESYSCLOUD_REGION }}"));
        }
        let is_redis = self.store == Some(RecipeStore::Redis);
        let conditions = vec![
            ("redis", is_redis),
            ("no redis", !is_redis),
            ("bucket", self.bucket_credentials().is_some()),
        ];
        template::Blocks { variables, install: INSTALL, conditions }
    }

    fn bucket_credentials(&self) -> Option<&'static str> {
        match self.store {
            Some(RecipeStore::Bucket(credentials)) => Some(credentials),
            Some(RecipeStore::Redis) | None => None,
        }
    }
}

/// Returns whether the notations of all systems, and their shells, take `value` as it is
/// between quotes.
pub fn is_plain(value: &str) -> bool {
    value.chars().all(|char| char.is_ascii_alphanumeric() || PUNCTUATION.contains(char))
}

pub const PUNCTUATION: &str = " -._~:/?#@&+,;=*";

/// Reads the checksums of this version's archives from the lines of a release's SHA256SUMS.
/// `None` if neither is there.
pub fn read_checksums(sums: &str) -> Option<ArchiveChecksums> {
    let find = |arch: &str| {
        let archive = format!("gc-token-{VERSION}-{arch}-unknown-linux-musl.tar.gz");
        let mut lines = sums.lines().filter_map(|line| line.split_once([' ', '\t']));
        let (hash, _) = lines.find(|(hash, name)| {
            name.trim_start().trim_start_matches('*') == archive && is_sha256(hash)
        })?;
        Some(hash.to_ascii_lowercase())
    };
    let found = (find("x86_64"), find("aarch64"));
    (found != (None, None)).then(|| ArchiveChecksums {
        x86_64: found.0.unwrap_or_default(),
        aarch64: found.1.unwrap_or_default(),
    })
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;
