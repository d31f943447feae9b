//! Sequences: which events before each one it carries, and what may read them.
//!
//! Lives here: the section, and what it makes of the schema, the members and the search space. Does not live here: what a
//! sequence does (that is [`model::sequence`]).

use model::{
    Architecture, Hyper, Mixture, Optimiser, Schema, Sequence, SequenceKind, SequenceLimits, Sequences,
};
use serde::{Deserialize, Serialize};

use super::{ConfigError, refuse};

/// Events in the window of a convolution to begin with.
const KERNEL: u8 = 3;

/// `[sequence]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SequenceSection {
    /// See `config/default.toml`, which documents every key.
    pub length: u8,
    /// See `config/default.toml`.
    pub entity: String,
    /// See `config/default.toml`.
    pub entities_max: u32,
    /// See `config/default.toml`.
    pub kinds: Vec<SequenceKind>,
    /// See `config/default.toml`.
    pub units: Vec<u16>,
    /// See `config/default.toml`.
    pub begin_with: Vec<SequenceKind>,
}

impl SequenceSection {
    /// The schema, with what its events carry.
    pub fn schema(&self, schema: Schema) -> Result<Schema, ConfigError> {
        if self.length == 0 {
            return Ok(schema);
        }
        let entity = match self.entity.as_str() {
            "" => None,
            name => match schema.features().iter().position(|feature| feature.name == name) {
                Some(at) => Some(at),
                None => {
                    return refuse(format!(
                        "`sequence.entity` is `{name}`, which is no feature; name one, or leave it empty: then all events \
                         are one's"
                    ));
                }
            },
        };
        let sequences = Sequences { entity, length: self.length, entities: self.entities_max };
        schema.with_sequences(Some(sequences)).map_err(|error| ConfigError(format!("`sequence`: {error}")))
    }

    /// What may be searched; nothing where events carry nothing.
    pub fn limits(&self) -> Option<SequenceLimits> {
        let (mut kinds, units) = (self.kinds.clone(), self.units.clone());
        kinds.sort();
        (self.length > 0 && !kinds.is_empty()).then(|| SequenceLimits {
            kinds,
            units,
            ..SequenceLimits::default()
        })
    }

    /// The networks to begin with, with those that read the events before, unless one of them does already.
    pub fn start(&self, mut start: Mixture) -> Result<Mixture, ConfigError> {
        let reads = |member: &Architecture| member.sequence != Sequence::None;
        if let (0, Some(member)) = (self.length, start.members.iter().find(|member| reads(member))) {
            return refuse(format!(
                "`mixture.members` has `{member}`, but `sequence.length` is 0: events carry none before them"
            ));
        }
        if self.length > 0 && !start.members.iter().any(reads) {
            let units = self.units.get(1).or(self.units.first()).copied().unwrap_or(1);
            start.members.extend(self.begin_with.iter().map(|kind| reading(kind.sized(units, KERNEL))));
        }
        start.check().map_err(|error| ConfigError(format!("`sequence.begin_with`: {error}")))?;
        Ok(start.canonical())
    }
}

/// A network that follows the stream and reads the events before each one.
fn reading(sequence: Sequence) -> Architecture {
    let hyper = Hyper { optimiser: Optimiser::RmsProp, step_size: 0.003, ..Hyper::default() };
    Architecture { sequence, ..Architecture::linear(hyper) }
}
