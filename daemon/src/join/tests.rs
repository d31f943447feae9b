//! Every record has one end, in whatever order it comes.

use std::collections::BTreeMap;

use model::{EventId, Label, Timestamp, Truth};
use proptest::prelude::*;

use super::{AGREEING_RECORDS, Absent, ENTRY_BYTES, Join, JoinCounts, Lateness, Matched, Origin};
use crate::config::JoinConfig;

const EVENTS: Origin = Origin::Events(0);
const LABELS: Origin = Origin::Labels(0);
/// An hour, and clocks that differ by a minute.
const CONFIG: JoinConfig = JoinConfig {
    window_ms: 3_600_000,
    lateness: Lateness { allowed_ms: 30_000, idle_ms: 60_000, skew_ms: 60_000 },
    memory_bytes: 100 * 1024 * 1024,
    absent: Absent::Censored,
};

fn join() -> Join {
    Join::new(&CONFIG, 1)
}

fn id(name: &str) -> EventId {
    EventId::new(name).expect("a short id")
}

fn label(name: &str, minutes: i64, class: u32) -> Label {
    Label { id: id(name), time: at(minutes), truth: Truth::Class(class), revision: 0 }
}

fn at(minutes: i64) -> Timestamp {
    Timestamp(minutes * 60_000)
}

/// The streams have come to this time, as far as both partitions agree.
fn pass(join: &mut Join, minutes: i64) -> Vec<Matched> {
    let mut matched = Vec::new();
    for number in 0..=AGREEING_RECORDS {
        let name = format!("passing {minutes} {number}");
        matched.extend(join.predicted(EVENTS, &id(&name), at(minutes), 0));
        matched.extend(join.labelled(LABELS, &label(&name, minutes, 0)));
    }
    let passing = |matched: &Matched| matched.delay_ms != Some(0);
    matched.into_iter().filter(passing).collect()
}

#[test]
fn a_label_meets_its_prediction_once() {
    let mut join = join();
    assert!(join.predicted(EVENTS, &id("a"), at(0), 7).is_empty());
    assert_eq!(join.place(&id("a")), Some(7));
    let matched = join.labelled(LABELS, &label("a", 50, 1));
    let expected = Matched { place: 7, truth: Truth::Class(1), weight: 1.0, delay_ms: Some(50 * 60_000) };
    assert_eq!(matched, [expected]);
    assert!(join.labelled(LABELS, &label("a", 51, 1)).is_empty());
    assert!(join.knows(&id("a")) && join.place(&id("a")).is_none());
    assert_eq!((join.counts().joined, join.counts().duplicate), (1, 1));
}

#[test]
fn an_early_label_waits_for_its_event_if_clocks_may_differ_so_much() {
    let mut join = join();
    assert!(join.labelled(LABELS, &label("a", 0, 0)).is_empty());
    assert_eq!(join.predicted(EVENTS, &id("a"), at(1), 0).len(), 1);
    join.labelled(LABELS, &label("b", 0, 0));
    assert!(join.predicted(EVENTS, &id("b"), at(2), 0).is_empty(), "that is not its label");
    assert_eq!((join.early(), join.pending()), (1, 1));
}

#[test]
fn what_nothing_can_meet_any_more_is_given_up_and_counted() {
    let mut join = join();
    join.predicted(EVENTS, &id("a"), at(0), 0);
    join.labelled(LABELS, &label("x", 0, 0));
    pass(&mut join, 58);
    assert_eq!((join.pending(), join.counts().orphan), (1, 1), "the window is not over");
    pass(&mut join, 62);
    assert_eq!((join.pending(), join.counts().expired), (0, 1));
    join.labelled(LABELS, &label("a", 63, 0));
    assert_eq!(join.counts().late, 1);
    assert!(join.bytes() > 0);
    pass(&mut join, 80);
    join.labelled(LABELS, &label("a", 80, 0));
    pass(&mut join, 200);
    pass(&mut join, 210);
    assert_eq!(join.counts().orphan, 2, "too long ago to be known");
    assert!(join.bytes() <= 2 * 2 * AGREEING_RECORDS * ENTRY_BYTES, "{} bytes", join.bytes());
}

