//! `gateway`: the gateway without a command.

use std::path::Path;
use std::sync::Arc;

use super::run::{ProxyRun, ProxyRunConfig, RunOptions, allowed_hosts, runtime};
use super::run_tokens::{FirstToken, first_token, revocable_tokens, revoke_tokens};
use super::service::ServiceNotifier;
use super::stop::Stop;
use super::{env, get_token, load_layers, resolve_settings};
use crate::config::{Flags, Layers, Query, Settings, socket_address, table};
use crate::context::{Context, Environment, StandardStreams};
use crate::error::{Error, Kind, Result};
use crate::oauth::MintedTokens;
use crate::output::{Name, OutputFormat, Rendered, Variable};
use crate::platform::reap_orphans;
use crate::proxy::gateway::{Gateway, GatewayAddress, GatewayConfig, PathSecret};
use crate::proxy::{ClientTokens, DRAIN_TIMEOUT, StandIn};
use crate::token::AccessToken;

pub(super) fn run(
    until_stdin_closes: bool,
    flags: Flags,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<()> {
    let layers = load_layers(flags, Query::default(), context)?;
    let mut settings = resolve_settings(&layers, context, &mut streams.stdin)?;
    let minted = revocable_tokens(&layers, &mut settings, context)?;
    let result = serve(until_stdin_closes, settings, minted.clone(), &layers, context, streams);
    revoke_tokens(minted, context);
    result
}

fn serve(
    until_stdin_closes: bool,
    settings: Settings,
    minted: Option<Arc<MintedTokens>>,
    layers: &Layers,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<()> {
    let format = env::output_format(layers)?;
    let config = config(layers)?;
    let options = RunOptions::resolve(layers)?;
    let runtime = runtime()?;
    let shows_token = layers.bool(&table::STAND_IN_TOKEN)?;
    let stand_in = if shows_token { Some(StandIn::random()?.outliving_the_run()) } else { None };
    let listen = || {
        runtime
            .block_on(async { Stop::listen() })
            .map_err(|error| Error::new(Kind::System, "cannot handle signals").with_source(error))
    };
    let (token, mut stop) = match &minted {
        // An issuer may take long: a signal ends the process at once meanwhile.
        None => (get_token(&settings, layers, context)?.token, listen()?),
        Some(minted) => {
            let mut stop = listen()?;
            let token = first_token(&settings, layers, minted, context, stop.wait());
            match runtime.block_on(token)? {
                FirstToken::Provided(token) => (*token, stop),
                FirstToken::Stopped(()) => return Ok(()),
            }
        }
    };
    let tokens = ClientTokens { minted, ..ClientTokens::new(token, stand_in) };
    let run_config = ProxyRunConfig { settings, options, tokens };
    let run = ProxyRun::start(run_config, layers, &runtime, context)?;
    let gateway = {
        let _inside = runtime.enter();
        Gateway::start(run.proxy.clone(), config)?
    };
    // A real token is not printed: the output may end up in a log.
    let token = shows_token.then(|| run.proxy.client_token().access_token);
    let printed = client_variables(&gateway, token.as_ref(), format, &context.env)?;
    env::write_rendered(&printed, context, streams)?;
    if until_stdin_closes {
        stop = stop.or_end_of_stdin(&mut streams.stdin);
    }
    runtime.spawn(async { reap_orphans(&[]).await });
    let service = ServiceNotifier::new(context);
    runtime.block_on(async {
        let GatewayAddress { host, port, .. } = gateway.address();
        service.ready(&format!("serving on {host}:{port}"));
        context.reporter.hint(format_args!(
            "the gateway serves on {host}:{port}; Ctrl-C ends it after its open requests, a second \
             Ctrl-C at once"
        ));
        stop.wait_or_reload(|| async {
            service.reloading();
            // The token source reports failures.
            if run.proxy.reload().await {
                context.reporter.line("reloaded: the token is valid");
            }
            service.reloaded();
        })
        .await;
        service.stopping();
        let drain = async {
            gateway.drain(DRAIN_TIMEOUT).await;
            run.drain_monitor().await;
        };
        tokio::select! {
            () = drain => {}
            // A second signal ends the wait.
            () = stop.wait() => {}
        }
    });
    runtime.shutdown_background();
    run.finish();
    Ok(())
}

/// Returns the statements that point clients at the gateway, and set the token if it may be
/// shown.
fn client_variables(
    gateway: &Gateway,
    token: Option<&AccessToken>,
    format: OutputFormat,
    env: &Environment,
) -> Result<Rendered> {
    let path_secret = gateway.path_secret().expose();
    let mut pairs = gateway.variables(env);
    pairs.extend(token.map(|token| ("GENESYSCLOUD_ACCESS_TOKEN", token.expose().to_owned())));
    let pairs: Vec<(Name, String)> = pairs
        .into_iter()
        .map(|(name, value)| (name.parse().expect("it is a name"), value))
        .collect();
    let is_token = |value: &str| token.is_some_and(|token| token.expose() == value);
    let variables: Vec<_> = pairs
        .iter()
        .map(|(name, value)| {
            let secret = value.contains(path_secret) || is_token(value);
            Variable { name, value, secret }
        })
        .collect();
    format.export_masked(&variables, &[path_secret])
}

pub(super) fn config(layers: &Layers) -> Result<GatewayConfig> {
    let listen = match layers.find(&table::LISTEN) {
        None => {
            let default = table::LISTEN.default_text().expect("it has a default");
            default.parse().expect("the default is an address")
        }
        Some(given) => socket_address(&given)?,
    };
    let path_secret = match layers.find(&table::PREFIX_FILE) {
        None => PathSecret::random()?,
        Some(given) => PathSecret::load_or_create(Path::new(&given.value))?,
    };
    Ok(GatewayConfig {
        listen,
        allow_remote: layers.bool(&table::ALLOW_REMOTE)?,
        allowed_hosts: allowed_hosts(layers),
        path_secret,
    })
}
