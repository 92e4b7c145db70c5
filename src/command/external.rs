//! `external`: the program behind Terraform's external data source.

use super::{layers, print, token};
use crate::config::{Flags, Query};
use crate::context::Context;
use crate::error::Result;
use crate::output::{HandOut, terraform};

pub(super) fn run(flags: Flags, context: &mut Context) -> Result<()> {
    let query = match context.stdin_is_terminal {
        // Tried by hand: Terraform never gives its programs a terminal.
        true => Query::default(),
        false => Query::read(&mut *context.take_stdin().expect("nobody took it before"))?,
    };
    let layers = layers(flags, query, context)?;
    let (settings, given) = token(&layers, context)?;
    let hand_out = HandOut { token: &given.token, issuer: &settings.issuer };
    print(context, &terraform::result(&hand_out)?)
}
