//! A fleet converges, whatever of what it was told it has missed; who is told, and when; and what gets out.

use std::time::Duration;

use adapters::fleet::{Artifact, Dispatch, Occasion};
use model::{Generation, Timestamp};
use proptest::prelude::*;

use super::{Facts, Following, Heard, Leader, Publication};

mod followers;

const EVERY: Duration = Duration::from_secs(10);

fn facts(generation: u64) -> Facts {
    Facts { generation: Generation(generation), promotions: 0, reliefs: 0, rollbacks: 0, watching: false }
}

fn artifact(epoch: u64, generation: u64) -> Artifact {
    let (name, sha256) = (format!("e{epoch}-g{generation}"), "0".repeat(64));
    Artifact { name, sha256, generation: Generation(generation) }
}

fn told(leader: &mut Leader, facts: Facts, seconds: i64) -> Option<Dispatch> {
    let time = Timestamp(seconds * 1_000);
    let occasion = leader.occasion(&facts, time)?;
    let served = Publication::there(artifact(leader.epoch(), facts.generation.0));
    Some(leader.tell(occasion, facts, time, served).dispatch)
}

#[test]
fn refreshes_wait_and_everything_else_does_not() {
    let mut leader = Leader::new("fraud", 1, EVERY, 1.0, None);
    let mut occasions = Vec::new();
    let steps = [
        (facts(5), 0),
        (facts(5), 100),
        (facts(6), 105),
        (facts(7), 109),
        (facts(8), 115),
        (Facts { promotions: 1, watching: true, ..facts(9) }, 116),
        (Facts { promotions: 1, rollbacks: 1, ..facts(8) }, 117),
        (Facts { promotions: 1, rollbacks: 1, reliefs: 1, ..facts(10) }, 118),
    ];
    for (facts, seconds) in steps {
        if let Some(dispatch) = told(&mut leader, facts, seconds) {
            assert!(dispatch.canary.is_none(), "everybody is told at once");
            occasions.push((dispatch.occasion, dispatch.everyone.generation.0));
        }
    }
    let expected = [
        (Occasion::Start, 5),
        (Occasion::Refresh, 6),
        (Occasion::Refresh, 8),
        (Occasion::Promotion, 9),
        (Occasion::Rollback, 8),
        (Occasion::Relief, 10),
    ];
    // Generation 7 came less than ten seconds after 6 was told.
    assert_eq!(occasions, expected);
}

#[test]
fn a_promotion_goes_to_a_share_until_its_watch_ends() {
    let mut leader = Leader::new("fraud", 1, EVERY, 0.25, None);
    told(&mut leader, facts(5), 0).expect("the start is told");
    let watched = |generation| Facts { promotions: 1, watching: true, ..facts(generation) };
    let first = told(&mut leader, watched(6), 1).expect("a promotion is told");
    let newer = told(&mut leader, watched(7), 20).expect("so are newer weights");
    for (dispatch, generation) in [(&first, 6), (&newer, 7)] {
        assert_eq!(dispatch.everyone, artifact(1, 5), "the others keep what they have");
        let canary = dispatch.canary.as_ref().expect("a share has it");
        assert_eq!((canary.artifact.generation.0, canary.since.0), (generation, 6));
    }
    let mut again = Leader::new("fraud", 2, EVERY, 0.25, Some(newer));
    let resumed = told(&mut again, watched(7), 21).expect("the start is told");
    assert_eq!(resumed.everyone, artifact(1, 5), "who died in the middle of a watch goes on with it");
    assert_eq!(resumed.canary.expect("a share has it").since.0, 6);
    let kept = told(&mut leader, Facts { promotions: 1, ..facts(7) }, 21).expect("it is told");
    assert_eq!((kept.occasion, kept.everyone, kept.canary), (Occasion::Kept, artifact(1, 7), None));
}

