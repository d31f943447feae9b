//! What a widened pool promises: arms say what they said, and go on learning.

#![allow(clippy::unwrap_used, reason = "tests may")]
#![allow(clippy::float_cmp, reason = "these values are exact")]

use crate::architecture::{Activation, Architecture, Block, Hyper};
use crate::cost::Shape;
use crate::device::Device;
use crate::encoder::Encoder;
use crate::mixture::{MixingRule, Mixture};
use crate::pool::{Arm, Pool, Said};
use crate::schema::{Addition, Feature, FeatureKind, Objective, Schema, Target};
use crate::widening::{NEW_CLASS_SHARE, Widening};

fn schema() -> Schema {
    let features = vec![Feature { name: "x".into(), kind: FeatureKind::Numeric }];
    let target = Target::Classification { classes: vec!["a".into(), "b".into()] };
    Schema::new(features, target, Objective::default()).unwrap()
}

/// A row of which no label is known.
fn encoded(x: f32, shape: Shape) -> Vec<f32> {
    let mut row = vec![0.0; shape.inputs];
    row[0] = x;
    row
}

#[test]
fn arms_of_a_widened_pool_say_what_they_said_and_learn_the_new_class() {
    for rule in MixingRule::ALL {
        let before = schema();
        let shape = Shape::with_labels(Encoder::new(&before).width(), before.target());
        let mut pool = Pool::new(shape, &[], &Device::cpu());
        let linear = Architecture::linear(Hyper { step_size: 0.05, ..Hyper::default() });
        let deep = Architecture { blocks: vec![Block::plain(8, Activation::Gelu)], ..linear.clone() };
        let mut arm = pool.start(&Mixture { members: vec![linear, deep], rule }, 7).unwrap();
        let follow = |pool: &mut Pool, arm: &mut Arm, rows: std::ops::Range<u16>, classes: u16| {
            for number in rows {
                let row = encoded(f32::from(number % 7) - 2.0, pool.shape());
                let goal = f32::from((number % 7 / 2).min(classes - 1));
                let said = pool.say(&row).unwrap();
                let mixed = arm.mix(&said, pool.shape());
                arm.observe(&said, &mixed, goal, 0, pool.shape());
                assert!(pool.learn(&row, goal).unwrap().is_empty());
            }
        };
        follow(&mut pool, &mut arm, 0..300, 2);
        let after = before.with(&Addition::Class("c".into())).unwrap();
        let widening = Widening::between(&before, &after).unwrap();
        let mut wider = pool.widened(&widening).unwrap();
        let mut wider_arm = arm.widened(&widening);
        let state = pool.arm_state(&arm).unwrap().widened(&widening).unwrap();
        assert_eq!(wider.arm_state(&wider_arm).unwrap(), state);
        // A stack is a product of what its members say, so its share is only about theirs.
        let share = NEW_CLASS_SHARE * if rule == MixingRule::Stacked { 5.0 } else { 2.0 };
        for x in [-2.0, 0.3, 2.0] {
            let said = arm.mix(&pool.say(&encoded(x, shape)).unwrap(), shape);
            let says = wider_arm.mix(&wider.say(&encoded(x, wider.shape())).unwrap(), wider.shape());
            let (said, says) = (said.output(2), says.output(3));
            assert!(says[2] > 0.0 && says[2] <= share, "{}: {says:?}", rule.name());
            assert!(said.iter().zip(says).all(|(said, says)| (said - says).abs() <= share));
        }
        assert_eq!(wider.learned(), pool.learned());
        follow(&mut wider, &mut wider_arm, 300..1_500, 3);
        let says = wider_arm.mix(&wider.say(&encoded(4.0, wider.shape())).unwrap(), wider.shape());
        assert!(says.output(3)[2] > 0.8, "{}: {says:?}", rule.name());
    }
}

#[test]
fn of_a_new_class_nobody_had_said_anything() {
    let said = Said { members: [4, 9].into(), outputs: [0.1, 0.9, 0.4, 0.6].into() };
    assert_eq!(said.widened(3).outputs[..], [0.1, 0.9, 0.0, 0.4, 0.6, 0.0]);
    assert_eq!(said.widened(2), said);
    let nobody = Said { members: [].into(), outputs: [].into() };
    assert_eq!(nobody.widened(3), nobody);
}
