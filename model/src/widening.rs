//! Widening: networks follow a schema that evolved, and say what they said before.
//!
//! Lives here: which input and output of the wider network comes from which, and what is new. Does not
//! live here: what a schema may gain (that is [`crate::schema`]), changes of the architecture (that is
//! [`crate::morphism`]).
//!
//! **What is preserved.** A row that lacks the new features gets the same answer, and so does one with
//! them until the network has learned what they mean: the weights of what is new are zero (`Net2Net`,
//! arXiv:1511.05641). A bucket that becomes two gives both its weights. A new class cannot be silent, as
//! probabilities sum to one. Its weights are the mean of the other classes' weights, so its logit is the
//! mean of theirs, lowered so that it gets at most [`NEW_CLASS_SHARE`] **on every row**: with `K` classes
//! of logits `l`, Jensen gives `exp(mean(l)) <= sum(exp(l)) / K`. The others keep their proportions exactly. Several
//! answers of one network, a mixture and a stack of its members keep them within that share.
//!
//! Moments of what is new are zero, so an adaptive optimiser takes its first steps there larger than
//! elsewhere, but never more than about seven times its step size.

use crate::architecture::{Architecture, BlockKind};
use crate::cost::Shape;
use crate::embedding::View;
use crate::error::ModelError;
use crate::schema::{FeatureKind, Schema};
use crate::weights::{Array, Role, TableSlot, Weights, layout};

/// The most that a new class gets of any row's probability before anything was learned of it.
pub const NEW_CLASS_SHARE: f32 = 1e-3;

/// Where one number of a wider encoded row comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Column {
    /// The number at this position of the narrow row.
    Same(usize),
    /// One of this many buckets that the bucket at this position has become: which one, the narrow row
    /// does not tell, so each gets its part.
    Part(usize, u32),
    /// New; this is its number where the feature is missing.
    New(f32),
    /// New in an earlier event; it is missing wherever the number at this position says that there was one.
    Missing(usize),
}

impl Column {
    fn origin(self) -> Option<usize> {
        match self {
            Self::Same(at) | Self::Part(at, _) => Some(at),
            Self::New(_) | Self::Missing(_) => None,
        }
    }

    /// Its number of a row of the narrow network; a bucket's is shared out among its parts, or goes to each.
    fn of(self, row: &[f32], shared: bool) -> f32 {
        let number = self.origin().and_then(|at| row.get(at)).copied().unwrap_or(0.0);
        match self {
            Self::Part(_, parts) if shared => number / parts as f32,
            Self::Same(_) | Self::Part(..) | Self::New(_) | Self::Missing(_) => number,
        }
    }
}

/// The way from networks of an earlier schema to those of a later one.
#[derive(Clone, Debug, PartialEq)]
pub struct Widening {
    from: Shape,
    to: Shape,
    columns: Vec<Column>,
    class_weights: Vec<f32>,
}

impl Widening {
    /// From one schema to one that evolved from it.
    pub fn between(earlier: &Schema, later: &Schema) -> Result<Self, ModelError> {
        if !later.evolves(earlier) {
            return Err(ModelError::Schema("the later schema did not grow out of the earlier one".into()));
        }
        let shape = Shape::of_rows;
        let mut columns = Vec::new();
        let mut at = 0;
        for (position, feature) in later.features().iter().enumerate() {
            let before = earlier.features().get(position).map(|feature| feature.kind);
            feature_columns(before, feature.kind, at, &mut columns);
            at += before.map_or(0, FeatureKind::width);
        }
        label_columns(shape(earlier), shape(later), &mut columns);
        step_columns(shape(earlier), shape(later), &mut columns);
        Ok(Self {
            from: shape(earlier),
            to: shape(later),
            columns,
            class_weights: later.objective().class_weights.clone(),
        })
    }

    /// The ends of the networks it widens.
    pub fn from(&self) -> Shape {
        self.from
    }

    /// The ends of the networks it makes.
    pub fn to(&self) -> Shape {
        self.to
    }

    /// Classes that the wider networks can name and the narrow ones cannot.
    pub fn classes(&self) -> usize {
        self.to.outputs.saturating_sub(self.from.outputs)
    }

