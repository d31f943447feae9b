//! What kafka lanes promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::collections::VecDeque;

use model::Timestamp;
use proptest::prelude::*;

use super::super::record::TopicRole;
use super::*;

const LIMIT: Duration = Duration::from_secs(2);

fn record(role: TopicRole, partition: i32, offset: i64, time: i64) -> Polled {
    Polled {
        role,
        topic: format!("{role:?}").into(),
        partition,
        offset,
        timestamp: Timestamp(time),
        key: None,
        payload: Vec::new(),
        headers: Vec::new(),
    }
}

fn waiting(record: Polled) -> Lane {
    let mut lane = Lane::default();
    lane.arrive(record);
    lane
}

#[test]
fn the_oldest_is_taken_and_events_come_before_labels() {
    let now = Instant::now();
    let mut lanes = [
        waiting(record(TopicRole::Labels, 0, 0, 5)),
        waiting(record(TopicRole::Events, 1, 9, 5)),
        waiting(record(TopicRole::Events, 0, 9, 5)),
        waiting(record(TopicRole::Metrics, 0, 0, 6)),
    ];
    assert_eq!(turn(&mut lanes, now, LIMIT), Turn::Take(2));
}

#[test]
fn an_awaited_lane_holds_the_others_for_a_while() {
    let now = Instant::now();
    let mut lanes = [waiting(record(TopicRole::Labels, 0, 0, 5)), Lane::default()];
    assert_eq!(turn(&mut lanes, now, LIMIT), Turn::Hold(LIMIT));
    assert_eq!(turn(&mut lanes, now + LIMIT / 2, LIMIT), Turn::Hold(LIMIT / 2));
    assert_eq!(turn(&mut lanes, now + LIMIT, LIMIT), Turn::Take(0));
}

#[test]
fn a_lane_at_its_end_holds_nobody() {
    let mut lanes = [waiting(record(TopicRole::Labels, 0, 0, 5)), Lane::default()];
    lanes[1].end();
    assert_eq!(turn(&mut lanes, Instant::now(), LIMIT), Turn::Take(0));
    assert_eq!(turn(&mut lanes[1..], Instant::now(), LIMIT), Turn::Idle);
}

proptest! {
    /// Whenever each partition is in the order of time, so is what comes out, whichever lane is slow for a while.
    #[test]
    fn what_comes_out_is_ordered(
        mut times in proptest::collection::vec(proptest::collection::vec(0_i64..50, 0..20), 1..5),
        slow in proptest::collection::vec(any::<bool>(), 1..200),
    ) {
        let now = Instant::now();
        let mut total = 0;
        let mut feeds: Vec<VecDeque<_>> = (0..).zip(&mut times).map(|(partition, times)| {
            times.sort_unstable();
            total += times.len();
            (0..).zip(&*times).map(|(offset, time)| {
                record(TopicRole::Events, partition, offset, *time)
            }).collect()
        }).collect();
        let mut lanes: Vec<_> = feeds.iter().map(|_| Lane::default()).collect();
        let mut arrives = slow.iter().cycle();
        let mut out = Vec::new();
        for round in 0..4 * total + 20 {
            let flowing = round >= 2 * total;
            for (lane, feed) in lanes.iter_mut().zip(&mut feeds) {
                if lane.head.is_none() && (*arrives.next().unwrap() || flowing) {
                    match feed.pop_front() {
                        Some(record) => lane.arrive(record),
                        None => lane.end(),
                    }
                }
            }
            if let Turn::Take(index) = turn(&mut lanes, now, LIMIT) {
                out.push(lanes[index].head.take().unwrap().timestamp);
            }
        }
        prop_assert_eq!(out.len(), total);
        prop_assert!(out.is_sorted());
    }
}
