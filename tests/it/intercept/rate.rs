//! The API's rate limits, under interception.

use std::collections::BTreeMap;

use gc_token::internals::sandbox::ConfigChange;

use super::rig::Rig;

#[test]
fn no_client_gets_429_where_more_tokens_help() {
    let rig = Rig::new([]);
    let rate = Some("40/60s".parse().ok());
    rig.cloud.change(ConfigChange { rate, ..ConfigChange::default() });
    let head = format!(
        "GET /api/v2/routing/skills HTTP/1.1\r\nHost: api.mypurecloud.ie\r\nAuthorization: \
         Bearer {}",
        rig.token
    );
    let mut statuses = BTreeMap::<String, u32>::new();
    for _ in 0..100 {
        let reply = rig.ask("api.mypurecloud.ie", &head, "");
        *statuses.entry(reply[9..12].to_owned()).or_default() += 1;
    }
    assert_eq!(statuses, [("200".to_owned(), 100)].into());
    let counters = rig.cloud.counters();
    assert_eq!(counters.mints, 3, "{counters:?}");
}
