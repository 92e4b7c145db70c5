//! `external`: the program behind Terraform's external data source.

use super::{load_layers, resolve_and_get_token};
use crate::config::{Flags, Query};
use crate::context::{Context, StandardStreams};
use crate::error::Result;
use crate::output::{TokenDetails, terraform};

pub(super) fn run(flags: Flags, context: &Context, streams: &mut StandardStreams) -> Result<()> {
    // Terraform never gives its programs a terminal, so a person is trying it.
    let query = if streams.stdin.is_terminal() {
        Query::default()
    } else {
        Query::read(&mut *streams.stdin.take().expect("standard input is still there"))?
    };
    let layers = load_layers(flags, query, context)?;
    let (settings, provided) = resolve_and_get_token(&layers, context, &mut streams.stdin)?;
    let details = TokenDetails { token: &provided.token, issuer: &settings.issuer };
    streams.print(&terraform::result(&details)?)
}
