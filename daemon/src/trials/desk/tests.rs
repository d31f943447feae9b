//! Every trial ends exactly once, whatever workers say or do not say; who has least to do is asked.

use proptest::prelude::*;

use super::super::letters::tests::{letter, trial};
use super::super::protocol::TrialResult;
use super::*;

const PATIENCE: Patience = Patience { reissue: Duration::from_secs(10), give_up: Duration::from_secs(25) };

fn desk(partitions: i32) -> Desk {
    let mut desk = Desk::new(PATIENCE, 1 << 20);
    desk.spread_over(partitions);
    desk
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ask(desk: &mut Desk, number: u64, now: u64) -> i32 {
    match desk.ask(number.to_string(), letter(trial(number, number)), at(now)) {
        Act::Issue { partition, .. } => partition,
        Act::Reply(reply) => panic!("{reply:?}"),
    }
}

fn speaker(worker: &str, owns: &[i32], question: &str) -> Speaker {
    Speaker { worker: worker.into(), owns: owns.into(), question: question.into() }
}

fn done() -> News {
    let losses = vec![0.25; 4];
    let result = TrialResult {
        number: 0,
        losses,
        rejected: false,
        children: vec![],
        compute_seconds: vec![],
        bytes: 8,
        robust_loss: None,
        strengths: None,
    };
    News::Answer(TrialReply::Done(Box::new(result)))
}

fn replies(acts: &[Act]) -> Vec<u64> {
    let number = |act: &Act| match act {
        Act::Reply(reply) => Some(reply.number()),
        Act::Issue { .. } => None,
    };
    acts.iter().filter_map(number).collect()
}

fn reason(acts: &[Act]) -> &str {
    match acts {
        [Act::Reply(TrialReply::Failed { reason, .. })] => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nobody_known_means_that_partitions_take_turns() {
    let mut desk = desk(4);
    let asked: Vec<i32> = (0..8).map(|number| ask(&mut desk, number, 0)).collect();
    assert_eq!(asked, [0, 1, 2, 3, 0, 1, 2, 3]);
}

#[test]
fn whoever_has_least_to_do_is_asked_whichever_partitions_are_theirs() {
    let mut desk = desk(8);
    desk.hear(speaker("a", &[0, 1, 2, 3, 4, 5], ""), News::Here, at(0));
    desk.hear(speaker("b", &[6, 7], ""), News::Here, at(0));
    let of_b = (0..10).filter(|number| ask(&mut desk, *number, 0) >= 6).count();
    assert_eq!(of_b, 5);
    assert_eq!(desk.traffic().workers, 2);
    // One has died, and the group has given its partitions to the other.
    desk.hear(speaker("b", &[0, 1, 2, 3, 4, 5, 6, 7], ""), News::Here, at(0));
    assert_eq!(desk.traffic().workers, 1);
}

#[test]
fn an_answer_counts_once_and_is_known_from_then_on() {
    let mut desk = desk(2);
    ask(&mut desk, 7, 0);
    assert!(desk.recall("7", 8).expect("it is asked").is_empty());
    assert_eq!(desk.traffic().outstanding, 2);
    assert_eq!(replies(&desk.hear(speaker("a", &[0], "7"), done(), at(1))), [7, 8]);
    assert!(desk.hear(speaker("b", &[1], "7"), done(), at(1)).is_empty());
    assert_eq!(replies(&desk.recall("7", 9).expect("it is known")), [9]);
    let Traffic { answered, duplicates, cached, issued, outstanding, .. } = desk.traffic();
    assert_eq!((answered, duplicates, cached, issued, outstanding), (1, 1, 1, 1, 0));
}

#[test]
fn what_failed_is_not_remembered() {
    let mut desk = desk(1);
    ask(&mut desk, 1, 0);
    let failed = News::Answer(TrialReply::failed(0, "out of memory".into()));
    assert_eq!(reason(&desk.hear(speaker("a", &[0], "1"), failed, at(1))), "out of memory");
    assert!(desk.recall("1", 2).is_none(), "it may go better next time");
}

#[test]
fn a_straggler_is_asked_again_elsewhere_and_one_that_is_only_far_behind_is_not() {
    let mut desk = desk(2);
    desk.hear(speaker("a", &[0], ""), News::Here, at(0));
    desk.hear(speaker("b", &[1], ""), News::Here, at(0));
    for number in 0..4 {
        ask(&mut desk, number, 0);
    }
    // Of the one worker much is heard, of the other nothing.
    assert!(desk.look(at(9)).is_empty());
    desk.hear(speaker("a", &[0], "0"), done(), at(9));
    let again = desk.look(at(12));
    let to: Vec<i32> = again
        .iter()
        .map(|act| if let Act::Issue { partition, .. } = act { *partition } else { -1 })
        .collect();
    assert_eq!(to, [0, 0], "those of the silent one, to the other");
    assert_eq!(desk.traffic().reissued, 2);
}

#[test]
fn where_nobody_is_a_trial_fails_in_time_and_says_why() {
    let mut desk = desk(3);
    ask(&mut desk, 5, 100);
    assert!(replies(&desk.look(at(124))).is_empty());
    let over = desk.look(at(125));
    assert!(reason(&over).contains("trials.give_up_seconds"), "{over:?}");
    assert!(desk.is_idle() && desk.traffic().given_up == 1);
    assert!(desk.hear(speaker("late", &[0], "5"), done(), at(200)).is_empty());
    assert!(desk.recall("5", 6).is_some(), "what comes late is known all the same");
}

#[test]
fn whom_all_refuse_is_told_why() {
    let mut desk = desk(2);
    ask(&mut desk, 1, 0);
    let refuse =
        |desk: &mut Desk| desk.hear(speaker("old", &[0, 1], "1"), News::Refused("it is 0.0.9".into()), at(1));
    for _ in 1..ATTEMPTS_MAX {
        assert!(matches!(&refuse(&mut desk)[..], [Act::Issue { .. }]));
    }
    assert!(reason(&refuse(&mut desk)).contains("it is 0.0.9"));
    assert!(desk.is_idle());
}

/// What may come next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Ask(u64),
    Answer(u64),
    Fail(u64),
    Refuse(u64),
    Here,
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..6_u64).prop_map(Step::Ask),
        (0..6_u64).prop_map(Step::Answer),
        (0..6_u64).prop_map(Step::Fail),
        (0..6_u64).prop_map(Step::Refuse),
        Just(Step::Here),
        (0..20_u64).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..80)
}

