//! Tells what a server does when its memory is full.

use crate::store::StoreNote;

/// Reads the reply to `INFO memory`: lines of `name:value`.
pub(super) fn notes(info: &str) -> Vec<StoreNote> {
    let field = |name: &str| {
        let mut lines = info.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(found, _)| *found == name).map(|(_, value)| value.trim())
    };
    let (Some(limit), Some(policy)) = (field("maxmemory"), field("maxmemory_policy")) else {
        return Vec::new();
    };
    if limit == "0" {
        return vec![StoreNote::ok("the server has no limit of its own on memory")];
    }
    let policy = format!("maxmemory-policy {policy}");
    vec![match policy.rsplit_once('-').map_or("", |(_, last)| last) {
        _ if policy.ends_with(" noeviction") => StoreNote::warning(
            format!("with {policy}, a server that is full takes no new tokens"),
            "volatile-lru suits it: every record has an expiry",
        ),
        "random" => StoreNote::warning(
            format!("with {policy}, a server that is full may evict a token that is in use"),
            "a mint replaces it; volatile-lru evicts what is not used",
        ),
        _ => StoreNote::ok(format!(
            "a server that is full evicts records ({policy}), which costs a mint"
        )),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::NoteLevel;

    #[test]
    fn policies_that_lose_tokens_are_pointed_out() {
        let judge = |limit: &str, policy: &str| {
            let info = format!("# Memory\r\nmaxmemory:{limit}\r\nmaxmemory_policy:{policy}\r\n");
            let notes = notes(&info);
            assert!(limit == "0" || notes[0].message.contains(policy), "{notes:?}");
            notes.iter().map(|note| note.level == NoteLevel::Warning).collect::<Vec<_>>()
        };
        assert_eq!(judge("100", "noeviction"), [true]);
        assert_eq!(judge("100", "allkeys-random"), [true]);
        assert_eq!(judge("100", "volatile-lru"), [false]);
        assert_eq!(judge("100", "volatile-ttl"), [false]);
        assert_eq!(judge("0", "noeviction"), [false]);
        assert_eq!(notes("# Memory\r\n"), []);
    }
}