#[test]
fn a_takeover_after_a_hand_back_goes_to_a_share_first() {
    let mut leader = Leader::new("fraud", 1, EVERY, 0.25, None);
    told(&mut leader, facts(5), 0).expect("the start is told");
    let aside = |rollbacks, promotions| Facts { promotions, rollbacks, ..facts(5) };
    let at = |seconds: i64| Timestamp(seconds * 1_000);
    assert_eq!(leader.stand_aside(aside(1, 1), at(1)), None, "everybody serves what there was before");
    let took_over = |generation| Facts { promotions: 2, watching: true, ..aside(1, 0) }.serving(generation);
    let taken = told(&mut leader, took_over(8), 2).expect("a takeover is told");
    assert_eq!((taken.occasion, taken.everyone.generation.0), (Occasion::Promotion, 5));
    assert_eq!(taken.canary.clone().expect("a share has it").since.0, 8);

    let back = leader.stand_aside(aside(2, 2), at(3)).expect("the share is told to go back").dispatch;
    assert_eq!((back.occasion, &back.everyone, &back.canary), (Occasion::Rollback, &artifact(1, 5), &None));
    assert!(back.rollbacks > taken.rollbacks, "otherwise nobody goes back");
    assert_eq!(leader.stand_aside(aside(2, 2), at(4)), None, "once");
    let again = told(&mut leader, Facts { promotions: 3, rollbacks: 2, ..took_over(9) }, 5);
    let again = again.expect("the next takeover is told");
    assert_eq!((again.occasion, again.everyone.generation.0), (Occasion::Promotion, 5));
    assert_eq!(again.canary.clone().expect("a share has it").since.0, 9);

    let mut next = Leader::new("fraud", 2, EVERY, 0.25, Some(again));
    let back = next.stand_aside(aside(3, 3), at(6)).expect("handed back before it was told").dispatch;
    assert_eq!((back.everyone, back.canary), (artifact(1, 5), None));
    let after = Facts { promotions: 4, rollbacks: 3, ..took_over(10) };
    assert_eq!(told(&mut next, after, 7).map(|told| told.occasion), Some(Occasion::Promotion));
}

impl Facts {
    fn serving(self, generation: u64) -> Self {
        Self { generation: Generation(generation), ..self }
    }
}

/// What a leader may come to.
#[derive(Clone, Copy, Debug)]
enum Step {
    Refresh,
    Promote,
    Relieve,
    RollBack,
    HandBack,
    EndWatch,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    use Step::{EndWatch, HandBack, Promote, Refresh, Relieve, Restart, RollBack};
    let steps = vec![Refresh, Refresh, Promote, Promote, Relieve, RollBack, HandBack, EndWatch, Restart];
    let step = prop::sample::select(steps);
    prop::collection::vec(step, 1..40)
}

/// All that a leader tells which comes to these steps, one every twenty seconds.
fn story(steps: &[Step], share: f64) -> Vec<Dispatch> {
    let mut leader = Leader::new("fraud", 1, EVERY, share, None);
    let (mut now, mut displaced, mut newest) = (facts(1), None, 1);
    let mut story = Vec::new();
    let mut aside = false;
    for (at, step) in steps.iter().enumerate() {
        let before = now.generation;
        let mut next = || {
            newest += 1;
            Generation(newest)
        };
        match step {
            Step::Refresh => now.generation = next(),
            Step::Promote => {
                aside = false;
                displaced = Some(before);
                now = Facts { generation: next(), promotions: now.promotions + 1, watching: true, ..now };
            }
            Step::Relieve => {
                displaced = None;
                now = Facts { generation: next(), reliefs: now.reliefs + 1, watching: false, ..now };
            }
            Step::RollBack => {
                if let Some(displaced) = displaced.take() {
                    now =
                        Facts { generation: displaced, rollbacks: now.rollbacks + 1, watching: false, ..now };
                }
            }
            Step::HandBack => {
                if let Some(displaced) = displaced.take() {
                    // Somebody else's serves until the next promotion.
                    aside = true;
                    now = Facts { rollbacks: now.rollbacks + 1, watching: false, ..now }.serving(displaced.0);
                }
            }
            Step::EndWatch => {
                displaced = None;
                now.watching = false;
            }
            Step::Restart => {
                // What was not durable is lost, and numbers are given again.
                newest = newest.saturating_sub(1).max(now.generation.0);
                leader = Leader::new("fraud", leader.epoch() + 1, EVERY, share, story.last().cloned());
            }
        }
        let seconds = 20 * i64::try_from(at).expect("few steps");
        if aside {
            let mail = leader.stand_aside(now, Timestamp(seconds * 1_000));
            story.extend(mail.map(|mail| mail.dispatch));
        } else {
            story.extend(told(&mut leader, now, seconds));
        }
    }
    story
}

