use super::*;

/// In milliseconds; the skew is 5 s.
fn chart(issuer: (i64, i64), api: (i64, i64)) -> ClockChart {
    let offset = |(min, max)| Offset {
        min: SignedDuration::from_millis(min),
        max: SignedDuration::from_millis(max),
    };
    let skew = SignedDuration::from_secs(5);
    ClockChart {
        at: jiff::Timestamp::UNIX_EPOCH,
        issuer: Some(offset(issuer)),
        api: Some(offset(api)),
        skew,
        effective_skew: skew,
    }
}

fn lead_of(issuer: (i64, i64), api: (i64, i64)) -> ClockLead {
    ClockLead::of(&chart(issuer, api))
}

#[test]
fn the_lead_is_compared_at_its_greatest_and_at_its_least() {
    // The skew is 5 s.
    assert!(matches!(lead_of((0, 1_000), (2_000, 5_000)), ClockLead::Within(_)));
    assert!(matches!(lead_of((0, 1_000), (2_000, 5_001)), ClockLead::PerhapsBeyond(_)));
    assert!(matches!(lead_of((0, 1_000), (6_001, 7_000)), ClockLead::Beyond(_)));
    assert!(matches!(lead_of((0, 1_000), (-90_000, -80_000)), ClockLead::Within(_)));
}

#[test]
fn the_sentence_says_what_is_deducted() {
    let mut chart = chart((-200, 800), (1_700, 2_700));
    let sentence = |chart: &ClockChart| ClockLead::of(chart).sentence(chart).replace('\u{a0}', " ");
    let within = "The API’s clock is 0.9 s to 2.9 s ahead of the issuer’s: within the skew of 5 s.";
    assert_eq!(sentence(&chart), within);
    chart.api = Some(Offset {
        min: SignedDuration::from_millis(6_800),
        max: SignedDuration::from_millis(7_200),
    });
    chart.effective_skew = SignedDuration::from_millis(7_400);
    assert_eq!(
        sentence(&chart),
        "The API’s clock is 6.0 s to 7.4 s ahead of the issuer’s: more than the skew of 5 s. \
         7.4 s are deducted from every lifetime in its place."
    );
    chart.api = None;
    assert_eq!(
        sentence(&chart),
        "How far the API’s clock is ahead of the issuer’s has not been measured. The skew is \
         5 s. 7.4 s are deducted from every lifetime in its place."
    );
}

#[test]
fn a_clock_that_was_not_measured_is_said_to_be() {
    let mut chart = chart((-200, 800), (1_700, 2_700));
    chart.api = None;
    assert_eq!(ClockLead::of(&chart), ClockLead::Unknown);
    let svg = drawing(&chart).into_string();
    assert!(svg.contains("not measured"), "{svg}");
    assert!(svg.contains("The API’s clock has not been measured."), "{svg}");
}

#[test]
fn the_api_ends_before_the_skew_does_exactly_if_the_lead_is_within_it() {
    for (api_end, is_within) in [(5_000, true), (5_100, false)] {
        let svg = drawing(&chart((0, 1_000), (2_000, api_end))).into_string();
        let bars: Vec<_> = svg.split("<rect").skip(1).map(bar).collect();
        let [skew, issuer, api] = bars[..] else { panic!("{svg}") };
        assert!((skew.0 - issuer.0).abs() < 0.02, "{svg}");
        assert_eq!(api.1 <= skew.1 + 0.02, is_within, "{svg}");
    }
}

#[test]
fn the_scale_counts_from_the_issuer_if_this_machine_is_far_away() {
    let near = drawing(&chart((-200, 800), (1_700, 2_700))).into_string();
    assert!(near.contains(">0</text>"), "{near}");
    let far = chart((-3_600_000, -3_599_000), (-3_598_000, -3_597_000));
    let svg = drawing(&far).into_string();
    assert!(svg.contains(">issuer</text>") && svg.contains("off the scale →"), "{svg}");
}

#[test]
fn ticks_have_a_sign_and_a_unit() {
    for (seconds, label) in
        [(-0.5, "−0.5 s"), (2.0, "+2 s"), (-90.0, "−1.5 min"), (7_200.0, "+2 h")]
    {
        assert_eq!(tick_label(seconds, "−"), label);
    }
}

/// Returns where a bar starts and ends, in percent.
fn bar(rect: &str) -> (f64, f64) {
    let attribute = |name: &str| {
        let value = rect.split_once(&format!("{name}=\"")).unwrap().1;
        value.split_once("%\"").unwrap().0.parse::<f64>().unwrap()
    };
    let start = attribute(" x");
    (start, start + attribute(" width"))
}