#[test]
fn no_label_may_mean_something() {
    let config = JoinConfig { absent: Absent::Means(Truth::Class(0)), ..CONFIG };
    let mut join = Join::new(&config, 1);
    join.predicted(EVENTS, &id("a"), at(0), 9);
    let ended: Vec<u64> = pass(&mut join, 62).iter().map(|matched| matched.place).collect();
    assert_eq!((ended, join.counts().expired), (vec![9], 1));
}

#[test]
fn one_wrong_clock_expires_nothing() {
    let mut join = join();
    join.passed(at(10));
    join.predicted(EVENTS, &id("a"), at(9), 0);
    join.predicted(EVENTS, &id("from the future"), Timestamp(i64::MAX), 0);
    join.labelled(LABELS, &label("nobody", 1_000_000, 0));
    assert_eq!((join.pending(), join.counts().future), (2, 2));
    assert_eq!(join.labelled(LABELS, &label("a", 10, 1)).len(), 1);
}

#[test]
fn corrections_count_until_an_event_is_joined_and_are_counted_after() {
    let mut join = join();
    let revised = |revision, class| Label { revision, ..label("a", 1, class) };
    join.labelled(LABELS, &revised(0, 0));
    join.labelled(LABELS, &revised(2, 1));
    join.labelled(LABELS, &revised(1, 0));
    assert_eq!(join.predicted(EVENTS, &id("a"), at(0), 0)[0].truth, Truth::Class(1));
    join.labelled(LABELS, &revised(3, 0));
    let JoinCounts { joined, revised, duplicate, .. } = join.counts();
    assert_eq!((joined, revised, duplicate), (1, 1, 2));
    join.retracted(LABELS, &id("a"), at(2));
    join.labelled(LABELS, &label("b", 2, 0));
    join.retracted(LABELS, &id("b"), at(3));
    join.retracted(LABELS, &id("nobody"), at(3));
    assert!(join.predicted(EVENTS, &id("b"), at(2), 0).is_empty(), "nothing is known of it");
    assert_eq!((join.counts().retracted, join.counts().orphan), (3, 1));
}

#[test]
fn where_memory_is_short_events_and_labels_are_dropped_together_and_estimates_stay_right() {
    // Ten times what there is memory for. Errors take ten times as long to be labelled as the rest.
    let room = 4_000;
    let config = JoinConfig { memory_bytes: room * ENTRY_BYTES, ..CONFIG };
    let (mut estimates, mut dropped_oldest) = (Vec::new(), 0.0);
    for seed in 0..8 {
        let mut join = Join::new(&config, seed);
        let (mut weight, mut errors, mut plain) = (0.0, 0.0, (0, 0));
        let mut labels: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
        let is_error = |number: u64| number.wrapping_mul(0x9e37_79b9).is_multiple_of(5);
        for number in 0..10 * room as u64 {
            let now = number.cast_signed() * 50;
            join.predicted(EVENTS, &id(&number.to_string()), Timestamp(now), number);
            labels.entry(now + if is_error(number) { 1_200_000 } else { 120_000 }).or_default().push(number);
            let later = labels.split_off(&(now + 1));
            for (time, of) in std::mem::replace(&mut labels, later) {
                for number in of {
                    let label = Label { time: Timestamp(time), ..label(&number.to_string(), 0, 0) };
                    for matched in join.labelled(LABELS, &label) {
                        weight += matched.weight;
                        errors += matched.weight * f64::from(u8::from(is_error(matched.place)));
                        plain.0 += 1;
                        plain.1 += i32::from(is_error(matched.place));
                    }
                }
            }
            assert!(join.bytes() <= config.memory_bytes);
        }
        let counts = join.counts();
        let share = join.share();
        assert!(share < 0.5 && counts.unsampled_events > 0 && counts.unsampled_labels > 0, "{share}");
        estimates.push(errors / weight);
        dropped_oldest += f64::from(plain.1) / f64::from(plain.0) / 8.0;
    }
    // Of the events whose label has come by the end, so many are errors.
    let total = 10.0 * room as f64;
    let labelled = |delay_ms: f64| (total - delay_ms / 50.0).max(0.0);
    let truth = 0.2 * labelled(1_200_000.0) / (0.2 * labelled(1_200_000.0) + 0.8 * labelled(120_000.0));
    let mean = estimates.iter().sum::<f64>() / 8.0;
    assert!((mean - truth).abs() < 0.01, "{mean} for {truth} ({estimates:?}); unweighted {dropped_oldest}");
}

