//! Entry points of `fuzz/`: each feeds untrusted bytes to a parser, and panics
//! if the result breaks a promise.

pub fn entry(bytes: &[u8]) {
    crate::cache::fuzz_entry(bytes);
}

pub fn reply(bytes: &[u8]) {
    crate::oauth::fuzz_response(bytes);
}

pub fn limits(bytes: &[u8]) {
    crate::oauth::fuzz_limits(bytes);
}

pub fn query(bytes: &[u8]) {
    if let Err(error) = crate::config::Query::parse(bytes) {
        let said = error.to_string();
        assert!(!said.contains(|char: char| char.is_control() && char != '\n'), "{said:?}");
    }
}

pub fn faults(text: &str) {
    let _ = text.parse::<crate::sandbox::Faults>();
    let _ = text.parse::<crate::sandbox::PathQuota>();
}

/// The target and the `Host` of a request to the gateway or the intercepting proxy.
pub fn authority(bytes: &[u8]) {
    crate::proxy::gateway::fuzz_access(bytes);
    crate::proxy::intercept::fuzz_connect(bytes);
}

pub fn no_proxy(text: &str) {
    crate::net::no_proxy::fuzz(text);
}

pub fn msgpack(bytes: &[u8]) {
    crate::terraform::plugin::fuzz_msgpack(bytes);
}
