//! What burns fast is said soon, what burns slowly is said late, and what is over is over.

use proptest::prelude::*;

use super::*;
use crate::stats::simulate::saved_and_restored;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A service of a hundred answers a minute that may fail once in a hundred, and what is said of it minute by minute.
struct Service {
    burn: BurnRate,
    now: i64,
    said: Vec<(i64, Burn)>,
}

impl Service {
    fn new() -> Self {
        Self { burn: BurnRate::new(0.01), now: 0, said: Vec::new() }
    }

    fn goes_on(&mut self, milliseconds: i64, bad: u64) -> &mut Self {
        for _ in 0..milliseconds / MINUTE {
            self.now += MINUTE;
            let said = self.burn.observe(Timestamp(self.now), 100, bad);
            self.said.extend(said.into_iter().map(|burn| (self.now, burn)));
        }
        self
    }

    fn first(&self, stage: BurnStage, window_seconds: u32) -> Option<i64> {
        let found =
            self.said.iter().find(|(_, burn)| (burn.stage, burn.window_seconds) == (stage, window_seconds));
        found.map(|(at, _)| *at)
    }
}

#[test]
fn windows_are_those_of_the_workbook() {
    let windows = RULES.map(|rule| (long_seconds(rule), rule.short_seconds));
    assert_eq!(windows, [(3_600, 300), (21_600, 1_800), (86_400, 7_200), (259_200, 21_600)]);
}

#[test]
fn what_is_allowed_is_never_said() {
    let mut service = Service::new();
    service.goes_on(4 * DAY, 1);
    assert!(service.said.is_empty(), "{:?}", service.said);
    assert_eq!(service.burn.burning(), None);
    assert!(service.burn.rates().iter().all(|(_, rate)| (rate - 1.0).abs() < 1e-9));
}

#[test]
fn a_total_outage_pages_within_minutes_and_is_over_soon_after_it() {
    let mut service = Service::new();
    let broke = service.goes_on(DAY, 0).now;
    let mended = service.goes_on(30 * MINUTE, 100).now;
    let began = service.first(BurnStage::Began, 3_600).expect("it is said");
    // 14.4 % of an hour is gone after nine minutes.
    assert!((8 * MINUTE..=10 * MINUTE).contains(&(began - broke)), "{} min", (began - broke) / MINUTE);
    assert_eq!(service.burn.burning(), Some(Severity::Page));
    service.goes_on(10 * MINUTE, 0);
    let ended = service.first(BurnStage::Ended, 3_600).expect("it ends");
    assert!(ended - mended <= 5 * MINUTE, "{} min", (ended - mended) / MINUTE);
}

#[test]
fn each_rate_is_said_by_its_rule_and_no_quicker_one() {
    for (bad, window, others) in [(7, 21_600, 1), (4, 86_400, 2), (2, 259_200, 3)] {
        let mut service = Service::new();
        service.goes_on(4 * DAY, 0).goes_on(4 * DAY, bad);
        assert!(service.first(BurnStage::Began, window).is_some(), "{bad} bad");
        for rule in &RULES[..others] {
            assert_eq!(service.first(BurnStage::Began, long_seconds(*rule)), None, "{bad} bad");
        }
    }
}

#[test]
fn one_bad_minute_is_nothing() {
    let mut service = Service::new();
    service.goes_on(HOUR, 0).goes_on(MINUTE, 100).goes_on(HOUR, 0);
    assert!(service.said.iter().all(|(_, burn)| burn.severity == Severity::Ticket), "{:?}", service.said);
}

#[test]
fn what_lasts_is_said_again_once_a_short_window() {
    let mut service = Service::new();
    service.goes_on(HOUR, 0).goes_on(HOUR, 50);
    let fast = service.said.iter().filter(|(_, burn)| burn.window_seconds == 3_600);
    let times: Vec<i64> = fast.map(|(at, _)| *at).collect();
    assert_eq!(times.len(), 9, "it began after 18 minutes");
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 5 * MINUTE), "{times:?}");
}

