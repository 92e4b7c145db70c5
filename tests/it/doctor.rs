//! `doctor`, against everything that can be wrong with a pipeline. What it
//! says is searched for secrets by the harness (`crate::common::process`).

mod false_clock;
mod idle;
mod local;
mod page;
mod remote;
pub(crate) mod report;
mod server;
mod settings;
mod verdicts;
