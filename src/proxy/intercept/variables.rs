//! The environment variables that send the run's child through the proxy.

use std::ffi::OsString;

use crate::context::Environment;
use crate::net::no_proxy::{with_loopback, without};

pub type EnvVariable = (&'static str, OsString);

/// `proxy_url` holds user and password. `HTTP_PROXY` and `ALL_PROXY` stay as they are: the
/// proxy supports https only.
pub(super) fn proxy_variables(
    proxy_url: &str,
    intercepted: &[String],
    env: &Environment,
) -> Vec<EnvVariable> {
    let mut variables: Vec<EnvVariable> = vec![
        // Clients read one of them, and differ in which one counts if both are set.
        ("HTTPS_PROXY", proxy_url.into()),
        ("https_proxy", proxy_url.into()),
    ];
    // Without it, Node's fetch ignores the others (Node 22.21, 24 and later).
    if env.os(NODE_USE_ENV_PROXY).is_none() {
        variables.push((NODE_USE_ENV_PROXY, "1".into()));
    }
    // A client that does not exempt loopback by itself would look for local services at
    // the proxy.
    let exceptions = with_loopback(env, |list| without(list, intercepted));
    variables.extend(exceptions.map(|(name, list)| (name, list.into())));
    variables
}

const NODE_USE_ENV_PROXY: &str = "NODE_USE_ENV_PROXY";

#[cfg(test)]
mod tests {
    use super::super::hosts::tests::ireland;
    use super::*;

    fn given<const N: usize>(env: [(&str, &str); N]) -> Vec<(&'static str, String)> {
        let variables = proxy_variables("http://u:p@127.0.0.1:1", ireland().names(), &env.into());
        let text = |value: OsString| value.into_string().unwrap();
        variables.into_iter().map(|(name, value)| (name, text(value))).collect()
    }

    #[test]
    fn both_cases_name_the_proxy() {
        let variables = given([("http_proxy", "http://old:1"), ("ALL_PROXY", "http://old:1")]);
        let (proxy, loopback) = ("http://u:p@127.0.0.1:1", "localhost,127.0.0.1,::1");
        assert_eq!(
            variables,
            [
                ("HTTPS_PROXY", proxy.to_owned()),
                ("https_proxy", proxy.to_owned()),
                ("NODE_USE_ENV_PROXY", "1".to_owned()),
                ("NO_PROXY", loopback.to_owned()),
                ("no_proxy", loopback.to_owned()),
            ]
        );
    }

    #[test]
    fn the_users_own_switch_for_node_stays() {
        let switch = |value| {
            let variables = given([("NODE_USE_ENV_PROXY", value)]);
            variables
                .into_iter()
                .find(|(name, _)| *name == NODE_USE_ENV_PROXY)
                .map(|(_, value)| value)
        };
        assert_eq!(switch("0"), None);
        assert_eq!(switch(""), Some("1".to_owned()));
    }

    #[test]
    fn exceptions_are_kept_except_for_the_intercepted_domain() {
        let variables = given([("NO_PROXY", "localhost,.mypurecloud.ie"), ("no_proxy", "*")]);
        let list = |name| {
            variables
                .iter()
                .find_map(|(variable, value)| (*variable == name).then_some(value.as_str()))
        };
        assert_eq!(list("NO_PROXY"), Some("localhost,127.0.0.1,::1"));
        assert_eq!(list("no_proxy"), Some("localhost,127.0.0.1,::1"));
    }
}