#[test]
fn at_the_load_that_there_is_memory_for_nearly_all_labels_meet_their_event() {
    // As many events as come in one and a quarter of the window, and while partitions may be apart; in bursts of half as
    // many again.
    let apart = CONFIG.lateness.allowed_ms + CONFIG.lateness.skew_ms;
    let (kept_ms, step) = (CONFIG.window_ms * 5 / 4 + apart, 200);
    let room = (kept_ms / step) as usize;
    let config = JoinConfig { memory_bytes: room * ENTRY_BYTES, ..CONFIG };
    let mut join = Join::new(&config, 1);
    let mut labels: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
    let (mut now, mut told) = (0, 0);
    for number in 0..4 * room as u64 {
        now += if (number / 500).is_multiple_of(2) { step * 4 / 3 } else { step * 2 / 3 };
        join.predicted(EVENTS, &id(&number.to_string()), Timestamp(now), number);
        // Delays of a second to nearly the whole window, most of them short; one label in fifty never comes.
        let draw = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        if !draw.is_multiple_of(50) {
            let delay = 1_000.0 * 3_500_f64.powf((draw % 1_000) as f64 / 1_000.0);
            labels.entry(now + delay as i64).or_default().push(number);
        }
        let later = labels.split_off(&(now + 1));
        for (time, of) in std::mem::replace(&mut labels, later) {
            for number in of {
                told += 1;
                join.labelled(LABELS, &Label { time: Timestamp(time), ..label(&number.to_string(), 0, 0) });
            }
        }
        assert!(join.bytes() <= config.memory_bytes);
    }
    let matched = join.counts().joined as f64 / f64::from(told);
    assert!(matched >= 0.95, "{matched} of {told} labels; {:?}", join.counts());
}

#[test]
fn more_is_kept_again_where_there_has_been_room_for_a_window() {
    let config = JoinConfig { memory_bytes: 1_000 * ENTRY_BYTES, ..CONFIG };
    let mut join = Join::new(&config, 1);
    for number in 0..2_000_i64 {
        join.predicted(EVENTS, &id(&number.to_string()), Timestamp(number), 0);
    }
    let short = join.share();
    assert!(short < 0.6);
    for minutes in (60..2_000).step_by(10) {
        pass(&mut join, minutes);
    }
    assert!(join.share() > 0.99, "{short} to {}", join.share());
}

/// What a record of the property below is.
#[derive(Clone, Copy, Debug)]
enum Step {
    Event { name: u8, partition: i32, seconds: i64 },
    Label { name: u8, partition: i32, seconds: i64 },
}

impl Step {
    fn seconds(self) -> i64 {
        match self {
            Self::Event { seconds, .. } | Self::Label { seconds, .. } => seconds,
        }
    }

    fn partition(self) -> (bool, i32) {
        match self {
            Self::Event { partition, .. } => (true, partition),
            Self::Label { partition, .. } => (false, partition),
        }
    }
}

/// Records in the order of time, with ids in a partition of their own on each side.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (any::<bool>(), 0_u8..24, 0_i64..12_000).prop_map(|(event, name, seconds)| {
        let partition = i32::from(name) % 3;
        if event {
            Step::Event { name, partition, seconds }
        } else {
            Step::Label { name, partition, seconds }
        }
    });
    proptest::collection::vec(step, 0..120).prop_map(|mut steps| {
        steps.sort_by_key(|step| step.seconds());
        steps
    })
}

/// The definition, with all records at hand: the first event of an id within reach of an earlier one repeats it; each label
/// is of the event that it is within reach of, and the first one in time meets it.
fn oracle(steps: &[Step]) -> (BTreeMap<u64, i64>, u64) {
    let (window, skew) = (CONFIG.window_ms / 1_000, CONFIG.lateness.skew_ms / 1_000);
    let mut met = BTreeMap::new();
    let mut labels_met = 0;
    for (place, event) in steps.iter().enumerate() {
        let Step::Event { name, seconds: at, .. } = event else { continue };
        let first = steps.iter().find_map(|label| match label {
            Step::Label { name: of, seconds, .. }
                if of == name && (-skew..=window).contains(&(seconds - at)) =>
            {
                Some(*seconds)
            }
            Step::Label { .. } | Step::Event { .. } => None,
        });
        if let Some(seconds) = first {
            met.insert(place as u64, seconds - at);
            labels_met += 1;
        }
    }
    (met, labels_met)
}

