//! What tabular promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use proptest::prelude::*;
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::*;

fn space() -> TabularSpace {
    TabularSpace::new(TabularLimits::default()).unwrap()
}

/// The space, for rows that carry the events before them every other time, and have a picture every fifth time.
fn either(seed: u64) -> TabularSpace {
    let sequences = seed.is_multiple_of(2).then(SequenceLimits::default);
    let (hardening, elastic) = (seed.is_multiple_of(3), seed.is_multiple_of(7));
    let images = seed.is_multiple_of(5).then(ImageLimits::default);
    let limits = TabularLimits::default();
    TabularSpace::new(TabularLimits { hardening, elastic, sequences, images, ..limits }).unwrap()
}

proptest! {
    #[test]
    fn genome_and_architecture_are_two_forms_of_one_thing(seed: u64) {
        let space = either(seed);
        let genome = space.space().sample(&mut Pcg64::seed_from_u64(seed));
        let architecture = space.architecture(&genome);
        architecture.check().unwrap();
        prop_assert_eq!(space.genome(&architecture), genome);
    }

    #[test]
    fn neighbours_are_networks(seed: u64) {
        let space = either(seed);
        let genome = space.space().sample(&mut Pcg64::seed_from_u64(seed));
        for neighbour in space.space().neighbours(&genome) {
            let architecture = space.architecture(&neighbour);
            prop_assert_ne!(architecture.digest(), space.architecture(&genome).digest());
        }
    }
}

#[test]
fn a_network_outside_the_space_has_a_nearest_genome() {
    let block = Block { groups: vec![40, 30], norm: Norm::Layer, ..Block::plain(70, Activation::Silu) };
    let outside = Architecture {
        blocks: vec![block; 5],
        context: 3,
        embedding: Embedding::Periodic(7),
        ..Architecture::linear(Hyper { step_size: 0.02, batch: 64, weight_decay: 2e-5, ..Hyper::default() })
    };
    let near = space().architecture(&space().genome(&outside));
    assert_eq!(near.blocks.len(), 3);
    assert_eq!(near.blocks[0].groups, [64]);
    assert_eq!((near.hyper.step_size, near.hyper.batch, near.hyper.weight_decay), (0.01, 32, 1e-5));
    assert_eq!(near.context, 4, "the nearer in size");
    assert_eq!(near.embedding, Embedding::Periodic(3), "of the same kind, the nearer in size");
}

#[test]
fn a_network_that_changes_its_optimiser_has_a_step_that_suits_it() {
    let space = space();
    let fast = Hyper { optimiser: Optimiser::Sgd, step_size: 0.1, ..Hyper::default() };
    let mut genome = space.genome(&Architecture::linear(fast));
    let optimiser = space.space().genes().iter().position(|gene| gene.name == "optimiser").unwrap();
    genome.0[optimiser] = position(&Optimiser::ALL, Optimiser::RmsProp);
    let Hyper { optimiser, step_size, .. } = space.architecture(&genome).hyper;
    assert_eq!((optimiser, step_size), (Optimiser::RmsProp, 0.003));
    assert!(Optimiser::ALL.iter().all(|rule| rule.step_sizes().is_sorted_by(|a, b| a < b)));
}

#[test]
fn what_reads_the_events_before_feeds_the_first_block_and_the_answer() {
    let space = either(2);
    let reading = Architecture {
        sequence: Sequence::Gru(9),
        blocks: vec![Block::plain(16, Activation::Relu)],
        ..Architecture::linear(Hyper::default())
    };
    let genome = space.genome(&reading);
    assert_eq!(
        space.architecture(&genome).sequence,
        Sequence::Gru(8),
        "of the same kind, the nearer in size"
    );
    let graph = space.space().graph(&genome);
    assert_eq!(graph.len(), 3, "it, the block, and how the network learns");
    assert!(graph[0].answers && graph[1].inputs == [Source::Row, Source::Operation(0)]);
    let alone = space.space().graph(&space.genome(&Architecture { sequence: Sequence::None, ..reading }));
    assert_eq!(alone.len(), 2);
}

#[test]
fn refuses_ladders_that_do_not_ascend() {
    for widths in [vec![], vec![8, 8], vec![16, 8], vec![0, 8]] {
        assert!(TabularSpace::new(TabularLimits { widths, ..TabularLimits::default() }).is_err());
    }
    assert!(TabularSpace::new(TabularLimits { depth_max: 17, ..TabularLimits::default() }).is_err());
}

#[test]
fn hardening_has_genes_only_where_it_is_searched() {
    let hardening = TabularSpace::new(TabularLimits { hardening: true, ..TabularLimits::default() }).unwrap();
    let (with, without) = (hardening.space().genes(), space().space().genes().to_vec());
    assert_eq!(with.len(), without.len() + 3);
    let hyper = Hyper { noise: 0.3, missing: 0.05, attack: 0.03, ..Hyper::default() };
    let hardened = Architecture::linear(hyper);
    let genome = hardening.genome(&hardened);
    assert_eq!(hardening.architecture(&genome), hardened);
    let without = space();
    assert_eq!(without.architecture(&without.genome(&hardened)), Architecture::linear(Hyper::default()));
}

#[test]
fn slices_are_searched_where_there_is_a_block_and_one_answer() {
    let elastic = TabularLimits { elastic: true, ..TabularLimits::default() };
    let searched = TabularSpace::new(elastic.clone()).unwrap();
    assert_eq!(searched.space().genes().len(), space().space().genes().len() + 1);
    let blocks = vec![Block::plain(16, Activation::Relu)];
    let network =
        Architecture { blocks, ..Architecture::linear(Hyper { elastic: true, ..Hyper::default() }) };
    assert_eq!(searched.architecture(&searched.genome(&network)), network);
    let genome = searched.genome(&Architecture { blocks: Vec::new(), ..network });
    assert!(!searched.architecture(&genome).hyper.elastic);
    assert!(TabularSpace::new(TabularLimits { exits: true, ..elastic.clone() }).is_err());
    assert!(TabularSpace::new(TabularLimits { committees: vec![1, 2], ..elastic }).is_err());
}
