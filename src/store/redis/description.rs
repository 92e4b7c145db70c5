//! What the settings say about the way to a server.

use crate::config::{RedisLocation, StorePassword};
use crate::host::is_loopback_host;
use crate::store::{NoteLevel, StoreNote};

pub(super) fn notes(location: &RedisLocation, password: Option<&StorePassword>) -> Vec<StoreNote> {
    let exposed = if password.is_some() { NoteLevel::Warning } else { NoteLevel::Note };
    let encryption = StoreNote::of_encryption(
        location.tls,
        is_loopback_host(&location.host),
        exposed,
        "begin the location with rediss: if the server offers TLS",
    );
    let user = location.shown_user().map(|user| format!("as user {user} "));
    let password = match password {
        Some(password) => format!("with the password from {}", password.origin()),
        None => "without a password".to_owned(),
    };
    let credentials = user.unwrap_or_default() + &password;
    encryption.into_iter().chain([StoreNote::connects(&credentials)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoreLocation;

    fn told(location: &str, password: Option<&str>) -> Vec<(NoteLevel, String)> {
        let StoreLocation::Redis(location) = StoreLocation::test(location) else {
            panic!("not Redis");
        };
        let password = password.map(StorePassword::from);
        let notes = notes(&location, password.as_ref()).into_iter();
        notes.map(|note| (note.level, note.message)).collect()
    }

    #[test]
    fn only_a_password_over_the_network_is_in_the_clear() {
        for (location, password, level) in [
            ("redis://cache", None, Some(NoteLevel::Note)),
            ("redis://cache", Some("secret"), Some(NoteLevel::Warning)),
            ("redis://127.0.0.1", Some("secret"), None),
            ("redis://[::1]", Some("secret"), None),
            ("rediss://cache", Some("secret"), Some(NoteLevel::Ok)),
        ] {
            let told = told(location, password);
            let found = told.iter().find(|(_, message)| message.contains("encrypted"));
            assert_eq!(found.map(|(level, _)| *level), level, "{location}");
        }
    }

    #[test]
    fn the_user_and_the_source_of_the_password_are_named() {
        let connects = |location, password| told(location, password).pop().unwrap().1;
        let with_user = "connects as user ci with the password from a test";
        assert_eq!(connects("rediss://ci@cache", Some("secret")), with_user);
        assert_eq!(connects("redis://cache", None), "connects without a password");
    }
}
