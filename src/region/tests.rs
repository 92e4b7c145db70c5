use proptest::prelude::*;

use super::*;

fn found(name: &str) -> &'static str {
    Region::find(name).unwrap_or_else(|error| panic!("{name}: {error}")).aws
}

/// The suggestion, without the words around it; empty where there is none.
fn suggested(name: &str) -> String {
    let hint = Region::find(name).unwrap_err().hint.unwrap();
    let meant = hint.strip_prefix("did you mean ").and_then(|rest| rest.split_once('?'));
    meant.map(|(meant, _)| meant.to_owned()).unwrap_or_default()
}

#[test]
fn one_region_has_many_spellings() {
    for spelling in [
        "eu-west-1",
        "EU-West-1",
        " mypurecloud.ie ",
        "api.mypurecloud.ie",
        "https://api.mypurecloud.ie",
        "https://LOGIN.mypurecloud.ie:443/oauth/token?x#y",
        "apps.mypurecloud.ie.",
        "api-downloads.mypurecloud.ie",
        "euw1",
        "EUW1",
        "eu west 1",
        "eu_west_1",
        "Ireland",
        " ireland ",
        "DUBLIN",
    ] {
        assert_eq!(found(spelling), "eu-west-1", "{spelling}");
    }
    assert_eq!(found("https://apps.euw2.pure.cloud/directory/#/admin"), "eu-west-2");
}

#[test]
fn short_forms_and_places_are_understood() {
    for (name, aws) in [
        ("use1", "us-east-1"),
        ("use2", "us-east-2"),
        ("usw2", "us-west-2"),
        ("cac1", "ca-central-1"),
        ("mxc1", "mx-central-1"),
        ("sae1", "sa-east-1"),
        ("euw2", "eu-west-2"),
        ("euc1", "eu-central-1"),
        ("euc2", "eu-central-2"),
        ("aps1", "ap-south-1"),
        ("apse1", "ap-southeast-1"),
        ("apse2", "ap-southeast-2"),
        ("apne1", "ap-northeast-1"),
        ("apne2", "ap-northeast-2"),
        ("apne3", "ap-northeast-3"),
        ("mec1", "me-central-1"),
        ("edee1", "eusc-de-east-1"),
        ("Virginia", "us-east-1"),
        ("N. Virginia", "us-east-1"),
        ("Oregon", "us-west-2"),
        ("FedRAMP", "us-east-2"),
        ("Canada", "ca-central-1"),
        ("Mexico", "mx-central-1"),
        ("M\u{e9}xico", "mx-central-1"),
        ("S\u{e3}o Paulo", "sa-east-1"),
        ("Sa\u{303}o Paulo", "sa-east-1"),
        ("sao  paulo", "sa-east-1"),
        ("London", "eu-west-2"),
        ("UK", "eu-west-2"),
        ("Frankfurt", "eu-central-1"),
        ("Z\u{dc}RICH", "eu-central-2"),
        ("UAE", "me-central-1"),
        ("Mumbai", "ap-south-1"),
        ("Singapore", "ap-southeast-1"),
        ("Sydney", "ap-southeast-2"),
        ("Tokyo", "ap-northeast-1"),
        ("Seoul", "ap-northeast-2"),
        ("Osaka", "ap-northeast-3"),
    ] {
        assert_eq!(found(name), aws, "{name}");
    }
}

#[test]
fn every_name_of_the_table_is_understood() {
    for region in REGIONS {
        let names = [region.aws, region.domain].into_iter().chain(region.places.iter().copied());
        for name in names {
            assert_eq!(found(name), region.aws);
            assert_eq!(found(&name.to_uppercase()), region.aws);
        }
    }
}

#[test]
fn a_near_miss_gets_a_suggestion_and_nonsense_gets_none() {
    for (name, meant) in [
        ("eu-wset-1", "eu-west-1"),
        ("us-est-1", "us-east-1"),
        ("mypurecloud.ei", "mypurecloud.ie"),
        ("mypurecloud.co", "mypurecloud.com"),
        ("mypurcloud.com.au", "mypurecloud.com.au"),
        ("purecloud.de", "mypurecloud.de"),
        ("usw2.purecloud", "usw2.pure.cloud"),
        ("euw3.pure.cloud", "euw2.pure.cloud"),
        ("eu-west-3", "eu-west-1 or eu-west-2"),
        ("us-west-1", "us-west-2"),
        ("use3", "us-east-1 or us-east-2"),
        ("Sidney", "ap-southeast-2 (mypurecloud.com.au, Sydney)"),
        ("Frankfrut", "eu-central-1 (mypurecloud.de, Frankfurt)"),
    ] {
        assert_eq!(suggested(name), meant, "{name}");
    }
    for name in ["moon", "", "pure.cloud", "example.com", "https://", "1"] {
        assert_eq!(suggested(name), "", "{name}");
    }
}