#[test]
fn what_was_before_the_first_look_counts_as_good() {
    let mut service = Service::new();
    let began = service.goes_on(20 * MINUTE, 100).first(BurnStage::Began, 3_600).expect("it is said");
    assert!((8 * MINUTE..=10 * MINUTE).contains(&began), "no sooner than later on: {} min", began / MINUTE);
    let mut again = Service::new();
    let gone = again.goes_on(HOUR, 0).now + 2 * HOUR;
    again.now = gone;
    let began = again.goes_on(20 * MINUTE, 100).first(BurnStage::Began, 3_600).expect("it is said");
    assert!((8 * MINUTE..=10 * MINUTE).contains(&(began - gone)), "nor after a silence");
}

#[test]
fn a_handful_of_events_is_not_judged() {
    let mut burn = BurnRate::new(0.01);
    assert!(burn.observe(Timestamp(0), EVENTS_MIN - 1, EVENTS_MIN - 1).is_empty());
    assert!(!burn.observe(Timestamp(1), 1, 0).is_empty());
}

#[test]
fn after_a_gap_nothing_is_left_of_what_was_before() {
    let mut service = Service::new();
    service.goes_on(HOUR, 100);
    assert_eq!(service.burn.burning(), Some(Severity::Page));
    let said = service.burn.observe(Timestamp(service.now + 30 * DAY), 0, 0);
    assert!(said.len() == 4 && said.iter().all(|burn| burn.stage == BurnStage::Ended), "{said:?}");
    assert!(service.burn.rates().iter().all(|(_, rate)| rate.is_nan()));
}

#[test]
fn silence_ends_a_page_as_recovery_does() {
    let mut service = Service::new();
    service.goes_on(HOUR, 100);
    let said = service.burn.observe(Timestamp(service.now + 6 * MINUTE), 0, 0);
    assert!(
        said.iter().any(|burn| burn.stage == BurnStage::Ended && burn.window_seconds == 3_600),
        "{said:?}"
    );
}

#[test]
fn a_clock_that_goes_back_or_far_loses_nothing_and_does_not_panic() {
    let mut burn = BurnRate::new(0.01);
    burn.observe(Timestamp(DAY), 100, 100);
    burn.observe(Timestamp(0), 100, 0);
    assert!((burn.rates()[0].1 - 50.0 / 60.0).abs() < 1e-9, "both are the newest");
    for odd in [i64::MIN, i64::MAX, 0] {
        burn.observe(Timestamp(odd), 1, 1);
    }
}

#[test]
fn where_everything_may_be_bad_nothing_is_said() {
    let mut burn = BurnRate::new(1.0);
    assert!((0..10).all(|minute| burn.observe(Timestamp(minute * MINUTE), 1_000, 1_000).is_empty()));
}

proptest! {
    #[test]
    fn rates_are_those_of_all_events_kept(steps in prop::collection::vec((0_i64..90, 0_u64..50, 0_u64..50), 0..80)) {
        let (mut burn, mut now, mut seen) = (BurnRate::new(0.1), 0, Vec::new());
        for (seconds, good, bad) in steps {
            now += seconds * 1_000;
            burn.observe(Timestamp(now), good + bad, bad);
            seen.push((now, good + bad, bad));
        }
        let known = seen.first().map_or(1, |(first, ..)| (now / MINUTE - first / MINUTE + 1).min(60));
        let kept = seen.iter().filter(|(at, ..)| now / MINUTE - at / MINUTE < 60);
        let (all, bad) = kept.fold((0, 0), |(all, bad), one| (all + one.1, bad + one.2));
        let rate = burn.rates()[0].1;
        let right = if all == 0 { rate.is_nan() } else { (rate - bad as f64 / all as f64 / 0.1 * known as f64 / 60.0).abs() < 1e-9 };
        prop_assert!(right, "{}", rate);
        prop_assert_eq!(&saved_and_restored(&burn), &burn);
    }
}
