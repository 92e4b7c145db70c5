//! `NO_PROXY`, without what would let the intercepted hosts get round the proxy.

/// The list without every entry that any client could take for one of `names`.
/// It is read in many ways, and nothing is lost by reading it in all of them:
/// what comes to the proxy and is none of its own goes on by the list as it
/// was.
pub(super) fn without(list: &str, names: &[String]) -> String {
    // Commas separate entries; to curl and to Node, spaces as well.
    let entries = list.split(|c: char| c == ',' || c.is_whitespace());
    let kept = entries.filter(|entry| !entry.is_empty() && !excludes(entry, names));
    kept.collect::<Vec<_>>().join(",")
}

/// Whether the entry may be meant for one of `names`, in any case: as the end
/// of a name, to Python's requests even of a word in it, with or without a
/// dot, a star or a port.
fn excludes(entry: &str, names: &[String]) -> bool {
    let entry = entry.to_ascii_lowercase();
    let entry = entry.strip_prefix("https://").unwrap_or(&entry);
    let entry = match entry.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => entry,
    };
    let end = entry.trim_start_matches(['*', '.']).trim_end_matches(['.', '/']);
    // A star in the middle is not taken for a pattern by many, but by some.
    let end = end.rsplit('*').next().unwrap_or(end);
    names.iter().any(|name| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

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
