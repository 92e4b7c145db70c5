//! `external`: the program behind Terraform's external data source.

use super::{layers, print, token};
use crate::config::{Flags, Query};
use crate::context::{Context, StandardStreams};
use crate::error::Result;
use crate::output::{TokenDetails, terraform};

pub(super) fn run(flags: Flags, context: &Context, streams: &mut StandardStreams) -> Result<()> {
    let query = match streams.stdin.is_terminal() {
        // Tried by hand: Terraform never gives its programs a terminal.
        true => Query::default(),
        false => Query::read(&mut *streams.stdin.take().expect("nobody took it before"))?,
    };
    let layers = layers(flags, query, context)?;
    let (settings, given) = token(&layers, context, &mut streams.stdin)?;
    let details = TokenDetails { token: &given.token, issuer: &settings.issuer };
    print(streams, &terraform::result(&details)?)
}
