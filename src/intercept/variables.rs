//! What sends the run's child through the proxy.

use std::ffi::OsString;

use super::no_proxy::without;
use crate::world::Environment;

/// A variable, and its value for the child.
pub type Variable = (&'static str, OsString);

/// The variables that name `proxy`, a URL with user and password, for requests
/// by https. How anything else is reached does not change, so `HTTP_PROXY` and
/// `ALL_PROXY` stay as they are.
pub(super) fn proxying(proxy: &str, names: &[String], env: &Environment) -> Vec<Variable> {
    let mut variables: Vec<Variable> = vec![
        // Clients read the one or the other, and where both are set they differ
        // in which one counts.
        ("HTTPS_PROXY", proxy.into()),
        ("https_proxy", proxy.into()),
        // Without it, Node's fetch does not look at the others (Node 22.21 and
        // 24 or later).
        ("NODE_USE_ENV_PROXY", "1".into()),
    ];
    for name in ["NO_PROXY", "no_proxy"] {
        if let Some(list) = env.text(name) {
            variables.push((name, without(&list, names).into()));
        }
    }
    variables
}

#[cfg(test)]
mod tests {
    use super::super::names::tests::ireland;
    use super::*;

    fn given<const N: usize>(env: [(&str, &str); N]) -> Vec<(&'static str, String)> {
        let variables = proxying("http://u:p@127.0.0.1:1", ireland().hosts(), &env.into());
        let text = |value: OsString| value.into_string().unwrap();
        variables.into_iter().map(|(name, value)| (name, text(value))).collect()
    }

    #[test]
    fn both_cases_name_the_proxy() {
        let variables = given([("http_proxy", "http://old:1"), ("ALL_PROXY", "http://old:1")]);
        let proxy = "http://u:p@127.0.0.1:1".to_owned();
        assert_eq!(
            variables,
            [
                ("HTTPS_PROXY", proxy.clone()),
                ("https_proxy", proxy),
                ("NODE_USE_ENV_PROXY", "1".to_owned())
            ]
        );
    }

    #[test]
    fn exceptions_are_kept_but_for_the_domain() {
        let variables = given([("NO_PROXY", "localhost,.mypurecloud.ie"), ("no_proxy", "*")]);
        let list =
            |name| variables.iter().find_map(|(it, value)| (*it == name).then_some(value.as_str()));
        assert_eq!(list("NO_PROXY"), Some("localhost"));
        assert_eq!(list("no_proxy"), Some(""));
    }
}
