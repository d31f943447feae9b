//! Labels that come as ever, and labels that do not.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use super::*;

const WINDOW: usize = 500;

/// Events every 10 ms; how long the label of each takes, if it comes.
struct Stream {
    feed: LabelFeed,
    rng: Pcg64,
    time: i64,
    coming: BinaryHeap<Reverse<(i64, i64)>>,
}

impl Stream {
    fn new(seed: u64) -> Self {
        let feed = LabelFeed::new(1e5, WINDOW);
        Self { feed, rng: Pcg64::seed_from_u64(seed), time: 0, coming: BinaryHeap::new() }
    }

    /// So many events, until there is an alarm: how many came before it.
    fn run(&mut self, events: usize, delay: impl Fn(&mut Pcg64) -> Option<i64>) -> Option<usize> {
        for at in 0..events {
            self.time += 10;
            while self.coming.peek().is_some_and(|Reverse((due, _))| *due <= self.time) {
                if let Some(Reverse((due, of))) = self.coming.pop() {
                    self.feed.labelled(Timestamp(of), due - of);
                }
            }
            if let Some(delay) = delay(&mut self.rng) {
                self.coming.push(Reverse((self.time + delay, self.time)));
            }
            if self.feed.awaited(Timestamp(self.time)).is_some() {
                return Some(at);
            }
        }
        None
    }

    fn trouble(&self) -> Option<FeedTrouble> {
        self.feed.trouble().map(|report| report.trouble)
    }
}

/// Ten seconds on average, and one in ten never comes.
fn usual(rng: &mut Pcg64) -> Option<i64> {
    rng.random_bool(0.9).then(|| (-10_000.0 * (1.0 - rng.random::<f64>()).ln()) as i64)
}

#[test]
fn a_feed_that_is_as_ever_is_no_trouble() {
    for seed in 0..5 {
        let mut stream = Stream::new(seed);
        assert_eq!(stream.run(100_000, usual), None, "seed {seed}");
        let patience = stream.feed.patience_ms().unwrap_or_default();
        assert!((60_000..90_000).contains(&patience), "{patience}");
    }
}

/// A job that writes each label three seconds later, give or take how busy it is that minute.
#[test]
fn milliseconds_are_no_trouble_where_a_label_always_takes_as_long() {
    let mut stream = Stream::new(5);
    for minute in 0..50 {
        let busy = minute % 7;
        let found = stream.run(2_000, |rng| Some(3_000 + 4 * busy + rng.random_range(0..3)));
        assert_eq!(found, None, "minute {minute}");
    }
    assert!(stream.run(10_000, |rng| Some(4_000 + rng.random_range(0..3))).is_some(), "a second is one");
    assert_eq!(stream.trouble(), Some(FeedTrouble::Delayed));
}

#[test]
fn what_changes_is_found_and_named() {
    type Delay = fn(&mut Pcg64) -> Option<i64>;
    let cases: [(&str, Delay, FeedTrouble); 4] = [
        ("stops", |_| None, FeedTrouble::Stopped),
        ("halves", |rng| usual(rng).filter(|_| rng.random_bool(0.5)), FeedTrouble::Thinned),
        ("takes twice as long", |rng| usual(rng).map(|delay| 2 * delay), FeedTrouble::Delayed),
        ("comes in no order", |rng| Some(rng.random_range(0..60_000)), FeedTrouble::Delayed),
    ];
    for (what, delay, expected) in cases {
        let mut stream = Stream::new(1);
        assert_eq!(stream.run(30_000, usual), None, "{what}");
        let found = stream.run(30_000, delay);
        assert!(found.is_some_and(|found| found < 12_000), "{what}: {found:?}");
        assert_eq!(stream.trouble(), Some(expected), "{what}: {:?}", stream.feed.trouble());
    }
}

#[test]
fn trouble_ends_where_labels_come_as_before() {
    let mut stream = Stream::new(2);
    assert_eq!(stream.run(30_000, usual), None);
    assert!(stream.run(30_000, |_| None).is_some());
    assert_eq!(stream.run(30_000, usual), None);
    assert_eq!(stream.trouble(), None, "it is over");
}

#[test]
fn another_way_to_come_becomes_the_normal_one_but_none_does_not() {
    let mut stream = Stream::new(3);
    assert_eq!(stream.run(30_000, usual), None);
    let slower = |rng: &mut Pcg64| usual(rng).map(|delay| 20 * delay);
    assert!(stream.run(30_000, slower).is_some());
    assert_eq!(stream.run(500_000, slower), None);
    assert_eq!(stream.trouble(), None, "it is normal by now");
    assert!(stream.feed.patience_ms().is_some_and(|patience| patience > 1_000_000));

    assert!(stream.run(400_000, |_| None).is_some());
    stream.run(400_000, |_| None);
    assert_eq!(stream.trouble(), Some(FeedTrouble::Stopped), "that never is");
}

#[test]
fn memory_is_bounded() {
    let mut stream = Stream::new(4);
    stream.run(20_000, usual);
    assert!(stream.feed.spans.len() <= SPANS as usize + 2, "{}", stream.feed.spans.len());
}
