//! The laws of proposers, and that like streams are asked first.

use model::{Feature, FeatureKind, Objective, Row, Schema, Target, Truth};
use proptest::prelude::*;
use rand::SeedableRng;

use super::*;
use crate::search::laws::{grid, keeps_the_laws, spaces};
use crate::search::signature::{Lost, Sketch};

/// A stream on which everything is lost, or nothing.
fn signature(lost: f64) -> Signature {
    let feature = Feature { name: "a".into(), kind: FeatureKind::Numeric };
    let target = Target::Classification { classes: ["no", "yes"].map(String::from).to_vec() };
    let mut sketch =
        Sketch::new(&Schema::new(vec![feature], target, Objective::default()).expect("a valid schema"));
    for at in 0..50_u8 {
        let right = lost < 0.5;
        let lost =
            Lost { champion: lost, control: lost, reference: lost, majority_right: right, last_right: right };
        sketch.observe(&Row::new(vec![f32::from(at)]).expect("finite"), Truth::Class(0), lost);
    }
    sketch.signature(None)
}

fn tell(recall: &mut Recall, choices: [u16; 2], gain: f64) {
    let (genome, parent) = (Genome(choices.to_vec()), Genome(vec![0, 0]));
    recall.tell(&Score { genome, parent, gain, cost: 1.0, at: 0 });
}

proptest! {
    #[test]
    fn it_keeps_the_laws(space in spaces(), seed in any::<u64>(), count in 1_usize..9) {
        let (mut recall, mut rng) = (Recall::new(), Pcg64::seed_from_u64(seed));
        for lost in [0.0, 1.0, 0.0] {
            recall.begin(signature(lost));
            keeps_the_laws(&mut recall, &space, count, &mut rng);
        }
    }
}

#[test]
fn what_helped_on_a_stream_like_this_is_tried_first() {
    let (space, parent) = (grid(2, 9), Genome(vec![0, 0]));
    let mut recall = Recall::new();
    for (lost, choices) in [(0.0, [7, 7]), (1.0, [5, 5])] {
        recall.begin(signature(lost));
        tell(&mut recall, choices, 0.2);
        tell(&mut recall, [3, 3], -0.2);
    }
    recall.begin(signature(1.0));
    let question = Question::new(&space, &parent, 6);
    assert_eq!(
        recall.firsts(&question, RecallBy::Genome),
        [[5, 5], [7, 7]].map(|choices| Genome(choices.to_vec()))
    );
    let asked = recall.ask(&question, &mut Pcg64::seed_from_u64(1));
    assert_eq!(asked[..2], recall.firsts(&question, RecallBy::Genome)[..]);
}

#[test]
fn what_is_like_what_helped_counts_where_graphs_are_compared() {
    let (space, parent) = (grid(2, 9), Genome(vec![0, 0]));
    let mut recall = Recall::new();
    // On the first stream one helped most, on the second others like it, which did less each.
    for tried in [vec![([8, 8], 0.3), ([1, 1], 0.31)], vec![([8, 7], 0.2), ([7, 8], 0.2)]] {
        recall.begin(signature(0.0));
        for (choices, gain) in tried {
            tell(&mut recall, choices, gain);
        }
    }
    recall.begin(signature(0.0));
    let costs = |genome: &Genome| genome.0.iter().map(|choice| f64::from(*choice)).collect();
    let question = Question { costs: &costs, ..Question::new(&space, &parent, 1) };
    assert_eq!(recall.firsts(&question, RecallBy::Genome), [Genome(vec![1, 1])]);
    assert_eq!(recall.firsts(&question, RecallBy::Graph), [Genome(vec![8, 8])]);
    assert!(RecallBy::NAMES.iter().all(|name| RecallBy::named(name).is_some()));
    assert_eq!(RecallBy::named("luck"), None);
}

#[test]
fn a_saved_one_goes_on_exactly() {
    let (space, parent) = (grid(2, 9), Genome(vec![0, 0]));
    let mut recall = Recall::new();
    recall.begin(signature(0.0));
    tell(&mut recall, [7, 7], 0.2);
    recall.begin(signature(1.0));
    tell(&mut recall, [1, 7], 0.1);
    let bytes = postcard::to_stdvec(&recall).expect("it is plain data");
    let mut same: Recall = postcard::from_bytes(&bytes).expect("just written");
    assert_eq!(same, recall);
    let question = Question::new(&space, &parent, 6);
    let [mut a, mut b] = [1, 1].map(Pcg64::seed_from_u64);
    assert_eq!(same.ask(&question, &mut a), recall.ask(&question, &mut b));
}

#[test]
fn who_orders_the_scores_of_now_is_believed() {
    let truths = [0.1, 0.4, 0.2, 0.9, 0.6];
    let reversed: Vec<f64> = truths.iter().map(|truth| -truth).collect();
    let said = [truths.to_vec(), reversed];
    let mut rng = Pcg64::seed_from_u64(1);
    let weights = ranking_weights(&said, &truths, 200, &mut rng);
    assert!(weights[0] > 0.99 && (weights.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{weights:?}");
    assert_eq!(ranking_weights(&said, &truths[..2], 200, &mut rng), [0.5, 0.5], "too few to tell");
    assert!(ranking_weights(&[], &truths, 10, &mut rng).is_empty());
}
