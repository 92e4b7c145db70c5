#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gc_token::fuzzing::limits(bytes));
