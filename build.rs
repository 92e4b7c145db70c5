//! Links the unwinder into the program.
//!
//! On Linux with glibc it would otherwise be a shared library, libgcc_s.so.1.
//! To load that one takes a tenth of a cached answer's time, and slim container
//! images do not have it.

use std::env;

#[expect(clippy::disallowed_methods, reason = "that is how cargo tells the target")]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |variable: &str, value: &str| env::var(variable).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}