/// Feeds them so that no partition is out of order, and none behind another by more than is allowed.
fn feed(steps: &[Step], order: &[u32], saved_every: usize) -> (BTreeMap<u64, i64>, JoinCounts) {
    let mut lanes: BTreeMap<(bool, i32), Vec<(usize, Step)>> = BTreeMap::new();
    for (place, step) in steps.iter().enumerate() {
        lanes.entry(step.partition()).or_default().push((place, *step));
    }
    for lane in lanes.values_mut() {
        lane.reverse();
    }
    let (mut join, mut met) = (join(), BTreeMap::new());
    for turn in 0.. {
        let Some(oldest) =
            lanes.values().filter_map(|lane| lane.last()).map(|(_, step)| step.seconds()).min()
        else {
            break;
        };
        let near = |lane: &&mut Vec<(usize, Step)>| {
            lane.last().is_some_and(|(_, step)| step.seconds() <= oldest + CONFIG.lateness.allowed_ms / 1_000)
        };
        let mut ready: Vec<_> = lanes.values_mut().filter(near).collect();
        let choice = order[turn % order.len()] as usize % ready.len();
        let (place, step) = ready[choice].pop().expect("it is not empty");
        let time = Timestamp(step.seconds() * 1_000);
        let matched = match step {
            Step::Event { name, partition, .. } => {
                let name = id(&name.to_string());
                if join.knows(&name) {
                    join.refuse_repeated(Origin::Events(partition), time)
                } else {
                    join.predicted(Origin::Events(partition), &name, time, place as u64)
                }
            }
            Step::Label { name, partition, .. } => {
                let label = Label { time, ..label(&name.to_string(), 0, 0) };
                join.labelled(Origin::Labels(partition), &label)
            }
        };
        met.extend(matched.iter().filter_map(|one| Some((one.place, one.delay_ms? / 1_000))));
        if turn % saved_every == 0 {
            // As after a crash: what was saved is what there is.
            let bytes = postcard::to_stdvec(&join).expect("it can be saved");
            join = postcard::from_bytes(&bytes).expect("it can be restored");
        }
    }
    let counts = join.counts();
    let events = steps.iter().filter(|step| step.partition().0).count();
    let labels = steps.len() - events;
    let ended = counts.joined + counts.expired + counts.repeated + counts.unsampled_events;
    assert_eq!(ended + join.pending() as u64, events as u64, "{counts:?}");
    let ended = counts.joined + counts.duplicate + counts.late + counts.orphan + counts.unsampled_labels;
    assert_eq!(ended + join.early() as u64, labels as u64, "{counts:?}");
    (met, counts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// However partitions interleave and wherever it is saved and taken up again, the same events meet the same labels,
    /// and every record has one end.
    #[test]
    fn what_meets_does_not_depend_on_the_order_of_partitions(
        steps in steps(),
        orders in proptest::collection::vec(proptest::collection::vec(any::<u32>(), 1..50), 2),
        saved_every in 1_usize..20,
    ) {
        // One event of each name: which of two is meant is up to whoever names them.
        let mut seen = std::collections::BTreeSet::new();
        let steps: Vec<Step> = steps
            .into_iter()
            .filter(|step| match step {
                Step::Event { name, .. } => seen.insert(*name),
                Step::Label { .. } => true,
            })
            .collect();
        let (expected, labels_met) = oracle(&steps);
        for order in &orders {
            let (met, counts) = feed(&steps, order, saved_every);
            prop_assert_eq!(&met, &expected);
            prop_assert_eq!(counts.joined, labels_met);
        }
    }

    /// With ids that are used again, every record still has one end.
    #[test]
    fn every_record_has_one_end(steps in steps(), order in proptest::collection::vec(any::<u32>(), 1..50)) {
        feed(&steps, &order, 7);
    }
}
