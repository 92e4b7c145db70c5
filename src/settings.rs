//! What the user wants, from flags, a Terraform query, the environment and a
//! profile. Every value knows where it came from.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::region::Region;
use crate::token::Demand;

/// Everything that the broker needs, parsed and checked.
#[derive(Debug)]
pub struct Settings {
    /// Who asks for a token.
    pub client: Client,
    /// Whom it asks, and for what.
    pub issuer: Issuer,
    /// When a token is good enough.
    pub demand: Demand,
    /// Where tokens are kept.
    pub cache: CacheSettings,
    /// How the issuer is reached.
    pub network: Network,
}

/// The OAuth client.
#[derive(Debug)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Where its secret comes from.
    pub secret: SecretSource,
    /// How both are presented.
    pub auth: ClientAuth,
}

/// How a client authenticates itself (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// `client_secret_basic`: in the Authorization header.
    #[default]
    Basic,
    /// `client_secret_post`: in the form.
    Post,
}

/// The client secret, or the way to it. Redacted in `Debug`.
#[derive(Debug)]
pub enum SecretSource {
    /// Known already.
    Known(SecretString),
    /// A command that prints it: slow, may prompt, so it is run only when a
    /// token has to be minted. An argv list; no shell.
    Command(Vec<String>),
}

/// The authorization server and what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// The token endpoint.
    pub token_url: String,
    /// The issuer's base URL, where the issuer is Genesys Cloud.
    pub login_url: Option<String>,
    /// The API's base URL, where known.
    pub api_url: Option<String>,
    /// The region, where known.
    pub region: Option<&'static Region>,
    /// `scope` of the request (RFC 6749 section 3.3).
    pub scope: Option<String>,
    /// `audience` of the request, as several issuers want it.
    pub audience: Option<String>,
}

/// Where and how tokens are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSettings {
    /// The directory; `None` keeps nothing (`--no-cache`).
    pub dir: Option<PathBuf>,
    /// Where the key for entries of secret commands is kept.
    pub state_dir: Option<PathBuf>,
    /// How long to wait for another process that is minting.
    pub lock_timeout: Duration,
}

/// How the issuer is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The time limit on a mint, retries and waits between them included.
    pub timeout: Duration,
    /// Certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
}

/// Where a value came from; its `Display` is how a message names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A command-line flag, by its name without dashes.
    Flag(&'static str),
    /// A key of the Terraform query.
    Query(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// A key of a profile.
    Profile {
        /// The profile's name.
        profile: String,
        /// The key in it.
        key: &'static str,
        /// The file that holds it.
        file: PathBuf,
    },
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(name) => write!(f, "--{name}"),
            Origin::Query(key) => write!(f, "query key {key:?}"),
            Origin::Variable(name) => f.write_str(name),
            Origin::Profile { profile, key, file } => {
                write!(f, "{key} of profile {profile:?} in {}", file.display())
            }
            Origin::Default => f.write_str("the default"),
        }
    }
}