/// What a follower serves that hears these.
fn served<'a>(id: &str, heard: impl Iterator<Item = &'a Dispatch>) -> Result<Option<Artifact>, String> {
    let mut following = Following::new(id);
    let mut serving = None;
    for dispatch in heard {
        match following.hear(dispatch) {
            Heard::Serve { artifact, .. } => serving = Some(artifact),
            Heard::Same { .. } => {}
            Heard::Refused(why) => return Err(why),
        }
    }
    Ok(serving)
}

proptest! {
    #[test]
    fn the_newest_dispatch_is_enough(steps in steps(), share in prop::sample::select(vec![0.0, 0.3, 0.7, 1.0]), heard: prop::sample::Index, mask: u64) {
        let story = story(&steps, share);
        let told = &story[..=heard.index(story.len())];
        let newest = told.last().expect("the start is told");
        for id in ["a", "b", "c"] {
            let late = served(id, std::iter::once(newest));
            let all = served(id, told.iter());
            // Compaction takes any of the earlier ones.
            let some = told.iter().enumerate().filter(|(at, _)| at + 1 == told.len() || mask >> (at % 64) & 1 == 1);
            let some = served(id, some.map(|(_, dispatch)| dispatch));
            prop_assert_eq!(&all, &late);
            prop_assert_eq!(&some, &late);
            prop_assert!(late.is_ok());
            if newest.canary.is_none() {
                prop_assert_eq!(late, Ok(Some(newest.everyone.clone())), "all serve what all are told to");
            }
        }
    }

    #[test]
    fn what_comes_late_from_before_changes_nothing(steps in steps(), old: prop::sample::Index) {
        let story = story(&steps, 1.0);
        let mut following = Following::new("a");
        for dispatch in &story {
            following.hear(dispatch);
        }
        let newest = story.last().expect("the start is told");
        let old = &story[old.index(story.len())];
        match following.hear(old) {
            Heard::Serve { artifact, .. } => prop_assert!(false, "{artifact:?} after {newest:?}"),
            Heard::Same { .. } => prop_assert_eq!(&old.everyone, &newest.everyone),
            Heard::Refused(why) => prop_assert!(why.contains("came before"), "{}", why),
        }
    }
}

#[test]
fn a_number_that_is_given_again_after_a_restart_is_followed() {
    use Step::{HandBack, Promote, Restart};
    let story = story(&[Promote, HandBack, Restart, Promote, Promote], 0.0);
    let everyone: Vec<&str> = story.iter().map(|dispatch| dispatch.everyone.name.as_str()).collect();
    assert_eq!(everyone, ["e1-g2", "e1-g2", "e2-g2"]);
    assert_eq!(served("a", story.iter()), Ok(Some(artifact(2, 2))));
}

#[test]
fn the_first_are_drawn_anew_for_each_promotion_and_as_many_as_asked_for() {
    let canary =
        |since| adapters::fleet::Canary { artifact: artifact(1, 9), share: 0.25, since: Generation(since) };
    let among = |since| {
        let drawn = (0..1_000).map(|id| Following::new(&format!("host-{id}")).is_among(&canary(since)));
        drawn.collect::<Vec<bool>>()
    };
    let (one, another) = (among(6), among(7));
    for drawn in [&one, &another] {
        let count = drawn.iter().filter(|drawn| **drawn).count();
        assert!(count.abs_diff(250) < 50, "{count} of 1,000");
    }
    assert_ne!(one, another);
}
