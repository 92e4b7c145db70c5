//! Request paths, as an upstream may interpret them.

use percent_encoding::percent_decode_str;

pub(crate) const DOT_SEGMENTS_REFUSED: &str = "a path with . or .. as a segment, however encoded, is not forwarded: it could leave the \
     base path";

/// Returns whether an upstream may read a segment as `.` or `..` (RFC 3986 section 5.2.4):
/// plain, percent-encoded, with a backslash for a slash, or before a parameter. Double
/// encoding does not count: no upstream may decode twice.
pub(crate) fn has_dot_segments(path: &str) -> bool {
    if !path.contains('.') && !path.contains("%2") {
        return false;
    }
    let mut decoded = path.to_ascii_lowercase();
    for (encoded, character) in [("%2e", "."), ("%2f", "/"), ("%5c", "/"), ("\\", "/")] {
        decoded = decoded.replace(encoded, character);
    }
    let mut segments =
        decoded.split('/').map(|segment| segment.split(';').next().unwrap_or(segment));
    segments.any(|segment| matches!(segment, "." | ".."))
}

/// Returns whether this is the path of the token endpoint, with any number of slashes and
/// in any encoding: what a client has in place of the secret must not reach the issuer.
pub(crate) fn is_token_endpoint(path: &str) -> bool {
    segments(path).eq(["oauth", "token"])
}

pub(crate) fn is_login_host_path(path: &str) -> bool {
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
    fn dot_segments_are_seen_in_every_encoding() {
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
    fn the_token_endpoint_is_found_in_every_spelling() {
        for path in ["/oauth/token", "/oauth/token/", "//oauth//token", "/%6fauth/tok%65n//"] {
            assert!(is_token_endpoint(path) && is_login_host_path(path), "{path}");
        }
        for path in ["/oauth/tokens", "/oauth", "/oauth/token/x", "/x/oauth/token", "/oauthx/token"]
        {
            assert!(!is_token_endpoint(path), "{path}");
        }
        for path in ["/oauth/authorize", "//oauth/x", "/%6Fauth/x"] {
            assert!(is_login_host_path(path), "{path}");
        }
        for path in ["/", "/oauth", "/oauth/", "/api/oauth/x", "/oauthx/y"] {
            assert!(!is_login_host_path(path), "{path}");
        }
    }
}
