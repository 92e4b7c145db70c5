#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| gc_token::fuzzing::faults(text));
