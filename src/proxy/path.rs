//! Paths of requests, as hosts may read them.

use percent_encoding::percent_decode_str;

/// Why a path with such segments is not passed on.
pub(crate) const LEADS_ELSEWHERE: &str = "a path with . or .. as a segment, in whatever form, is \
                                          not passed on here: it might lead somewhere else";

/// Returns whether some host might read a segment of this path as `.` or `..` (RFC 3986
/// section 5.2.4), and so end up somewhere else: as it stands, in percent-encoding,
/// with a backslash for a slash, or before a parameter. What is encoded twice is not
/// looked into: who decodes that twice has only itself to blame.
pub(crate) fn has_dot_segments(path: &str) -> bool {
    if !path.contains('.') && !path.contains("%2") {
        return false;
    }
    let mut plain = path.to_ascii_lowercase();
    for (encoded, character) in [("%2e", "."), ("%2f", "/"), ("%5c", "/"), ("\\", "/")] {
        plain = plain.replace(encoded, character);
    }
    let mut segments = plain.split('/').map(|segment| segment.split(';').next().unwrap_or(segment));
    segments.any(|segment| matches!(segment, "." | ".."))
}

/// Returns whether this is the path of the token endpoint, however many slashes there are,
/// and whatever of it is encoded: the issuer is not to be asked with what a client
/// has in place of a secret.
pub(crate) fn is_of_token_endpoint(path: &str) -> bool {
    segments(path).eq(["oauth", "token"])
}

/// Returns whether the login host serves this path.
pub(crate) fn is_of_login_host(path: &str) -> bool {
    let mut segments = segments(path);
    segments.next().is_some_and(|first| first == "oauth") && segments.next().is_some()
}

fn segments(path: &str) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.map(|segment| percent_decode_str(segment).decode_utf8_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_seen_in_every_disguise() {
        for path in [
            "/..",
            "/../x",
            "/a/../../x",
            "/a/..",
            "/./x",
            "/a/.",
            "/%2e%2e/x",
            "/%2E%2e/x",
            "/.%2E/x",
            "/%2e./x",
            "/a%2f..%2fx",
            "/a%2F%2e%2E%2Fx",
            "/a\\..\\x",
            "/a%5c..%5Cx",
            "/a/..;/x",
            "/a/..;x=y/x",
            "/%2e%2e;/x",
            "/..%2f",
            "//..//x",
        ] {
            assert!(has_dot_segments(path), "{path}");
        }
        for path in [
            "/",
            "/api/v2/x",
            "/a..b/c",
            "/...",
            "/a/..b",
            "/.well-known/x",
            "/a.b/c%2Ed",
            "/%252e%252e/x",
            "/a%2520b",
            "/a;../x",
            "/%2ea",
        ] {
            assert!(!has_dot_segments(path), "{path}");
        }
    }

    #[test]
    fn the_token_endpoint_has_one_name_and_many_spellings() {
        for path in ["/oauth/token", "/oauth/token/", "//oauth//token", "/%6fauth/tok%65n//"] {
            assert!(is_of_token_endpoint(path) && is_of_login_host(path), "{path}");
        }
        for path in ["/oauth/tokens", "/oauth", "/oauth/token/x", "/x/oauth/token", "/oauthx/token"]
        {
            assert!(!is_of_token_endpoint(path), "{path}");
        }
        for path in ["/oauth/authorize", "//oauth/x", "/%6Fauth/x"] {
            assert!(is_of_login_host(path), "{path}");
        }
        for path in ["/", "/oauth", "/oauth/", "/api/oauth/x", "/oauthx/y"] {
            assert!(!is_of_login_host(path), "{path}");
        }
    }
}