proptest! {
    #[test]
    fn every_trial_ends_exactly_once(steps in steps()) {
        let mut desk = desk(3);
        let (mut now, mut number, mut open) = (0, 0, BTreeSet::new());
        let end = |open: &mut BTreeSet<u64>, acts: &[Act]| -> Result<(), TestCaseError> {
            for number in replies(acts) {
                prop_assert!(open.remove(&number), "{} was not open", number);
            }
            Ok(())
        };
        for step in steps {
            let from = |question: u64| speaker("a", &[0, 1, 2], &question.to_string());
            let acts = match step {
                Step::Ask(question) => {
                    number += 1;
                    open.insert(number);
                    let question = question.to_string();
                    desk.recall(&question, number)
                        .unwrap_or_else(|| vec![desk.ask(question, letter(trial(number, 1)), at(now))])
                }
                Step::Answer(question) => desk.hear(from(question), done(), at(now)),
                Step::Fail(question) => {
                    desk.hear(from(question), News::Answer(TrialReply::failed(0, String::new())), at(now))
                }
                Step::Refuse(question) => desk.hear(from(question), News::Refused(String::new()), at(now)),
                Step::Here => desk.hear(speaker("b", &[1], ""), News::Here, at(now)),
                Step::Pass(seconds) => {
                    now += seconds;
                    desk.look(at(now))
                }
            };
            end(&mut open, &acts)?;
            prop_assert_eq!(desk.traffic().outstanding, open.len() as u64);
        }
        for _ in 0..=ATTEMPTS_MAX {
            now += 30;
            let acts = desk.look(at(now));
            end(&mut open, &acts)?;
        }
        prop_assert!(open.is_empty() && desk.is_idle());
    }
}
