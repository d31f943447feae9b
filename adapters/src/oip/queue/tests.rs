//! What the queue promises: bounds that hold, and units of work of what has come together.

#![allow(clippy::unwrap_used, reason = "tests may")]

use super::*;

fn queue(questions_max: usize, rows_max: usize) -> (Queue, IntGauge) {
    let depth = IntGauge::new("depth", "Rows.").unwrap();
    (Queue::new(QueueLimits { questions_max, rows_max }, depth.clone()), depth)
}

fn question(rows: usize) -> Question {
    let rows = vec![Row::new(vec![0.0]).unwrap(); rows];
    let (reply, _) = oneshot::channel();
    Question {
        rows,
        ids: vec![],
        version: None,
        told: vec![],
        asked: Instant::now(),
        until: Instant::now(),
        reply,
    }
}

fn sizes(taken: Option<Vec<Question>>) -> Vec<usize> {
    taken.unwrap().iter().map(|question| question.rows.len()).collect()
}

#[tokio::test]
async fn what_finds_no_room_comes_back_at_once() {
    let (few, depth) = queue(2, 10);
    assert!(few.ask(question(1)).is_ok() && few.ask(question(1)).is_ok());
    assert_eq!(few.ask(question(1)).unwrap_err().rows.len(), 1);
    assert_eq!(depth.get(), 2);
    let (small, depth) = queue(9, 10);
    assert!(small.ask(question(11)).is_err(), "more than ever fits");
    assert!(
        small.ask(question(8)).is_ok() && small.ask(question(3)).is_err() && small.ask(question(2)).is_ok()
    );
    assert_eq!(sizes(small.take(100).await), [8, 2]);
    assert_eq!(depth.get(), 0);
    assert!(small.ask(question(10)).is_ok(), "there is room again");
}

#[tokio::test]
async fn what_would_find_no_room_is_known_beforehand() {
    let (queue, _) = queue(3, 10);
    assert!(queue.has_room() && queue.ask(question(4)).is_ok() && queue.has_room());
    assert!(queue.ask(question(4)).is_ok() && !queue.has_room(), "another of four would not");
    assert!(queue.ask(question(1)).is_ok() && !queue.has_room(), "nor would a fourth, however small");
    queue.take(100).await;
    assert!(queue.has_room());
    queue.close();
    assert!(!queue.has_room());
}

#[tokio::test]
async fn a_unit_of_work_is_what_has_come_within_its_size() {
    let (queue, _) = queue(9, 200);
    for rows in [3, 4, 5, 90] {
        assert!(queue.ask(question(rows)).is_ok());
    }
    assert_eq!(sizes(queue.take(8).await), [3, 4]);
    assert_eq!(sizes(queue.take(8).await), [5]);
    assert_eq!(sizes(queue.take(8).await), [90], "one that is larger goes alone");
}

#[tokio::test]
async fn once_closed_it_gives_out_what_waits_and_then_nothing() {
    let (queue, _) = queue(9, 100);
    assert!(queue.ask(question(1)).is_ok());
    let taken = async |queue: Queue| queue.take(1).await.map(|taken| taken.len());
    let waiter = tokio::spawn({
        let queue = queue.clone();
        async move { [taken(queue.clone()).await, taken(queue).await] }
    });
    queue.close();
    assert_eq!(waiter.await.unwrap(), [Some(1), None]);
    assert!(queue.ask(question(1)).is_err());
    assert!(queue.take(1).await.is_none(), "and so does whoever comes later");
}
