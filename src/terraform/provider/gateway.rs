//! The ephemeral resource `gctoken_gateway`: a gateway inside this process, which serves
//! until Terraform closes the resource or ends.
//!
//! The gateway renews its tokens by itself, so Terraform is not asked to call Renew, whose
//! failures it does not show and which cannot change what clients were given.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::attributes;
use super::open_resources::OpenResources;
use super::opening::{self, ResourceSettings, ResourceToken};
use super::revocation::Revocations;
use crate::config::{self, PoolSettings, table};
use crate::context::{Context, Reporter, Warnings};
use crate::error::{Error, Kind, Result};
use crate::proxy::gateway::{Gateway, GatewayConfig, PathSecret};
use crate::proxy::{
    AccessLog, ClientTokens, DRAIN_TIMEOUT, ReverseProxy, StandIn, warn_of_readable_memory,
};
use crate::terraform::plugin::{
    AttributeSchema, BlockSchema, OpenedResource, TerraformObject, Type,
};

pub const GATEWAY: &str = "gctoken_gateway";

/// The time for open requests after Terraform has ended or told its plugins to end: their
/// clients are ending as well.
const SHUTDOWN_DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

pub(super) fn schema() -> BlockSchema {
    let computed = |name, description| AttributeSchema::computed(name, Type::String, description);
    attributes::add_all_settings(BlockSchema::new(
        "A gateway to the API of Genesys Cloud, for runs that outlive their tokens. It listens on \
         this machine, inside the provider's process, while Terraform plans or applies, and puts \
         a token that lives into each request. It is opened anew for plan and for apply, and \
         nothing of it is stored in state or plan.",
    ))
    .with(AttributeSchema::optional(
        attributes::REVOKE_ON_CLOSE,
        Type::Bool,
        "Make tokens for this run alone, and revoke them at the end. Without it, they come from \
         the cache that all runs on the machine share.",
    ))
    .with(computed("host", "The gateway's host: `127.0.0.1`."))
    .with(computed("port", "The gateway's port, which the system picks."))
    .with(computed("protocol", "The gateway's protocol: `http`."))
    .with(computed("path_name", "The name of the path for the `path_params` block: `api`."))
    .with(computed("path_value", "The secret path that gives access to the gateway.").sensitive())
    .with(computed("url", "The URL to use in place of the API's. It holds the path.").sensitive())
    .with(
        computed(
            "access_token",
            "A stand-in token, which this gateway replaces with the real one in each request. It \
             is worth nothing anywhere else. With `stand_in_token = false`, the token at the time \
             of opening.",
        )
        .sensitive(),
    )
    .with(computed("aws_region", "The AWS region, empty if unknown."))
}

pub(super) struct Gateways(OpenResources<RunningGateway>);

struct RunningGateway {
    proxy: Arc<ReverseProxy>,
    drain: oneshot::Sender<Duration>,
    thread: JoinHandle<()>,
    reporter: Arc<Reporter>,
    warnings: Warnings,
    /// The number of the tokens that are revoked when the gateway has ended.
    own_tokens: Option<u64>,
}

impl Gateways {
    pub(super) fn new() -> Gateways {
        Gateways(OpenResources::new())
    }

    /// Starts a gateway. The warnings that `context` collects from now on are returned by
    /// [`Gateways::close`].
    pub(super) fn open(
        &self,
        settings: ResourceSettings,
        revocations: &Revocations,
        context: &Context,
        warnings: Warnings,
    ) -> Result<OpenedResource> {
        // Nothing is minted before all mistakes are found.
        let pool = config::resolve_pool(&settings.layers)?;
        let wants_stand_in = settings.layers.bool_or(&table::STAND_IN_TOKEN, true)?;
        let stand_in = if wants_stand_in { Some(StandIn::random()?) } else { None };
        let opened = settings.get_token(revocations, context)?;
        let own_tokens = opened.own_tokens.as_ref().map(|tokens| tokens.number);
        let started = RunningGateway::start(opened, pool, stand_in, context, warnings);
        let (gateway, result) = started.inspect_err(|_| {
            own_tokens.and_then(|number| revocations.close(number));
        })?;
        let number = self.0.insert(gateway).map_err(|gateway| {
            gateway.end(SHUTDOWN_DRAIN_TIMEOUT);
            Error::new(Kind::System, "the run ended before the gateway was open")
        })?;
        let private = opening::private_data(number);
        Ok(OpenedResource { result, private, renew_after: None })
    }

