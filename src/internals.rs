//! The parts of the library that `tests/` uses: no other program may rely on them.
//! Each is listed by name, so that the compiler finds what nothing uses.

pub mod broker {
    pub use crate::broker::get_token;
}

pub mod cache {
    pub use crate::cache::{Entry, Key, Seal};
}

pub mod cli {
    pub use crate::cli::Cli;
    pub use crate::cli::examples::UsageExample;

    /// Returns the examples of all commands' help.
    pub fn usage_examples() -> impl Iterator<Item = &'static UsageExample> {
        crate::cli::examples::GUIDES.iter().flat_map(|guide| guide.examples)
    }
}

pub mod clock {
    pub use crate::clock::{BootId, OffsetEstimate, Reading};
}

pub mod config {
    pub use crate::config::{
        ClientAuth, Commands, DefaultValue, FlagTopic, Flags, Issuer, Layers, NetworkSettings,
        PoolSettings, Query, RequestRate, Setting, Settings, ValueType, resolve, resolve_issuer,
        resolve_network,
    };

    pub mod table {
        pub use crate::config::table::ALL;
    }
}

pub mod context {
    pub use crate::context::{
        Clock, Context, Directories, Environment, Reporter, StandardInput, StandardStreams,
        SystemClock,
    };
}

pub mod duration {
    pub use crate::duration::human;
}

pub mod error {
    pub use crate::error::{Error, Kind, Result};
}

pub mod net {
    pub use crate::net::Session;
}

pub mod oauth {
    pub use crate::oauth::{TokenRequest, mint};
}

pub mod output {
    pub use crate::output::{Name, OutputFormat, Rendered, Variable};
}

pub mod proxy {
    pub use crate::proxy::{AccessLog, ClientTokens, ReverseProxy, StandIn};

    pub mod gateway {
        pub use crate::proxy::gateway::{Gateway, GatewayConfig, PathSecret};
    }

    pub mod intercept {
        pub use crate::proxy::intercept::{Interception, InterceptionConfig};
    }
}

pub mod region {
    pub use crate::region::{REGIONS, Region};
}

pub mod sandbox {
    pub use crate::sandbox::{
        ConfigChange, DEFAULT_SECRET, ExpiresInField, Fault, Faults, PathQuota, RequestQuota,
        Sandbox, SandboxConfig, TokenFormat,
    };
}

pub mod store {
    pub use crate::store::{
        LazyStore, Observation, RecordName, Store, StoreError, StoreFault, Swap, Version,
    };
}

pub mod terraform {
    pub use crate::terraform::LOCAL_SOURCE;

    pub mod plugin {
        pub use crate::terraform::plugin::{
            AttributeSchema, BlockSchema, Diagnostic, Diagnostics, OpenedResource, Provider,
            ProviderSchema, RenewedResource, TerraformObject, TerraformValue, Type, Usage,
            is_wanted, serve,
        };
    }

    pub mod provider {
        pub use crate::terraform::provider::{ACCESS_TOKEN, TokenProvider};
    }
}

pub mod token {
    pub use crate::token::{Claims, Token};
}