    /// Class weights of the later schema.
    pub(crate) fn class_weights(&self) -> &[f32] {
        &self.class_weights
    }

    /// Encoded rows as the wider networks see them; what is new is missing.
    pub fn encoded(&self, rows: &[f32]) -> Vec<f32> {
        let mut wider = Vec::with_capacity(rows.len() / self.from.inputs.max(1) * self.to.inputs);
        for row in rows.chunks_exact(self.from.inputs) {
            wider.extend(self.columns.iter().map(|column| match column {
                Column::Same(at) => row[*at],
                Column::Part(at, parts) => row[*at] / *parts as f32,
                Column::New(missing) => *missing,
                Column::Missing(flag) => row[*flag],
            }));
        }
        wider
    }

    /// Weights of the wider network.
    pub fn weights(&self, architecture: &Architecture, weights: &Weights) -> Weights {
        self.tables(architecture, weights, |slot, row| {
            let mean = row.iter().sum::<f32>() / row.len().max(1) as f32;
            match slot.role {
                Role::Bias => mean + (NEW_CLASS_SHARE * row.len() as f32).ln(),
                _ => mean,
            }
        })
    }

    /// Moments of the wider network's optimiser; no moments stay no moments.
    pub fn moments(&self, architecture: &Architecture, moments: &Weights) -> Weights {
        if moments.0.is_empty() {
            return Weights::default();
        }
        self.tables(architecture, moments, |_, _| 0.0)
    }

    /// The columns of what this architecture sees of a row.
    fn seen(&self, architecture: &Architecture) -> Vec<Column> {
        let [view, before] = [self.to, self.from].map(|shape| View::new(architecture, shape));
        let each = architecture.embedding.width();
        let added = (0..self.to.features() * each).map(|at| {
            let place = |number: usize| before.taken() + number * each + at % each;
            match self.columns[at / each] {
                Column::Same(number) => Column::Same(place(number)),
                Column::Part(number, parts) => Column::Part(place(number), parts),
                Column::New(_) | Column::Missing(_) => Column::New(0.0),
            }
        });
        self.columns[..view.taken()].iter().copied().chain(added).collect()
    }

    /// The columns of the events that a sequence of this architecture reads at once.
    fn read(&self, architecture: &Architecture) -> Vec<Column> {
        let (features, before) = (self.to.features(), self.from.step());
        let mut columns = Vec::new();
        for tap in (0..architecture.sequence.kernel()).map(|tap| tap * before) {
            columns.extend(self.columns[..features].iter().map(|column| match *column {
                Column::Same(at) => Column::Same(tap + at),
                Column::Part(at, parts) => Column::Part(tap + at, parts),
                new @ (Column::New(_) | Column::Missing(_)) => new,
            }));
            columns.push(Column::Same(tap + before - 1));
        }
        columns
    }

    /// Every table, with what `class` makes of a row of the old outputs for each new one.
    fn tables(
        &self,
        architecture: &Architecture,
        source: &Weights,
        class: impl Fn(&TableSlot, &[f32]) -> f32,
    ) -> Weights {
        let mut wider = Weights::default();
        let seen = self.seen(architecture);
        let read = self.read(architecture);
        for slot in layout(architecture, self.to) {
            let name = slot.name();
            let Some(table) = source.0.get(&name) else { continue };
            let ends = Ends::of(slot.role, architecture);
            let seen = if slot.role == Role::SequenceInput { &read } else { &seen };
            let before = table.shape.last().copied().unwrap_or(0);
            let nothing = vec![0.0; before];
            let mut data = Vec::with_capacity(slot.numbers());
            let height = table.data.len() / before.max(1) / slot.copies;
            for row in 0..slot.height() {
                let (copy, row) = (row / slot.rows, row % slot.rows);
                let origin = if ends.from_inputs { seen[row].origin() } else { Some(row) };
                let old = origin.map_or(nothing.as_slice(), |row| table.row(copy * height + row));
                match ends.to_inputs {
                    Some(shared) => data.extend(seen.iter().map(|column| column.of(old, shared))),
                    None => data.extend_from_slice(old),
                }
                if ends.to_outputs {
                    data.extend((before..self.to.outputs).map(|_| class(&slot, old)));
                }
            }
            wider.0.insert(name, Array { shape: slot.shape(), data });
        }
        wider
    }
}

