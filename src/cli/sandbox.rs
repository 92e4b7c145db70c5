//! The arguments of `gc-token sandbox`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;

use super::SettingArgs;
use crate::context::Environment;
use crate::sandbox::duration::{non_negative, offset};
use crate::sandbox::{
    DEFAULT_SECRET, ExpiresInField, Faults, PathQuota, RequestQuota, SandboxConfig, TokenFormat,
};

/// Overrides the default client secret.
pub const SECRET_VARIABLE: &str = "GC_TOKEN_SANDBOX_SECRET";

/// Run a local stand-in for Genesys Cloud.
///
/// It has a login host and an API host, each with a clock of its own, on
/// loopback. The variables that point gc-token and Terraform at it are printed
/// as soon as it listens; it serves until it is interrupted. Its client secret
/// is the well-known "sandbox-secret", which protects nothing, unless
/// GC_TOKEN_SANDBOX_SECRET holds another one.
///
/// While it runs, GET /sandbox/counters on the API host returns what has
/// happened so far, PUT /sandbox/config changes its behaviour, and DELETE
/// /sandbox/tokens revokes every token.
#[derive(Debug, clap::Args)]
pub struct SandboxArgs {
    /// Address of the login host; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen_login: SocketAddr,

    /// Address of the API host; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen_api: SocketAddr,

    /// The id of the only OAuth client
    #[arg(long, value_name = "ID", default_value = "sandbox-client")]
    pub client_id: String,

    /// Lifetime of a new token
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = non_negative)]
    pub lifetime: Duration,

    /// Revoke tokens that make no API call for this long; HEAD requests do not count
    #[arg(long, value_name = "DURATION", value_parser = non_negative)]
    pub idle_timeout: Option<Duration>,

    /// Form of the tokens
    #[arg(long, value_enum, default_value = "opaque")]
    pub format: TokenFormat,

    /// Offset of the login host's clock from this machine's; -2s is behind
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "0s",
        value_parser = offset,
        allow_hyphen_values = true
    )]
    pub issuer_offset: SignedDuration,

    /// Offset of the API host's clock from this machine's; -2s is behind
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "0s",
        value_parser = offset,
        allow_hyphen_values = true
    )]
    pub api_offset: SignedDuration,

    /// Delay of every reply of the login host
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = non_negative)]
    pub latency: Duration,

    /// Delay of every reply to an API call
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = non_negative)]
    pub api_latency: Duration,

    /// API calls that each token may make, such as 300/60s; others get a 429
    ///
    /// The window of a token begins with its first call; without a duration it
    /// is a minute, like Genesys Cloud's.
    #[arg(long, value_name = "N/DURATION")]
    pub rate: Option<RequestQuota>,

    /// The same for calls to a path and below: "PUT /api/v2/routing/skills=100/60s"
    ///
    /// All tokens share it. Can be given several times; the first that applies counts.
    #[arg(long, value_name = "METHOD PATH=N/DURATION")]
    pub path_rate: Vec<PathQuota>,

    /// Name the limit in the body of a 429, as the vendor's type allows
    #[arg(long)]
    pub limit_in_body: bool,

    /// Active tokens of the client: a new one beyond that invalidates the oldest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub max_tokens: Option<u16>,

    /// Tokens that are made in a window, such as 10/60s; others get the vendor's 400
    #[arg(long, value_name = "N/DURATION")]
    pub mint_rate: Option<RequestQuota>,

    /// Faults of the first token requests, such as 3*500,429:2,drop
    ///
    /// One item for each request, in order; N* repeats an item. The items are:
    /// ok; STATUS or STATUS:RETRY-AFTER, where "date+2s" makes an HTTP date;
    /// rate-limit (the vendor's 400); drop, cut and hang (no reply, half a reply,
    /// none until the client disconnects); huge (over 1 MiB); no-date and
    /// aged:SECONDS (no Date header, an Age header); slow:DURATION; garbage (a
    /// web page); redirect or redirect:URL; reply:STATUS:TYPE:BODY.
    #[arg(long, value_name = "LIST", default_value = "")]
    pub faults: Faults,

    /// Faults of the first API calls
    #[arg(long, value_name = "LIST", default_value = "")]
    pub api_faults: Faults,

    /// Value of expires_in: "lifetime", "missing", or any JSON value
    #[arg(long, value_name = "WHAT", default_value = "lifetime")]
    pub expires_in: ExpiresInField,

    /// Speak TLS, with a certificate authority made at the start
    #[arg(long)]
    pub tls: bool,

    /// Write the authority's certificate to this file
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub ca_out: Option<PathBuf>,

    /// Print the variables as one line of JSON instead of shell exports
    #[arg(long, conflicts_with = "command")]
    pub json: bool,

    /// Also stop when standard input is closed
    #[arg(long, conflicts_with = "command")]
    pub until_stdin_closes: bool,

    #[command(flatten)]
    pub settings: SettingArgs,

    /// Run this command with the variables, and stop when it ends, with its exit code.
    ///
    /// Nothing is printed but what the command prints, and nothing is left behind: the cache
    /// and the profiles of gc-token are in a directory that is removed. Flags of gc-token
    /// stand before the command.
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

