//! The pool on a virtual time line, with an API that limits calls, tokens and mints.

mod cloud;
mod figures;
mod membership;
mod refusals;
mod simulation;