/// What the rows and columns of a table are.
struct Ends {
    /// The rows are numbers of the encoded row, or of a stream that began with it.
    from_inputs: bool,
    /// The columns are; and whether what goes to a bucket that has become several is shared out among them.
    to_inputs: Option<bool>,
    /// The columns are the network's outputs.
    to_outputs: bool,
}

impl Ends {
    fn of(role: Role, architecture: &Architecture) -> Self {
        let streams =
            |blocks: usize| architecture.blocks[..blocks].iter().all(|block| block.kind.keeps_stream());
        let from_inputs = match role {
            Role::Bias
            | Role::BlockBias(_)
            | Role::BlockGateBias(_)
            | Role::BlockOut(_)
            | Role::Adapter
            | Role::SequenceRecurrent
            | Role::SequenceBias
            | Role::SequencePosition
            | Role::SequenceBlock
            | Role::SequenceHead
            | Role::ImageStem
            | Role::ImageStemBias
            | Role::ImageWeight(_)
            | Role::ImageBias(_)
            | Role::ImageOut(_)
            | Role::ImageBlock
            | Role::ImageHead
            | Role::Trust => false,
            Role::Linear | Role::SequenceInput => true,
            Role::BlockWeight(index) | Role::BlockGate(index) => streams(index),
            Role::BlockHead(index) => streams(index + 1),
        };
        // What is added to the stream is added once; what multiplies it multiplies each part.
        let to_inputs = match role {
            Role::BlockOut(index) if streams(index) => {
                Some(architecture.blocks[index].kind == BlockKind::Residual)
            }
            Role::Adapter => Some(false),
            _ => None,
        };
        let to_outputs = matches!(
            role,
            Role::Bias | Role::Linear | Role::BlockHead(_) | Role::SequenceHead | Role::ImageHead
        );
        Self { from_inputs, to_inputs, to_outputs }
    }
}

/// The columns of the recent labels: of a new class, none has been seen yet.
fn label_columns(from: Shape, to: Shape, columns: &mut Vec<Column>) {
    for label in 0..to.context {
        let at = from.features() + label * from.outputs;
        let column =
            |output| if output < from.outputs { Column::Same(at + output) } else { Column::New(0.0) };
        columns.extend((0..to.outputs).map(column));
    }
}

/// The columns of the earlier events: of each the features as they are, and whether there was one.
fn step_columns(from: Shape, to: Shape, columns: &mut Vec<Column>) {
    let features = columns[..to.features()].to_vec();
    for step in 0..to.steps {
        let at = from.before_steps() + step * from.step();
        let flag = at + from.features();
        columns.extend(features.iter().map(|column| match *column {
            Column::Same(number) => Column::Same(at + number),
            Column::Part(number, parts) => Column::Part(at + number, parts),
            Column::New(missing) if missing > 0.0 => Column::Missing(flag),
            Column::New(_) | Column::Missing(_) => Column::New(0.0),
        }));
        columns.push(Column::Same(flag));
    }
}

/// The columns of one feature, which began at `at` if it was there before.
fn feature_columns(before: Option<FeatureKind>, now: FeatureKind, at: usize, columns: &mut Vec<Column>) {
    match (before, now) {
        (None, FeatureKind::Numeric) => columns.extend([Column::New(0.0), Column::New(1.0)]),
        (None, FeatureKind::Categorical { .. } | FeatureKind::Boolean) => {
            columns.extend((0..now.width()).map(|_| Column::New(0.0)));
        }
        (Some(FeatureKind::Categorical { buckets: before }), FeatureKind::Categorical { buckets: now })
            if now > before =>
        {
            columns
                .extend((0..now).map(|bucket| Column::Part(at + (bucket % before) as usize, now / before)));
        }
        (Some(_), _) => columns.extend((at..at + now.width()).map(Column::Same)),
    }
}

#[cfg(test)]
mod tests;
