//! `NO_PROXY`: the hosts that clients reach without a proxy.

use crate::context::Environment;

/// The spellings of the variable: some clients read the one, some the other.
pub(crate) const SPELLINGS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The names of this machine that most clients understand. `[::1]` is left out: httpx
/// fails to parse it.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Returns both variables with loopback added to their lists, after `edit` has changed the
/// lists. A variable that is not set gets the other one's list.
pub(crate) fn with_loopback(
    env: &Environment,
    edit: impl Fn(&str) -> String,
) -> [(&'static str, String); 2] {
    let either = || SPELLINGS.into_iter().find_map(|name| env.text(name));
    SPELLINGS.map(|name| {
        let list = env.text(name).or_else(either).unwrap_or_default();
        (name, and_loopback(&edit(&list), &[]))
    })
}

/// Returns one list for both variables: their entries, loopback and `host`. On a system
/// whose variable names ignore case, the two variables are one.
pub(crate) fn joined_with_loopback(env: &Environment, host: &str) -> [(&'static str, String); 2] {
    let lists = SPELLINGS.map(|name| env.text(name).unwrap_or_default());
    let joined = if lists.iter().any(|list| entries(list).eq(["*"])) {
        "*".to_owned()
    } else {
        and_loopback(&lists.join(","), &[host])
    };
    SPELLINGS.map(|name| (name, joined.clone()))
}

/// Adds loopback and `hosts`. A star stays alone, because curl ignores it in a list.
fn and_loopback(list: &str, hosts: &[&str]) -> String {
    if entries(list).eq(["*"]) {
        return "*".to_owned();
    }
    let mut all: Vec<&str> = Vec::new();
    for entry in entries(list).chain(LOOPBACK).chain(hosts.iter().copied()) {
        if !all.iter().any(|earlier| earlier.eq_ignore_ascii_case(entry)) {
            all.push(entry);
        }
    }
    all.join(",")
}

/// Commas separate entries; to curl and to Node, spaces as well.
fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty())
}

/// Returns the list in the form that the HTTP library reads: commas between entries, no
/// star before a dot, and no dot at the end of a name.
pub(crate) fn in_one_form(list: &str) -> String {
    let plain = |entry: &'_ str| {
        let entry = entry.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(entry);
        entry.trim_end_matches('.').to_owned()
    };
    entries(list).map(plain).filter(|entry| !entry.is_empty()).collect::<Vec<_>>().join(",")
}

/// Returns the list without the entries that any client could take for one of `names`.
/// Clients read the list in many ways, and nothing is lost by reading it in all of them:
/// requests to other hosts that come to the proxy go on by the list as it was.
pub(crate) fn without(list: &str, names: &[String]) -> String {
    entries(list).filter(|entry| !excludes(entry, names)).collect::<Vec<_>>().join(",")
}

/// Returns whether the entry may be meant for one of `names`, in any case: as the end
/// of a name, to Python's requests even of a word in it, with or without a
/// dot, a star or a port.
fn excludes(entry: &str, names: &[String]) -> bool {
    let lower = entry.to_ascii_lowercase();
    let authority = lower.strip_prefix("https://").unwrap_or(&lower);
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let pattern = host.trim_start_matches(['*', '.']).trim_end_matches(['.', '/']);
    // Some clients take a star in the middle for a pattern.
    let suffix = pattern.rsplit('*').next().unwrap_or(pattern);
    names.iter().any(|name| name.ends_with(suffix))
}

#[cfg(fuzzing)]
pub(crate) fn fuzz(text: &str) {
    let names = ["api.mypurecloud.ie".to_owned()];
    let left = without(text, &names);
    assert!(entries(&left).all(|entry| !entry.eq_ignore_ascii_case(&names[0])), "{left}");
    let once = and_loopback(text, &[]);
    assert_eq!(and_loopback(&once, &[]), once);
    let env = Environment::from([("NO_PROXY", text)]);
    let [(_, joined), _] = joined_with_loopback(&env, "10.0.0.1");
    assert!(
        joined == "*" || entries(&joined).any(|entry| entry.eq_ignore_ascii_case("localhost")),
        "{joined}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_added_to_what_either_spelling_holds() {
        let own = "localhost,127.0.0.1,::1";
        let each = |env: &Environment| with_loopback(env, str::to_owned).map(|(_, list)| list);
        assert_eq!(each(&[].into()), [own, own]);
        let other = format!(".corp,10.0.0.0/8,{own}");
        for name in SPELLINGS {
            let both = each(&[(name, ".corp 10.0.0.0/8")].into());
            assert_eq!(both, [other.as_str(), &other], "{name}");
        }
        let differ = Environment::from([("NO_PROXY", "LOCALHOST,a"), ("no_proxy", "::1")]);
        assert_eq!(each(&differ), ["LOCALHOST,a,127.0.0.1,::1", "::1,localhost,127.0.0.1"]);
        let stars = Environment::from([("NO_PROXY", " * "), ("no_proxy", "*,a")]);
        assert_eq!(each(&stars), ["*", &format!("*,a,{own}")]);
    }

    #[test]
    fn one_list_is_made_of_two() {
        let joined = |env: Environment| {
            let [(_, one), (_, other)] = joined_with_loopback(&env, "10.0.0.7");
            assert_eq!(one, other);
            one
        };
        let own = "localhost,127.0.0.1,::1,10.0.0.7";
        assert_eq!(joined([].into()), own);
        assert_eq!(joined([("NO_PROXY", "a")].into()), format!("a,{own}"));
        assert_eq!(joined([("no_proxy", "b")].into()), format!("b,{own}"));
        let two = [("NO_PROXY", "a,c"), ("no_proxy", "b c")].into();
        assert_eq!(joined(two), format!("a,c,b,{own}"));
        assert_eq!(joined([("NO_PROXY", "a"), ("no_proxy", "*")].into()), "*");
    }

    fn kept(list: &str) -> String {
        without(list, &["login", "api", "apps"].map(|host| format!("{host}.usw2.pure.cloud")))
    }

    #[test]
    fn what_excludes_the_domain_in_anybodys_reading_is_taken_away() {
        for entry in [
            "*",
            "*.*",
            ".",
            "pure.cloud",
            ".pure.cloud",
            "*.pure.cloud",
            "PURE.Cloud",
            "pure.cloud.",
            "pure.cloud:443",
            "api.usw2.pure.cloud",
            "https://apps.usw2.pure.cloud/",
            ".cloud",
            "e.cloud",
            "login.*.cloud",
            "api.*",
        ] {
            assert_eq!(kept(entry), "", "{entry}");
            assert_eq!(kept(&format!("localhost, {entry} ,10.0.0.0/8")), "localhost,10.0.0.0/8");
        }
    }

    #[test]
    fn everything_else_is_kept() {
        for list in [
            "",
            "localhost,127.0.0.1,::1,[::1]:8080",
            "169.254.169.254,10.0.0.0/8,.internal",
            "pure.cloud.example,api.euw2.pure.cloud,mypurecloud.ie",
            "streaming.usw2.pure.cloud",
        ] {
            assert_eq!(kept(list), list);
        }
        assert_eq!(kept(" a  b,,c\t"), "a,b,c");
    }
}
