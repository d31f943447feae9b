//! The slot's promises: whole generations, one pointer store, the displaced one kept.

use std::sync::Arc;

use model::{Feature, FeatureKind, Generation, Model, Objective, Schema, Target};

use super::{Served, Slot};

fn served(generation: u64) -> Served {
    let feature = Feature { name: "x".into(), kind: FeatureKind::Numeric };
    let schema =
        Schema::new(vec![feature], Target::Regression, Objective::default()).expect("a valid schema");
    let model = Model::prior(Arc::new(schema), &[], &model::Device::cpu()).expect("the prior exists");
    Served { generation: Generation(generation), model, prior_only: true }
}

#[test]
fn a_replacement_keeps_the_displaced_until_released() {
    let slot = Slot::new(served(1)).expect("a thread can be started");
    slot.replace(served(2));
    assert_eq!(slot.load().generation, Generation(2));
    assert_eq!(slot.displaced().map(|old| old.generation), Some(Generation(1)));
    slot.release();
    assert!(slot.displaced().is_none());
}

#[test]
fn readers_see_generations_only_grow_under_swaps() {
    let slot = Arc::new(Slot::new(served(0)).expect("a thread can be started"));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let slot = Arc::clone(&slot);
            std::thread::spawn(move || {
                let mut last = Generation(0);
                while last < Generation(2_000) {
                    let now = slot.load().generation;
                    assert!(now >= last, "{now:?} after {last:?}");
                    last = now;
                }
            })
        })
        .collect();
    (1..=2_000).for_each(|generation| slot.refresh(served(generation)));
    for reader in readers {
        reader.join().expect("the reader saw generations in order");
    }
}
