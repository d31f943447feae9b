//! Likeness: how alike the graphs of two genomes are.
//!
//! Lives here: genomes as the numbers that a network which knows graphs makes of them. May not: know what anything gained.
//!
//! The network is the same for one space and what is free to know there, to the last bit, so it is not saved.

use model::{Genome, SearchSpace};
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::network::Network;
use super::reading::Reader;
use super::studied;

/// The generator that the network is drawn by.
const SEED: u64 = 11;

/// Reads genomes of one space.
#[derive(Clone, Debug)]
pub struct Likeness {
    reader: Reader,
    network: Network,
}

impl Likeness {
    /// By a network that was taught what is free to know in this space; where that is nothing, by one that was taught nothing.
    pub fn new(space: &SearchSpace, free: &dyn Fn(&Genome) -> Vec<f64>) -> Self {
        let (reader, mut rng) = (Reader::new(space), Pcg64::seed_from_u64(SEED));
        let taught = studied(&reader, space, 1, free, &mut rng).pop();
        let network = taught.unwrap_or_else(|| Network::drawn(reader.words(), 0, 0, &mut rng));
        Self { reader, network }
    }

    /// A member of the space in numbers.
    pub fn embedding(&self, genome: &Genome) -> Vec<f64> {
        let trace = self.network.forward(&self.reader.read(genome, Vec::new()));
        trace.embedding().iter().flatten().map(|number| f64::from(*number)).collect()
    }
}
