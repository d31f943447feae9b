//! A wiring says what flows through a genome, and refuses what cannot flow.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::*;
use crate::tabular::{TabularLimits, TabularSpace};

fn gene(choices: &[&str]) -> Gene {
    let choices = choices.iter().map(ToString::to_string).collect();
    Gene { name: "gene".into(), choices, ordered: false, active_if: None }
}

fn operation(gene: usize, from: &[Source], answers: bool) -> Operation {
    Operation {
        kind: 0,
        genes: vec![gene],
        exists: When::Chosen { gene, choices: vec![1, 2] },
        inputs: from.iter().map(|source| (*source, When::Always)).collect(),
        answers: if answers { vec![When::Always] } else { Vec::new() },
    }
}

/// Row to first to third to answer, and row to second to third.
fn diamond() -> SearchSpace {
    let genes = vec![gene(&["none", "a", "b"]); 3];
    let ends = [Source::Operation(0), Source::Operation(1)];
    let operations = vec![
        operation(0, &[Source::Row], false),
        operation(1, &[Source::Row], false),
        operation(2, &ends, true),
    ];
    let space = SearchSpace::new(genes).expect("independent genes");
    space.wired(Wiring(operations)).expect("each takes its input from earlier ones")
}

fn operations(space: &SearchSpace, genome: &[u16]) -> Vec<usize> {
    space.graph(&Genome(genome.to_vec())).iter().map(|node| node.operation).collect()
}

#[test]
fn only_what_flows_from_the_row_to_the_answer_is_in_the_graph() {
    let space = diamond();
    assert_eq!(operations(&space, &[1, 2, 1]), [0, 1, 2]);
    assert_eq!(operations(&space, &[0, 2, 1]), [1, 2]);
    assert_eq!(space.graph(&Genome(vec![0, 2, 1]))[1].inputs, [Source::Operation(0)], "places of the graph");
    assert!(operations(&space, &[1, 2, 0]).is_empty(), "nothing takes up what both make");
}

#[test]
fn without_a_wiring_every_gene_that_counts_is_on_its_own() {
    let dependent = Gene { active_if: Some((0, 1)), ..gene(&["c", "d"]) };
    let space = SearchSpace::new(vec![gene(&["a", "b"]), dependent]).expect("it depends on an earlier one");
    assert_eq!(operations(&space, &[0, 0]), [0]);
    assert_eq!(operations(&space, &[1, 0]), [0, 1]);
    assert!(space.graph(&Genome(vec![1, 1])).iter().all(|node| node.answers && node.inputs == [Source::Row]));
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |operations: Vec<Operation>| {
        let space = SearchSpace::new(vec![gene(&["none", "a"]), gene(&["none", "b"])]).expect("genes");
        space.wired(Wiring(operations)).expect_err("it is wrong").to_string()
    };
    assert!(refused(vec![operation(2, &[Source::Row], true)]).contains("a gene that there is not"));
    assert!(refused(vec![operation(0, &[Source::Operation(0)], true)]).contains("a later one"));
    let two = Operation { genes: vec![0, 1], ..operation(1, &[Source::Row], true) };
    let both = vec![operation(0, &[Source::Row], true), two];
    assert!(refused(both).contains("other genes than those of its kind"));
    assert!(refused(vec![operation(0, &[Source::Row], true); OPERATIONS_MAX + 1]).contains("at most"));
}

proptest! {
    #[test]
    fn the_blocks_of_a_network_are_its_graph(seed in any::<u64>()) {
        let space = TabularSpace::new(TabularLimits::default()).expect("usual limits");
        let genome = space.space().sample(&mut Pcg64::seed_from_u64(seed));
        let architecture = space.architecture(&genome);
        let graph = space.space().graph(&genome);
        // And one that says how it learns.
        prop_assert_eq!(graph.len(), architecture.blocks.len() + 1);
        for (index, node) in graph.iter().take(architecture.blocks.len()).enumerate() {
            let from = index.checked_sub(1).map_or(Source::Row, Source::Operation);
            prop_assert_eq!(&node.inputs, &vec![from]);
            prop_assert_eq!(node.answers, architecture.reaches_head(index));
        }
    }
}