impl SandboxArgs {
    /// The client secret comes from the environment, because other users of the machine can
    /// read arguments.
    pub fn plan(&self, env: &Environment) -> SandboxConfig {
        SandboxConfig {
            client_id: self.client_id.clone(),
            client_secret: env
                .text(SECRET_VARIABLE)
                .unwrap_or_else(|| DEFAULT_SECRET.to_owned())
                .into(),
            lifetime: self.lifetime,
            idle_timeout: self.idle_timeout,
            format: self.format,
            issuer_offset: self.issuer_offset,
            api_offset: self.api_offset,
            latency: self.latency,
            api_latency: self.api_latency,
            rate: self.rate,
            path_rates: self.path_rate.clone(),
            limit_in_body: self.limit_in_body,
            max_tokens: self.max_tokens.map(usize::from),
            mint_rate: self.mint_rate,
            faults: self.faults.0.clone(),
            api_faults: self.api_faults.0.clone(),
            expires_in: self.expires_in.clone(),
            token: None,
            tls: self.tls,
            validity: None,
            listen_login: self.listen_login,
            listen_api: self.listen_api,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use secrecy::ExposeSecret;

    use super::*;

    #[derive(Debug, Parser)]
    struct Parsed {
        #[command(flatten)]
        args: SandboxArgs,
    }

    fn parse(args: &[&str]) -> Result<SandboxArgs, clap::Error> {
        let name = ["sandbox"].iter();
        Parsed::try_parse_from(name.chain(args)).map(|parsed| parsed.args)
    }

    #[test]
    fn flags_become_a_plan() {
        let args = parse(&[
            "--lifetime=10s",
            "--idle-timeout=5s",
            "--format=jwt",
            "--issuer-offset=-2s",
            "--api-offset",
            "-1h",
            "--faults=2*500,drop",
            "--expires-in=missing",
            "--rate=30/10s",
            "--path-rate=PUT /api/v2/x=1/1s",
            "--path-rate=POST /api/v2/y=2",
            "--max-tokens=3",
            "--mint-rate=2/1m",
        ])
        .unwrap();
        let plan = args.plan(&[("GC_TOKEN_SANDBOX_SECRET", "other")].into());
        assert_eq!(plan.client_secret.expose_secret(), "other");
        assert_eq!(plan.lifetime, Duration::from_secs(10));
        assert_eq!(plan.idle_timeout, Some(Duration::from_secs(5)));
        assert_eq!(plan.format, TokenFormat::Jwt);
        assert_eq!(plan.issuer_offset, SignedDuration::from_secs(-2));
        assert_eq!(plan.api_offset, SignedDuration::from_hours(-1));
        assert_eq!(plan.faults.len(), 3);
        assert_eq!(plan.expires_in, ExpiresInField::Missing);
        assert_eq!(plan.rate, "30/10s".parse().ok());
        assert_eq!(plan.path_rates.len(), 2);
        assert_eq!((plan.max_tokens, plan.mint_rate), (Some(3), "2/60s".parse().ok()));
    }

    #[test]
    fn no_flags_are_the_default_plan() {
        let plan = parse(&[]).unwrap().plan(&[].into());
        let default = SandboxConfig::default();
        assert_eq!(plan.client_secret.expose_secret(), DEFAULT_SECRET);
        assert_eq!(plan.client_id, default.client_id);
        assert_eq!(plan.lifetime, default.lifetime);
        assert_eq!(plan.format, default.format);
        assert_eq!(plan.listen_login, default.listen_login);
        assert_eq!(plan.listen_api, default.listen_api);
        assert!(plan.faults.is_empty());
    }

    #[test]
    fn bad_values_are_refused_by_name() {
        for (arg, says) in [
            ("--lifetime=soon", "\"soon\" is not a duration"),
            ("--latency=-1s", "\"-1s\" is negative"),
            ("--faults=bang", "unknown fault \"bang\""),
            ("--ca-out=file", "--tls"),
            ("--rate=0/60s", "\"0/60s\" is not a number of requests"),
            ("--max-tokens=0", "0 is not in 1.."),
        ] {
            let refusal = parse(&[arg]).unwrap_err().to_string();
            assert!(refusal.contains(says), "{arg}: {refusal}");
        }
    }
}
