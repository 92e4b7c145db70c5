//! The gateway as a process: what it does to requests and their answers, to
//! tokens that are refused or run out, and to clients that mean no good. Its
//! clouds are the sandbox and small servers of the tests' own.

mod diagnosis;
mod ends;
mod frames;
mod guard;
mod hangs;
mod http2;
mod idle;
mod issue;
mod log;
mod masks;
mod outage;
mod paths;
mod rate;
mod refusal;
mod repeat;
mod replay;
mod restart;
pub(crate) mod rig;
mod rotation;
mod server;
mod slow;
mod smuggling;
mod streams;
mod swap;
mod told;
mod upstream;
