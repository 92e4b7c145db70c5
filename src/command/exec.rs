//! `exec`: runs a command with the token in its environment, and a gateway or an
//! intercepting proxy beside it if that is asked for.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::runtime::Runtime;

use super::run::{ProxyRun, ProxyRunConfig, RunOptions, runtime};
use super::run_tokens::{FirstToken, first_token, revocable_tokens, revoke_tokens};
use super::{gateway, get_token, load_layers, resolve_settings};
use crate::child::Program;
use crate::cli::{ExecArgs, ProxyMode};
use crate::config::{Layers, Query, Settings, table};
use crate::context::{Context, StandardInput, StandardStreams};
use crate::error::{Error, Kind, Result};
use crate::exec::{self, EnvDiff, EnvOverrides};
use crate::oauth::MintedTokens;
use crate::output::TokenDetails;
use crate::platform::{self, ForwardedSignals, Watchdog};
use crate::proxy::gateway::{Gateway, GatewayConfig};
use crate::proxy::intercept::{Interception, InterceptionConfig};
use crate::proxy::{ClientTokens, StandIn};
use crate::token::Token;

pub(super) fn run(
    mut args: ExecArgs,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<u8> {
    let command = std::mem::take(&mut args.command);
    let overrides = EnvOverrides::new(&args.set, args.keep_secret)?;
    let (mode, keep_secret) = (args.proxy_mode(), args.keep_secret);
    let layers = &load_layers(args.settings.flags, Query::default(), context)?;
    let mut settings = resolve_settings(layers, context, &mut streams.stdin)?;
    // Nothing is minted before all mistakes are found.
    let draft = overrides.validate(&settings.issuer)?;
    let program = Program::find(&command, draft.value("PATH", &context.env).as_deref())?;
    context.reporter.debug(format_args!("runs {}", program.path().display()));
    if !keep_secret {
        warn_of_secret(&draft, &settings, context);
    }
    let minted = revocable_tokens(layers, &mut settings, context)?;
    let execution = Execution { program, overrides, minted: minted.clone(), layers, context };
    let code = execution.run(mode, settings);
    revoke_tokens(minted, context);
    code
}

/// Warns if the command inherits the client secret under another name than those that are
/// removed.
fn warn_of_secret(draft: &EnvDiff, settings: &Settings, context: &Context) {
    let Some(secret) = settings.client.secret.known() else {
        return;
    };
    let names = draft.inherited_with(secret.expose_secret(), &context.env);
    if !names.is_empty() {
        let names = names.join(", ");
        context.reporter.warn(format_args!(
            "the command finds the client secret in its environment: unset {names}, or pass \
             --keep-secret where it needs the secret"
        ));
    }
}

/// Runs the hidden command of the watchdog, whose parent is at the other end of standard
/// input.
pub(super) fn run_watchdog(stdin: &mut StandardInput) -> Result<()> {
    platform::watch(stdin.take().expect("no other command takes it"));
    Ok(())
}

struct Execution<'a> {
    program: Program,
    overrides: EnvOverrides,
    /// Records the tokens of a run with `--revoke`.
    minted: Option<Arc<MintedTokens>>,
    layers: &'a Layers,
    context: &'a Context,
}

enum Beginning {
    Run(Box<Token>, ForwardedSignals),
    /// By a signal, with the exit code for it.
    Stopped(u8),
}

/// Time for open requests after the command has ended. Only processes that it left behind
/// can wait for the responses.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

