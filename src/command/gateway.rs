//! `gateway`: the gateway, standing alone.

use std::net::SocketAddr;
use std::path::Path;

use super::run::{Run, runtime};
use super::stop::Stop;
use super::{env, layers, token};
use crate::error::{Error, Kind, Result};
use crate::gateway::{Gateway, Plan, Prefix};
use crate::output::Variable;
use crate::relay::PATIENCE;
use crate::settings::{Flags, Layers, Query, names};
use crate::world::World;

pub(super) fn run(until_stdin_closes: bool, flags: Flags, world: &mut World) -> Result<()> {
    let layers = layers(flags, Query::default(), world)?;
    let dialect = env::dialect(&layers)?;
    let plan = plan(&layers)?;
    let runtime = runtime()?;
    let stop = runtime.block_on(async { Stop::listen() });
    let mut stop = stop.map_err(|error| {
        Error::new(Kind::Configuration, "cannot listen to signals").because(error)
    })?;
    let (settings, given) = token(&layers, world)?;
    let run = Run::begin(&layers, settings, given.token, &runtime, world)?;
    let gateway = {
        let _inside = runtime.enter();
        Gateway::start(run.relay.clone(), plan)?
    };
    let variables: Vec<_> = gateway
        .variables()
        .into_iter()
        .map(|(name, value)| (name.parse().expect("it is a name"), value))
        .collect();
    let variables: Vec<_> =
        variables.iter().map(|(name, value)| Variable { name, value, secret: false }).collect();
    env::deliver(&dialect.export(&variables)?, world)?;
    if until_stdin_closes {
        stop = stop.or_end_of_stdin(world);
    }
    runtime.block_on(async {
        stop.come().await;
        tokio::select! {
            () = gateway.close(PATIENCE) => {}
            // Who says it twice does not want to wait.
            () = stop.come() => {}
        }
    });
    runtime.shutdown_background();
    run.end();
    Ok(())
}

/// Where to listen, and whom to let in.
pub(super) fn plan(layers: &Layers) -> Result<Plan> {
    let listen = match layers.find(&names::LISTEN) {
        None => SocketAddr::from(([127, 0, 0, 1], 0)),
        Some(given) => given.value.parse().map_err(|_| {
            given.refused("is not an address and a port").hint("such as 127.0.0.1:8484 or [::1]:0")
        })?,
    };
    let prefix = match layers.find(&names::PREFIX_FILE) {
        None => Prefix::random()?,
        Some(given) => Prefix::kept_in(Path::new(&given.value))?,
    };
    let allowed = layers.text(&names::ALLOW_HOST).unwrap_or_default();
    let allowed = allowed.split(',').map(str::trim).filter(|name| !name.is_empty());
    Ok(Plan {
        listen,
        allow_remote: layers.switch(&names::ALLOW_REMOTE)?,
        names: allowed.map(str::to_owned).collect(),
        prefix,
    })
}
