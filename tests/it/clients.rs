//! Real clients outlive their token: `curl`, Python's `requests`, the vendor's
//! Python SDK, Node's `fetch` and Terraform, through the gateway and through
//! interception; and what becomes of the same client without either.
//!
//! The clients are programs of a page each, beside this file. None of them knows
//! anything of gc-token but an address.

mod calls;
pub(crate) mod client;
mod examples;
mod real;
mod rig;
pub(crate) mod terraform;
