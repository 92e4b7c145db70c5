use super::*;

#[test]
fn the_schema_knows_the_keys_of_a_profile_and_their_values() {
    let schema = json_schema();
    let profile = &schema["$defs"]["profile"];
    let keys: Vec<_> = profile["properties"].as_object().expect("an object").keys().collect();
    for key in ["region", "skew", CLIENT_SECRET, CLIENT_SECRET_COMMAND] {
        assert!(keys.iter().any(|known| *known == key), "{key} in {keys:?}");
    }
    for key in ["profile", "format", "force_refresh"] {
        assert!(keys.iter().all(|known| *known != key), "{key} in {keys:?}");
    }
    let verify = &profile["properties"]["verify"];
    assert_eq!(verify["enum"], json!(["auto", "always", "never"]));
    assert_eq!(verify["default"], "auto");
    let skew = profile["properties"]["skew"]["description"].as_str().expect("a text");
    assert!(skew.ends_with("[default: 5s]"), "{skew}");
}
