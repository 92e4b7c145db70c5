//! Collects the real world and runs the command.

fn main() {}
