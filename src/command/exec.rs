//! `exec`: becomes a command that has the token in its environment.

use super::layers;
use crate::broker;
use crate::cli::{ExecArgs, Flags};
use crate::error::Result;
use crate::exec::{self, Program, Wishes};
use crate::output::HandOut;
use crate::settings::{self, Query};
use crate::world::{Level, World};

pub(super) fn run(mut args: ExecArgs, world: &mut World) -> Result<u8> {
    let command = std::mem::take(&mut args.command);
    let wishes = Wishes::new(&args.set, args.keep_secret)?;
    let layers = layers(args.flags(), Query::default(), world)?;
    let settings = settings::resolve(&layers, world)?;
    // Nothing is minted for a mistake.
    let draft = wishes.draft(&settings.issuer)?;
    let program = Program::find(&command, draft.value("PATH", &world.env).as_deref())?;
    let given = broker::token(&settings, world)?;
    let hand_out = HandOut { token: &given.token, issuer: &settings.issuer };
    let changes = wishes.changes(&hand_out, &[])?;
    world.talk.say(Level::Debug, format_args!("runs {}", program.path().display()));
    match program.replace_process(&changes.apply(&world.env))? {}
}

/// The hidden verb: watches over the process at the other end of standard
/// input.
pub(super) fn watch(world: &mut World) -> Result<()> {
    exec::watch(world.take_stdin().expect("nobody took it before"));
    Ok(())
}
