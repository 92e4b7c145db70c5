//! A thin file for each command.

pub mod sandbox;
