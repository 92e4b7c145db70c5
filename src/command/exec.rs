//! `exec`: runs a command that has the token in its environment, and a gateway
//! or an intercepting proxy beside it where that is asked for.

use std::convert::Infallible;
use std::ffi::OsString;
use std::time::Duration;

use secrecy::ExposeSecret;

use super::run::{Run, runtime};
use super::{gateway, layers, resolve, token_of};
use crate::child::Program;
use crate::cli::{ExecArgs, ProxyMode};
use crate::config::{Layers, Query, Settings, table};
use crate::context::{Context, StandardInput, StandardStreams};
use crate::error::{Error, Kind, Result};
use crate::exec::{self, EnvDiff, EnvOverrides};
use crate::output::TokenDetails;
use crate::platform::{self, Watchdog};
use crate::proxy::StandIn;
use crate::proxy::gateway::Gateway;
use crate::proxy::intercept::{self, Interception};

pub(super) fn run(
    mut args: ExecArgs,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<u8> {
    let command = std::mem::take(&mut args.command);
    let overrides = EnvOverrides::new(&args.set, args.keep_secret)?;
    let (front, keep_secret) = (args.proxy_mode(), args.keep_secret);
    let layers = layers(args.settings.flags, Query::default(), context)?;
    let settings = resolve(&layers, context, &mut streams.stdin)?;
    // Nothing is minted for a mistake.
    let draft = overrides.validate(&settings.issuer)?;
    let program = Program::find(&command, draft.value("PATH", &context.env).as_deref())?;
    context.reporter.debug(format_args!("runs {}", program.path().display()));
    if !keep_secret {
        warn_of_secret(&draft, &settings, context);
    }
    match front {
        None if layers.bool(&table::STAND_IN_TOKEN)? => {
            let given = layers.find(&table::STAND_IN_TOKEN).expect("it was found above");
            Err(given
                .refused("needs a proxy that swaps the token")
                .with_hint("add --gateway or --intercept, or take it away"))
        }
        None => match exec_replace(&program, &overrides, &layers, &settings, context)? {},
        Some(front) => {
            let plan = Plan::new(front, &program, &layers, &settings)?;
            let default = front == ProxyMode::Intercept;
            let is_wanted = layers.bool_or(&table::STAND_IN_TOKEN, default)?;
            let stand_in = if is_wanted { Some(StandIn::random()?) } else { None };
            serve(&program, &overrides, plan, stand_in, &layers, settings, context)
        }
    }
}

/// The client secret does not reach the command, unless it goes by a name that
/// only the user knows.
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

/// The hidden verb: watches over the process at the other end of standard
/// input.
pub(super) fn watch(stdin: &mut StandardInput) -> Result<()> {
    platform::watch(stdin.take().expect("nobody took it before"));
    Ok(())
}

/// Nothing is served: the command takes the place of this process.
fn exec_replace(
    program: &Program,
    overrides: &EnvOverrides,
    layers: &Layers,
    settings: &Settings,
    context: &Context,
) -> Result<Infallible> {
    let given = token_of(settings, layers, context)?;
    let details = TokenDetails { token: &given.token, issuer: &settings.issuer };
    let env_diff = overrides.env_diff(&details, &[])?;
    program.exec_replace(&env_diff.apply(&context.env))
}

/// What will be served to the command.
enum Plan {
    Gateway(crate::proxy::gateway::GatewayConfig),
    Interception(intercept::InterceptionConfig),
}

/// What is served to it.
enum Served {
    Gateway(Gateway),
    Interception(Interception),
}

/// How long the answers that are under way are waited for. The command has
/// ended, so nobody but what it left behind can want them.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

fn serve(
    program: &Program,
    overrides: &EnvOverrides,
    plan: Plan,
    stand_in: Option<StandIn>,
    layers: &Layers,
    settings: Settings,
    context: &Context,
) -> Result<u8> {
    let runtime = runtime()?;
    let token = token_of(&settings, layers, context)?.token;
    let issuer = settings.issuer.clone();
    let mut watchdog = Watchdog::start()?;
    let run = Run::begin(layers, settings, token, stand_in, &runtime, context)?;
    let served = {
        let _inside = runtime.enter();
        plan.start(&run, context)?
    };
    if let Served::Interception(interception) = &served {
        watchdog.remove_on_exit(interception.directory()).map_err(|error| {
            Error::new(Kind::System, "cannot serve the command").with_source(error)
        })?;
    }
    let details = TokenDetails { token: &run.proxy.client_token(), issuer: &issuer };
    let env_diff = overrides.env_diff(&details, &served.variables(context))?;
    let env = env_diff.apply(&context.env);
    let code = runtime.block_on(async {
        let code = exec::run(program, &env, &mut watchdog).await;
        served.drain().await;
        code
    });
    if code.is_ok() && run.proxy.metrics().is_unused() {
        context.reporter.line(served.unused());
    }
    drop(served);
    watchdog.disarm();
    runtime.shutdown_background();
    run.end();
    code
}

impl Plan {
    fn new(
        front: ProxyMode,
        program: &Program,
        layers: &Layers,
        settings: &Settings,
    ) -> Result<Plan> {
        match front {
            ProxyMode::Gateway => gateway::plan(layers).map(Plan::Gateway),
            ProxyMode::Intercept => {
                let network = settings.network.clone();
                let plan = intercept::InterceptionConfig::new(&settings.issuer, network)?;
                Ok(Plan::Interception(plan.for_command(program.path())))
            }
        }
    }

    fn start(self, run: &Run, context: &Context) -> Result<Served> {
        let proxy = run.proxy.clone();
        match self {
            Plan::Gateway(plan) => Gateway::start(proxy, plan).map(Served::Gateway),
            Plan::Interception(plan) => {
                Interception::start(proxy, plan, context).map(Served::Interception)
            }
        }
    }
}

impl Served {
    fn variables(&self, context: &Context) -> Vec<(OsString, OsString)> {
        let owned = |(name, value): (&str, OsString)| (name.into(), value);
        match self {
            Served::Gateway(gateway) => {
                let variables = gateway.variables(&context.env).into_iter();
                variables.map(|(name, value)| owned((name, value.into()))).collect()
            }
            Served::Interception(interception) => {
                interception.variables().iter().cloned().map(owned).collect()
            }
        }
    }

    /// Tells how the command would have used the gateway or the proxy.
    fn unused(&self) -> &'static str {
        match self {
            Served::Gateway(_) => {
                "no request came to the gateway: point clients at GC_TOKEN_GATEWAY_URL in place of \
                 the API's URL (Terraform: a gateway block in the provider's configuration)"
            }
            Served::Interception(_) => {
                "no request came to the proxy: clients have to follow HTTPS_PROXY and SSL_CERT_FILE \
                 (see Services and SDKs in the book); for others, use --gateway"
            }
        }
    }

    async fn drain(&self) {
        match self {
            Served::Gateway(gateway) => gateway.drain(DRAIN_TIMEOUT).await,
            Served::Interception(interception) => interception.drain(DRAIN_TIMEOUT).await,
        }
    }
}
