//! What sends the run's child through the proxy.

use std::ffi::OsString;

use crate::context::Environment;
use crate::net::no_proxy::{with_loopback, without};

/// A variable, and its value for the child.
pub type EnvVariable = (&'static str, OsString);

/// The variables that name `proxy`, a URL with user and password, for requests
/// by https. How anything else is reached does not change, so `HTTP_PROXY` and
/// `ALL_PROXY` stay as they are.
pub(super) fn proxying(proxy: &str, names: &[String], env: &Environment) -> Vec<EnvVariable> {
    let mut variables: Vec<EnvVariable> = vec![
        // Clients read the one or the other, and where both are set they differ
        // in which one counts.
        ("HTTPS_PROXY", proxy.into()),
        ("https_proxy", proxy.into()),
    ];
    // Without it, Node's fetch does not look at the others (Node 22.21 and 24 or
    // later).
    if env.os(NODE).is_none() {
        variables.push((NODE, "1".into()));
    }
    // The proxy for this machine itself is none: a client in whose mind loopback
    // is no exception would ask for its own services elsewhere.
    let exceptions = with_loopback(env, |list| without(list, names));
    variables.extend(exceptions.map(|(name, list)| (name, list.into())));
    variables
}

/// Makes Node's own clients follow the variables for proxies.
const NODE: &str = "NODE_USE_ENV_PROXY";

#[cfg(test)]
mod tests {
    use super::super::hosts::tests::ireland;
    use super::*;

    fn given<const N: usize>(env: [(&str, &str); N]) -> Vec<(&'static str, String)> {
        let variables = proxying("http://u:p@127.0.0.1:1", ireland().hosts(), &env.into());
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
    fn what_the_user_has_told_node_stays() {
        let told = |value| {
            let variables = given([("NODE_USE_ENV_PROXY", value)]);
            variables.into_iter().find(|(name, _)| *name == NODE).map(|(_, value)| value)
        };
        assert_eq!(told("0"), None);
        assert_eq!(told(""), Some("1".to_owned()));
    }

    #[test]
    fn exceptions_are_kept_but_for_the_domain() {
        let variables = given([("NO_PROXY", "localhost,.mypurecloud.ie"), ("no_proxy", "*")]);
        let list =
            |name| variables.iter().find_map(|(it, value)| (*it == name).then_some(value.as_str()));
        assert_eq!(list("NO_PROXY"), Some("localhost,127.0.0.1,::1"));
        assert_eq!(list("no_proxy"), Some("localhost,127.0.0.1,::1"));
    }
}
