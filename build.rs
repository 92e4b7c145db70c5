//! Links the unwinder into the program.
//!
//! On Linux with glibc the default is a shared library, libgcc_s.so.1: loading it takes a
//! tenth of the time of a cached `get`, and slim container images lack it.

use std::env;

#[expect(clippy::disallowed_methods, reason = "cargo passes the target in variables")]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |variable: &str, value: &str| env::var(variable).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}