impl Execution<'_> {
    fn run(self, mode: Option<ProxyMode>, settings: Settings) -> Result<u8> {
        let layers = self.layers;
        let Some(mode) = mode else {
            if layers.bool(&table::STAND_IN_TOKEN)? {
                let given = layers.find(&table::STAND_IN_TOKEN).expect("it was found above");
                return Err(given
                    .refused("needs a proxy that swaps the token")
                    .with_hint("add --gateway or --intercept, or remove it"));
            }
            return match self.minted {
                Some(_) => self.run_supervised(&settings),
                None => match self.replace_process(&settings)? {},
            };
        };
        let config = ProxyConfig::new(mode, &self.program, layers, &settings)?;
        let default = mode == ProxyMode::Intercept;
        let is_wanted = layers.bool_or(&table::STAND_IN_TOKEN, default)?;
        let stand_in = if is_wanted { Some(StandIn::random()?) } else { None };
        let options = RunOptions::resolve(layers)?;
        self.run_with_proxy(config, settings, options, stand_in)
    }

    fn replace_process(self, settings: &Settings) -> Result<Infallible> {
        let token = get_token(settings, self.layers, self.context)?.token;
        let env = self.env_with_token(&token, settings)?;
        self.program.exec_replace(&env)
    }

    fn run_supervised(self, settings: &Settings) -> Result<u8> {
        let runtime = runtime()?;
        let (token, mut signals) = match self.begin(settings, &runtime)? {
            Beginning::Run(token, signals) => (token, signals),
            Beginning::Stopped(code) => return Ok(code),
        };
        let env = self.env_with_token(&token, settings)?;
        let mut watchdog = Watchdog::start()?;
        let code = runtime.block_on(exec::run(&self.program, &env, &mut watchdog, &mut signals));
        watchdog.disarm();
        runtime.shutdown_background();
        code
    }

    fn env_with_token(
        &self,
        token: &Token,
        settings: &Settings,
    ) -> Result<BTreeMap<OsString, OsString>> {
        let details = TokenDetails { token, issuer: &settings.issuer };
        Ok(self.overrides.env_diff(&details, &[])?.apply(&self.context.env))
    }

    /// Gets the first token. If that may have to be revoked, listens for signals before.
    fn begin(&self, settings: &Settings, runtime: &Runtime) -> Result<Beginning> {
        let (layers, context) = (self.layers, self.context);
        let listen = || runtime.block_on(async { ForwardedSignals::listen() });
        let Some(minted) = &self.minted else {
            let token = get_token(settings, layers, context)?.token;
            return Ok(Beginning::Run(token.into(), listen()?));
        };
        let mut signals = listen()?;
        let token = first_token(settings, layers, minted, context, signals.termination());
        Ok(match runtime.block_on(token)? {
            FirstToken::Provided(token) => Beginning::Run(token, signals),
            FirstToken::Stopped(code) => Beginning::Stopped(code),
        })
    }

    fn run_with_proxy(
        self,
        config: ProxyConfig,
        settings: Settings,
        options: RunOptions,
        stand_in: Option<StandIn>,
    ) -> Result<u8> {
        let runtime = runtime()?;
        let (token, mut signals) = match self.begin(&settings, &runtime)? {
            Beginning::Run(token, signals) => (token, signals),
            Beginning::Stopped(code) => return Ok(code),
        };
        let Execution { program, overrides, minted, layers, context } = self;
        let issuer = settings.issuer.clone();
        let mut watchdog = Watchdog::start()?;
        let tokens = ClientTokens { minted, ..ClientTokens::new(*token, stand_in) };
        let run_config = ProxyRunConfig { settings, options, tokens };
        let run = ProxyRun::start(run_config, layers, &runtime, context)?;
        let proxy = {
            let _inside = runtime.enter();
            config.start(&run, context)?
        };
        if let RunningProxy::Interception(interception) = &proxy {
            watchdog.remove_on_exit(interception.directory()).map_err(|error| {
                Error::new(Kind::System, "cannot serve the command").with_source(error)
            })?;
        }
        let details = TokenDetails { token: &run.proxy.client_token(), issuer: &issuer };
        let env_diff = overrides.env_diff(&details, &proxy.variables(context))?;
        let env = env_diff.apply(&context.env);
        let code = runtime.block_on(async {
            let code = exec::run(&program, &env, &mut watchdog, &mut signals).await;
            proxy.drain().await;
            run.drain_monitor().await;
            code
        });
        if code.is_ok() && run.proxy.metrics().is_unused() {
            context.reporter.line(proxy.unused_message());
        }
        drop(proxy);
        watchdog.disarm();
        runtime.shutdown_background();
        run.finish();
        code
    }
}

enum ProxyConfig {
    Gateway(GatewayConfig),
    Interception(InterceptionConfig),
}

enum RunningProxy {
    Gateway(Gateway),
    Interception(Interception),
}

impl ProxyConfig {
    fn new(
        mode: ProxyMode,
        program: &Program,
        layers: &Layers,
        settings: &Settings,
    ) -> Result<ProxyConfig> {
        match mode {
            ProxyMode::Gateway => gateway::config(layers).map(ProxyConfig::Gateway),
            ProxyMode::Intercept => {
                let network = settings.network.clone();
                let config = InterceptionConfig::new(&settings.issuer, network)?;
                Ok(ProxyConfig::Interception(config.for_command(program.path())))
            }
        }
    }

    fn start(self, run: &ProxyRun, context: &Context) -> Result<RunningProxy> {
        let proxy = run.proxy.clone();
        match self {
            ProxyConfig::Gateway(config) => {
                Gateway::start(proxy, config).map(RunningProxy::Gateway)
            }
            ProxyConfig::Interception(config) => {
                Interception::start(proxy, config, context).map(RunningProxy::Interception)
            }
        }
    }
}

impl RunningProxy {
    fn variables(&self, context: &Context) -> Vec<(OsString, OsString)> {
        let owned = |(name, value): (&str, OsString)| (name.into(), value);
        match self {
            RunningProxy::Gateway(gateway) => {
                let variables = gateway.variables(&context.env).into_iter();
                variables.map(|(name, value)| owned((name, value.into()))).collect()
            }
            RunningProxy::Interception(interception) => {
                interception.variables().iter().cloned().map(owned).collect()
            }
        }
    }

    fn unused_message(&self) -> &'static str {
        match self {
            RunningProxy::Gateway(_) => {
                "no request came to the gateway: point clients at GC_TOKEN_GATEWAY_URL in place of \
                 the API's URL (Terraform: a gateway block in the provider's configuration)"
            }
            RunningProxy::Interception(_) => {
                "no request came to the proxy: clients have to follow HTTPS_PROXY and SSL_CERT_FILE \
                 (see Services and SDKs in the book); for others, use --gateway"
            }
        }
    }

    async fn drain(&self) {
        match self {
            RunningProxy::Gateway(gateway) => gateway.drain(DRAIN_TIMEOUT).await,
            RunningProxy::Interception(interception) => interception.drain(DRAIN_TIMEOUT).await,
        }
    }
}
