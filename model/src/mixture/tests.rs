//! What mixtures and edits promise, held by examples.

#![allow(clippy::unwrap_used, reason = "tests may")]

use super::*;
use crate::architecture::{Activation, Block, Hyper, Norm};

const SHAPE: Shape =
    Shape { inputs: 3, outputs: 2, classification: true, context: 0, steps: 0, picture: None };

fn linear(step_size: f32) -> Architecture {
    Architecture::linear(Hyper { step_size, ..Hyper::default() })
}

fn three() -> Mixture {
    Mixture { members: vec![linear(0.1), linear(0.2), linear(0.3)], rule: MixingRule::default() }
}

fn steps(mixture: &Mixture) -> Vec<f32> {
    mixture.members.iter().map(|member| member.hyper.step_size).collect()
}

#[test]
fn an_edit_says_where_every_member_comes_from() {
    let mixture = three();
    assert_eq!(mixture.edited(&Edit::none(3)), mixture);
    assert_eq!(steps(&mixture.edited(&Edit::add(3, 1, linear(0.9)))), [0.1, 0.2, 0.3, 0.9]);
    assert_eq!(steps(&mixture.edited(&Edit::replace(3, 0, 1, linear(0.9)))), [0.9, 0.2, 0.3]);
    assert_eq!(steps(&mixture.edited(&Edit::keep(&[2, 0]))), [0.3, 0.1]);
    let edit = Edit::replace(3, 0, 1, linear(0.9));
    assert_eq!(edit.children().collect::<Vec<_>>(), [(1, &linear(0.9))]);
    assert_eq!(edit.to_string(), "linear, adamw 0.9 (from member 2)");
    assert_eq!(Edit::keep(&[2, 0]).to_string(), "2 of the members");
}

#[test]
fn an_edit_that_does_not_fit_is_refused() {
    assert!(Edit::add(3, 2, linear(0.9)).check(3).is_ok());
    assert!(Edit::add(3, 3, linear(0.9)).check(3).is_err(), "no such parent");
    assert!(Edit::keep(&[]).check(3).is_err(), "nobody would answer");
    assert!(Edit::keep(&[0; MEMBERS_MAX + 1]).check(3).is_err(), "too many");
    assert!(Edit::add(3, 0, linear(f32::NAN)).check(3).is_err(), "no such network");
}

#[test]
fn equal_meaning_has_one_digest() {
    let block = |groups| Block { groups, ..Block::plain(1, Activation::Relu) };
    let of = |groups| {
        Mixture::of_one(Architecture {
            blocks: vec![block(groups)],
            ..Architecture::linear(Hyper::default())
        })
    };
    assert_eq!(of(vec![4, 4]).digest(), of(vec![8]).digest(), "groups matter under a norm only");
    let mut normed = of(vec![4, 4]);
    normed.members[0].blocks[0].norm = Norm::Layer;
    assert_ne!(normed.digest(), of(vec![8]).digest());
    assert_ne!(three().digest(), three().edited(&Edit::keep(&[0, 1])).digest());
}

#[test]
fn refuses_no_members_and_too_many() {
    assert!(Mixture { members: vec![], rule: MixingRule::Mean }.check().is_err());
    let many = Mixture { members: vec![linear(0.1); MEMBERS_MAX + 1], rule: MixingRule::Mean };
    assert!(many.check().unwrap_err().to_string().contains("give 1 to"));
    assert_eq!(three().cost(SHAPE).parameters, 3 * 8);
}

#[test]
fn an_edit_between_two_mixtures_makes_the_second_of_the_first() {
    let linear = Architecture::linear(Hyper::default());
    let deep = |width| Architecture { blocks: vec![Block::plain(width, Activation::Gelu)], ..linear.clone() };
    let before = Mixture { members: vec![linear.clone(), deep(32)], rule: MixingRule::Mean };
    let after = Mixture { members: vec![deep(32), deep(64)], rule: MixingRule::Mean };
    let edit = Edit::between(&before, &after);
    assert_eq!(edit.0, [Origin::Kept(1), Origin::Child { parent: 1, architecture: deep(64) }]);
    assert_eq!(before.edited(&edit), after);
    assert_eq!(Edit::between(&before, &before), Edit::none(2));
}
