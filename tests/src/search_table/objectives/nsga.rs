//! NSGA-II (Deb et al. 2002), a peer for comparison.
//!
//! Lives here: its selection, crossover and mutation over genomes. Not part of the daemon.

use std::collections::BTreeMap;

use model::{Genome, SearchSpace};
use policies::search::front::{Axis, crowding, dominates};
use rand::RngExt as _;
use rand_pcg::Pcg64;

use super::{QUESTIONS_MAX, Table};

/// Members of its population.
const POPULATION: usize = 20;
/// How often two parents are crossed.
const CROSSOVER: f64 = 0.9;

/// A search of so many look-ups; the share of the volume that it covered.
pub fn search(table: &Table, budget: usize, rng: &mut Pcg64) -> f64 {
    let mut seen: BTreeMap<Genome, Vec<f64>> = BTreeMap::new();
    let mut population: Vec<Member> = Vec::new();
    for _ in 0..QUESTIONS_MAX as usize * budget {
        let mut children: Vec<Member> = Vec::new();
        for _ in 0..POPULATION {
            let genome = if population.is_empty() {
                table.space.sample(rng)
            } else {
                child(&table.space, &population, rng)
            };
            let Some(values) = table.values.get(&genome) else { continue };
            if seen.len() < budget || seen.contains_key(&genome) {
                seen.insert(genome.clone(), values.clone());
                children.push(Member { genome, values: values.clone(), layer: 0, crowding: 0.0 });
            }
        }
        population.retain(|member| !children.iter().any(|child| child.genome == member.genome));
        population.extend(children);
        population = selected(&table.axes, &population);
        if seen.len() == budget {
            break;
        }
    }
    table.share(&seen)
}

#[derive(Clone)]
struct Member {
    genome: Genome,
    values: Vec<f64>,
    layer: usize,
    crowding: f64,
}

/// Layer after layer, and of the last that does not fit whole, the least crowded.
fn selected(axes: &[Axis], members: &[Member]) -> Vec<Member> {
    let mut selected: Vec<Member> = Vec::new();
    let values: Vec<&[f64]> = members.iter().map(|member| member.values.as_slice()).collect();
    for (layer, places) in layers(axes, &values).into_iter().enumerate() {
        let of_layer: Vec<&[f64]> = places.iter().map(|place| values[*place]).collect();
        let crowdings = crowding(&of_layer);
        let member = |(place, crowding): (&usize, f64)| Member { layer, crowding, ..members[*place].clone() };
        let mut of_layer: Vec<Member> = places.iter().zip(crowdings).map(member).collect();
        of_layer.sort_by(|a, b| b.crowding.total_cmp(&a.crowding));
        of_layer.truncate(POPULATION - selected.len());
        selected.extend(of_layer);
        if selected.len() == POPULATION {
            break;
        }
    }
    selected
}

/// Places in layers: the first are dominated by nobody, the next only by those before.
fn layers(axes: &[Axis], values: &[&[f64]]) -> Vec<Vec<usize>> {
    let mut left: Vec<usize> = (0..values.len()).collect();
    let mut layers = Vec::new();
    while !left.is_empty() {
        let is_free = |at: &usize| !left.iter().any(|other| dominates(axes, values[*other], values[*at]));
        let (layer, rest): (Vec<usize>, Vec<usize>) = left.iter().copied().partition(is_free);
        layers.push(layer);
        left = rest;
    }
    layers
}

/// Two winners of tournaments crossed gene by gene, and one gene in as many as there are drawn anew.
fn child(space: &SearchSpace, population: &[Member], rng: &mut Pcg64) -> Genome {
    let (mother, father) = (winner(population, rng), winner(population, rng));
    let crosses = rng.random::<f64>() < CROSSOVER;
    let genes = space.genes();
    let gene = |at: usize| {
        if rng.random_range(0..genes.len()) == 0 {
            return rng.random_range(0..genes[at].choices.len() as u16);
        }
        if crosses && rng.random::<bool>() { father.0[at] } else { mother.0[at] }
    };
    space.canonical(&Genome((0..genes.len()).map(gene).collect()))
}

/// Of two, the one in the earlier layer, and there the less crowded.
fn winner<'a>(population: &'a [Member], rng: &mut Pcg64) -> &'a Genome {
    let mut draw = || &population[rng.random_range(0..population.len())];
    let (one, other) = (draw(), draw());
    let is_other = (other.layer, -other.crowding) < (one.layer, -one.crowding);
    if is_other { &other.genome } else { &one.genome }
}