#[test]
fn a_domain_that_an_older_region_does_not_have_still_tells_which_one_is_meant() {
    for (name, meant) in [
        ("use1.pure.cloud", "us-east-1 (mypurecloud.com, Virginia)"),
        ("https://api.use1.pure.cloud", "us-east-1 (mypurecloud.com, Virginia)"),
        ("euw1.pure.cloud", "eu-west-1 (mypurecloud.ie, Ireland)"),
        ("login.euc1.pure.cloud", "eu-central-1 (mypurecloud.de, Frankfurt)"),
        ("apse2.pure.cloud", "ap-southeast-2 (mypurecloud.com.au, Sydney)"),
        ("apne1.pure.cloud", "ap-northeast-1 (mypurecloud.jp, Tokyo)"),
        ("use2.pure.cloud", "us-east-2 (use2.us-gov-pure.cloud, Ohio)"),
    ] {
        assert_eq!(suggested(name), meant, "{name}");
    }
}

#[test]
fn names_of_several_regions_are_asked_about() {
    for (name, meant) in [
        (
            "Germany",
            "eu-central-1 (mypurecloud.de, Frankfurt) or eusc-de-east-1 (edee1.eusc-pure.cloud, Brandenburg)",
        ),
        (
            "us-east",
            "us-east-1 (mypurecloud.com, Virginia) or us-east-2 (use2.us-gov-pure.cloud, Ohio)",
        ),
        (
            "Japan",
            "ap-northeast-1 (mypurecloud.jp, Tokyo) or ap-northeast-3 (apne3.pure.cloud, Osaka)",
        ),
        ("Asia Pacific (Sydney)", "ap-southeast-2 (mypurecloud.com.au, Sydney)"),
        ("Canada (Central)", "ca-central-1 (cac1.pure.cloud, Canada)"),
        ("EU-Frankfurt", "eu-central-1 (mypurecloud.de, Frankfurt)"),
        ("eu-west-2 London", "eu-west-2 (euw2.pure.cloud, London)"),
        ("EMEA (UK)", "eu-west-2 (euw2.pure.cloud, London)"),
    ] {
        assert_eq!(suggested(name), meant, "{name}");
    }
}

/// AWS regions that Genesys Cloud does not serve differ by a letter or two from
/// regions on other continents.
#[test]
fn a_region_on_another_continent_is_not_suggested() {
    for name in [
        "af-south-1",
        "ap-east-1",
        "me-south-1",
        "il-central-1",
        "ca-west-1",
        "eu-south-1",
        "eu-north-1",
        "cn-north-1",
        "Austria",
        "mypurecloud.nl",
        "mypurecloud.co.uk",
    ] {
        assert_eq!(suggested(name), "", "{name}");
    }
}

#[test]
fn the_table_is_ordered_and_has_no_twins() {
    assert!(REGIONS.windows(2).all(|pair| pair[0].aws < pair[1].aws));
    let mut names: Vec<_> = REGIONS.iter().flat_map(Region::names).collect();
    names.extend(REGIONS.iter().map(|region| region.domain.to_owned()));
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

proptest! {
    /// A suggestion is as good as a name: what it says is found.
    #[test]
    fn whatever_is_suggested_exists(name in "[a-z0-9.() -]{0,24}|[a-z]{2}-[a-z]{4,9}-[0-9]") {
        if let Err(error) = Region::find(&name) {
            let hint = error.hint.unwrap();
            if let Some((meant, _)) = hint.strip_prefix("did you mean ").and_then(|rest| rest.split_once('?')) {
                for one in meant.split(" or ") {
                    let name = one.split(' ').next().unwrap();
                    prop_assert!(Region::find(name).is_ok(), "{one}");
                }
            }
        }
    }
}
