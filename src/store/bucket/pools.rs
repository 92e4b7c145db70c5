//! The connections of one engine, by host.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use http_body_util::Full;
use hyper::body::Bytes;
use url::{Origin, Url};

use super::purpose::Purpose;
use crate::config::NetworkSettings;
use crate::context::{Context, Environment};
use crate::error::Result;
use crate::net::Pool;
use crate::sync;

pub(super) struct OriginPools {
    network: NetworkSettings,
    context: Context,
    pools: Mutex<HashMap<Origin, Arc<Pool<Full<Bytes>>>>>,
}

impl OriginPools {
    pub(super) fn new(network: &NetworkSettings, context: &Context) -> OriginPools {
        let (network, context) = (network.clone(), context.clone());
        OriginPools { network, context, pools: Mutex::default() }
    }

    /// # Errors
    /// If the settings of the network cannot be used.
    pub(super) fn get(&self, url: &Url, purpose: Purpose) -> Result<Arc<Pool<Full<Bytes>>>> {
        let mut pools = sync::lock(&self.pools);
        if let Some(pool) = pools.get(&url.origin()) {
            return Ok(pool.clone());
        }
        let pool = match purpose {
            // No proxy can reach it.
            Purpose::InstanceCredentials => {
                let context = Context { env: Environment::from([]), ..self.context.clone() };
                Pool::new(url, &self.network, &context)?
            }
            Purpose::Record | Purpose::Credentials => Pool::new(url, &self.network, &self.context)?,
        };
        Ok(pools.entry(url.origin()).or_insert(Arc::new(pool)).clone())
    }
}