    /// Ends the gateway for which [`Gateways::open`] returned `private`, after its open
    /// requests. Returns the warnings since it was opened.
    pub(super) fn close(&self, private: &[u8], revocations: &Revocations) -> Vec<String> {
        let gateway = opening::number_of(private).and_then(|number| self.0.remove(number));
        let Some(gateway) = gateway else {
            return Vec::new();
        };
        let own_tokens = gateway.own_tokens;
        let mut warnings = gateway.end(DRAIN_TIMEOUT);
        let revoked = own_tokens.and_then(|number| revocations.close(number));
        warnings.extend(revoked.and_then(|revoked| revoked.warning()));
        warnings
    }

    // Terraform closes no resource after a failure or an interruption.
    pub(super) fn close_all(&self) {
        let ending: Vec<_> = self
            .0
            .end_run()
            .map(|gateway| std::thread::spawn(|| gateway.end(SHUTDOWN_DRAIN_TIMEOUT)))
            .collect();
        for thread in ending {
            // No one reads the warnings now, which are in the log.
            let _ = thread.join();
        }
    }
}

impl RunningGateway {
    fn start(
        opened: ResourceToken,
        pool: PoolSettings,
        stand_in: Option<StandIn>,
        context: &Context,
        warnings: Warnings,
    ) -> Result<(RunningGateway, TerraformObject)> {
        let failed = |error| Error::new(Kind::System, "cannot serve").with_source(error);
        let reporter = context.reporter.clone();
        warn_of_readable_memory(&reporter);
        let aws_region = opened.aws_region();
        let config = GatewayConfig {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            allow_remote: false,
            allowed_hosts: Default::default(),
            path_secret: PathSecret::random()?,
        };
        let own_tokens = opened.own_tokens.as_ref().map(|tokens| tokens.number);
        let minted = opened.own_tokens.map(|tokens| tokens.minted);
        let tokens = ClientTokens { minted, ..ClientTokens::new(opened.provided.token, stand_in) };
        let log = AccessLog::new(None, reporter.clone());
        let runtime = crate::context::runtime().map_err(failed)?;
        let (proxy, gateway) = {
            let _inside = runtime.enter();
            let proxy = ReverseProxy::start(opened.settings, pool, tokens, log, context)?;
            (proxy.clone(), Gateway::start(proxy, config)?)
        };
        let address = gateway.address();
        let result = TerraformObject::default()
            .with("host", address.host)
            .with("port", address.port)
            .with("protocol", address.protocol)
            .with("path_name", address.path_name)
            .with("path_value", address.path)
            .with("url", address.url)
            .with("access_token", proxy.client_token().access_token.expose())
            .with("aws_region", aws_region);
        let (drain, drain_requested) = oneshot::channel();
        let serve = move || {
            runtime.block_on(async {
                if let Ok(timeout) = drain_requested.await {
                    gateway.drain(timeout).await;
                }
            });
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("gateway".into()).spawn(serve);
        let thread = thread.map_err(failed)?;
        Ok((RunningGateway { proxy, drain, thread, reporter, warnings, own_tokens }, result))
    }

    /// Blocks until the gateway has ended; returns the warnings that nobody has seen yet.
    fn end(self, drain_timeout: Duration) -> Vec<String> {
        let RunningGateway { proxy, drain, thread, reporter, warnings, own_tokens } = self;
        let _ = drain.send(drain_timeout);
        let _ = thread.join();
        // The run's own tokens are in no cache, and are about to be revoked.
        if own_tokens.is_none() {
            proxy.record_use();
        }
        if let Some(summary) = proxy.metrics().summary() {
            reporter.line(summary);
        }
        warnings.take()
    }
}
