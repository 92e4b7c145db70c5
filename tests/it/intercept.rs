//! Interception: who is let in, what ends at the proxy and what goes through
//! it untouched.

mod cloud;
mod entry;
mod limits;
mod rate;
mod rig;
mod tunnel;
