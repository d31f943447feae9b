//! The fixed networks beside driftform: one by default, and ten of which the best so far is followed.
//!
//! Lives here: which networks, and who leads. May not: search, or look at a label before it has arrived.

use adapters::files::Inferred;
use anyhow::{Context as _, Result};
use model::{
    Activation, Architecture, Block, Device, Encoder, Hyper, Learner, ModelError, Optimiser, Row, Schema,
    Shape, Truth,
};

/// Labels over which a network's accuracy is forgotten.
const MEMORY_LABELS: f64 = 500.0;

/// The network that a tutorial would begin with.
pub fn default_mlp() -> Vec<Architecture> {
    vec![network(&[64, 64], Optimiser::AdamW, 0.001)]
}

/// Ten networks that differ in depth, width, optimiser and step size.
pub fn ten() -> Vec<Architecture> {
    use Optimiser::{AdamW, Sgd};
    let networks: [(&[u16], Optimiser, f32); 10] = [
        (&[], Sgd, 0.03),
        (&[], Sgd, 0.1),
        (&[], AdamW, 0.001),
        (&[64], Sgd, 0.03),
        (&[64], Sgd, 0.1),
        (&[64], AdamW, 0.001),
        (&[128], Sgd, 0.03),
        (&[128], AdamW, 0.003),
        (&[64, 64], Sgd, 0.03),
        (&[64, 64], AdamW, 0.001),
    ];
    networks.map(|(widths, optimiser, step_size)| network(widths, optimiser, step_size)).into()
}

/// Learns from each row at once. Without weight decay, `AdamW` is Adam.
fn network(widths: &[u16], optimiser: Optimiser, step_size: f32) -> Architecture {
    let blocks = widths.iter().map(|width| Block::plain(*width, Activation::Relu)).collect();
    Architecture { blocks, ..Architecture::linear(Hyper { optimiser, step_size, ..Hyper::default() }) }
}

/// Networks that all learn from every label, of which the one that did best lately answers.
pub struct Leader {
    schema: Schema,
    encoder: Encoder,
    members: Vec<Member>,
    seed: u64,
    encoded: Vec<f32>,
}

struct Member {
    architecture: Architecture,
    learner: Learner,
    accuracy: f64,
}

impl Leader {
    /// Untrained networks; all weights come from the seed.
    pub fn new(inferred: &Inferred, architectures: Vec<Architecture>, seed: u64) -> Result<Self, ModelError> {
        let schema = inferred.schema.clone();
        let encoder = Encoder::new(&schema);
        let mut leader = Self { schema, encoder, members: Vec::new(), seed, encoded: Vec::new() };
        for (place, architecture) in architectures.into_iter().enumerate() {
            let learner = leader.untrained(&architecture, place)?;
            leader.members.push(Member { architecture, learner, accuracy: 0.0 });
        }
        Ok(leader)
    }

    fn untrained(&self, architecture: &Architecture, place: usize) -> Result<Learner, ModelError> {
        let shape = Shape::new(self.encoder.width(), self.schema.target());
        Learner::new(architecture, shape, &[], &Device::cpu(), self.seed.wrapping_add((place as u64) << 32))
    }

    /// What every network says of a row now.
    pub fn predict(&mut self, row: &Row) -> Result<Vec<u32>> {
        self.encoder.observe(row);
        self.encode(row);
        let said = self.members.iter().map(|member| {
            let output = self.encoder.output(&member.learner.predict(&self.encoded)?);
            match model::decide(&self.schema, &output) {
                Truth::Class(class) => Ok(class),
                Truth::Number(_) => anyhow::bail!("a class was expected"),
            }
        });
        said.collect()
    }

    /// The place of the network that is followed now; the first of equals.
    pub fn leads(&self) -> usize {
        first_best(self.members.iter().map(|member| member.accuracy))
    }

    /// A label has arrived, for a row of which the networks had said this.
    pub fn learn(&mut self, row: &Row, truth: u32, said: &[u32]) -> Result<()> {
        self.encode(row);
        for place in 0..self.members.len() {
            let member = &mut self.members[place];
            let right = f64::from(u8::from(said.get(place) == Some(&truth)));
            member.accuracy += (right - member.accuracy) / MEMORY_LABELS;
            match member.learner.learn(&self.encoded, &[truth as f32]) {
                Ok(()) => {}
                // As in the daemon, what has diverged starts again.
                Err(ModelError::Diverged { .. }) => {
                    let fresh = self.untrained(&self.members[place].architecture, place)?;
                    self.members[place].learner = fresh;
                }
                Err(error) => return Err(error).context("a fixed network cannot learn"),
            }
        }
        Ok(())
    }

    fn encode(&mut self, row: &Row) {
        self.encoded.clear();
        self.encoder.encode(row, &mut self.encoded);
    }
}

/// The place of the highest number, the first of equals.
fn first_best(accuracies: impl Iterator<Item = f64>) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (place, accuracy) in accuracies.enumerate() {
        if accuracy > best.1 {
            best = (place, accuracy);
        }
    }
    best.0
}

#[cfg(test)]
mod tests;
