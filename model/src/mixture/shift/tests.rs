//! What the correction promises: it follows shares that moved, and costs little where nothing is won.

#![allow(clippy::unwrap_used, reason = "tests may")]

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;
use crate::cost::Shape;
use crate::mixture::{Mixer, MixingRule};

const SHAPE: Shape =
    Shape { inputs: 1, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
const DELAY: usize = 1_000;

/// Two members that know how a row differs between classes, and think both as frequent; of their numbers the second
/// class is as sure as the row says.
fn said(row: f32) -> [f32; 4] {
    let second = 1.0 / (1.0 + (-2.0 * row).exp());
    [1.0 - second, second, 1.0 - second, second]
}

/// Right answers of the last rows of a stream whose second class has these shares, one after the other, for
/// `stretch` rows each. Rows are one deviation around -1 or 1.
fn right(rule: MixingRule, shares: &[f32], stretch: usize) -> usize {
    let mut rng = Pcg64::seed_from_u64(7);
    let mut mixer = Mixer::new(rule, 2);
    let mut stored = Vec::new();
    let mut right = 0;
    for at in 0..shares.len() * stretch {
        let class = u8::from(rng.random::<f32>() < shares[at / stretch]);
        let noise: f32 = (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0;
        let said = said(f32::from(class) * 2.0 - 1.0 + noise);
        let mixed = mixer.mix(&said, SHAPE);
        mixer.hear(&mixed, SHAPE);
        let output = mixed.output(2);
        right += usize::from((output[1] > output[0]) == (class == 1));
        stored.push((said, mixed, f32::from(class)));
        if let Some((said, mixed, goal)) = at.checked_sub(DELAY).map(|of| &stored[of]) {
            mixer.observe(said, mixed, *goal, DELAY as u64, SHAPE);
        }
    }
    right
}

#[test]
fn shares_that_move_before_labels_tell_are_followed() {
    let shares = [0.1, 0.9].repeat(10);
    let plain = right(MixingRule::Adaptive, &shares, 1_000);
    let corrected = right(MixingRule::Corrected, &shares, 1_000);
    assert!(corrected > plain + 250, "{corrected} of 20000 against {plain}");
}

#[test]
fn where_nothing_moves_next_to_nothing_is_lost() {
    let plain = right(MixingRule::Adaptive, &[0.5], 20_000);
    let corrected = right(MixingRule::Corrected, &[0.5], 20_000);
    assert!(corrected + 20 > plain, "{corrected} of 20000 against {plain}");
}

#[test]
fn equal_shares_then_and_now_correct_nothing() {
    let mut shift = Shift::default();
    for _ in 0..OUTCOMES_MIN {
        shift.hear(&[0.7, 0.3]);
        shift.observe(&[0.7, 0.3], 0.0, 0.0);
    }
    let mut corrected = [0.0; 2];
    shift.correct(&[0.6, 0.4], &mut corrected);
    assert!((corrected[0] - 0.6).abs() < 1e-5, "{corrected:?}");
}

#[test]
fn belief_follows_errors_that_were_saved() {
    let mut shift = Shift::default();
    let before = shift.trust();
    assert!(before < 0.2, "it has to be earned: {before}");
    for _ in 0..30 {
        shift.observe(&[1.0, 0.0], 1.0, 0.0);
    }
    assert!(shift.trust() > 0.95);
    for _ in 0..60 {
        shift.observe(&[1.0, 0.0], 0.0, 1.0);
    }
    assert!(shift.trust() < 0.01);
}

#[test]
fn an_answer_that_is_none_leaves_no_trace() {
    let mut shift = Shift::default();
    for _ in 0..OUTCOMES_MIN {
        shift.hear(&[0.2, 0.8]);
        shift.observe(&[0.5, 0.5], 0.0, 0.0);
    }
    let before = shift.clone();
    shift.hear(&[f32::NAN, 0.0]);
    assert_eq!(shift, before);
    let mut corrected = [0.0; 2];
    shift.correct(&[f32::NAN, f32::NAN], &mut corrected);
    assert!(corrected[0].is_nan(), "no answer is made of none");
}

#[test]
fn a_class_that_came_later_is_as_frequent_as_it_is_said_to_be() {
    let mut shift = Shift::default();
    for _ in 0..OUTCOMES_MIN {
        shift.hear(&[0.2, 0.8]);
        shift.observe(&[0.8, 0.2], 0.0, 0.0);
    }
    let mut corrected = [0.0; 3];
    shift.correct(&[0.5, 0.4, 0.1], &mut corrected);
    assert!((corrected.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    assert!(corrected[0] < 0.5 && corrected[1] > 0.4 && corrected[2] > 0.05, "{corrected:?}");
}

#[test]
fn a_saved_mixer_goes_on_where_it_was() {
    let mut mixer = Mixer::new(MixingRule::Corrected, 2);
    for row in 0..300 {
        let said = said((row % 7) as f32 - 3.0);
        let mixed = mixer.mix(&said, SHAPE);
        mixer.hear(&mixed, SHAPE);
        mixer.observe(&said, &mixed, f32::from(u8::from(row % 3 == 0)), 0, SHAPE);
    }
    let text = serde_json::to_string(&mixer).unwrap();
    let restored: Mixer = serde_json::from_str(&text).unwrap();
    assert_eq!(restored, mixer);
    assert_eq!(restored.mix(&said(0.3), SHAPE), mixer.mix(&said(0.3), SHAPE));
}
