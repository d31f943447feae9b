//! Context: the labels that had arrived when an event came.
//!
//! Lives here: remembering them, newest first, and the numbers a network sees of them. Does not live here:
//! which labels have arrived (that is for whoever joins them), which network looks at how many (that is
//! [`crate::architecture`]).
//!
//! Where labels follow one another, the last ones say more about the next than most features do. What is
//! seen of them is fixed when the event comes and kept until its own label is learned: a label that came
//! later would tell a network what it could not have known.

use serde::{Deserialize, Serialize};

use crate::cost::Shape;
use crate::encoder::{DEVIATIONS_MAX, Encoder};
use crate::sample::Truth;

/// Labels that every row carries; a network sees as many of them as its architecture says.
pub const CONTEXT_MAX: usize = 4;

/// The newest labels, newest first.
///
/// ```
/// use model::context::CONTEXT_MAX;
/// use model::{Context, Encoder, Feature, FeatureKind, Objective, Schema, Shape, Target, Truth};
///
/// let features = vec![Feature { name: "price".into(), kind: FeatureKind::Numeric }];
/// let target = Target::Classification { classes: vec!["down".into(), "up".into()] };
/// let schema = Schema::new(features, target, Objective::default())?;
/// let encoder = Encoder::new(&schema);
/// let mut context = Context::default();
/// context.observe(&Truth::Class(0));
/// context.observe(&Truth::Class(1));
/// let mut numbers = Vec::new();
/// context.encode(&encoder, Shape::with_labels(encoder.width(), schema.target()), &mut numbers);
/// assert_eq!(numbers[..4], [0.0, 1.0, 1.0, 0.0]); // up, and down before it
/// assert_eq!(numbers[4..], [0.0; 2 * (CONTEXT_MAX - 2)]); // no more have arrived
/// # Ok::<(), model::ModelError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Context {
    known: u8,
    /// Positions of classes, or numbers in their own unit, which are scaled when they are encoded.
    labels: [f32; CONTEXT_MAX],
}

impl Context {
    /// One more label has arrived.
    pub fn observe(&mut self, truth: &Truth) {
        self.labels.rotate_right(1);
        self.labels[0] = match truth {
            Truth::Class(class) => *class as f32,
            Truth::Number(number) => *number,
        };
        self.known = (self.known + 1).min(CONTEXT_MAX as u8);
    }

    /// Appends what rows of this shape carry of it: for each label, newest first, one number a class, or the
    /// standardised number; zeros for labels that have not arrived.
    pub fn encode(&self, encoder: &Encoder, shape: Shape, out: &mut Vec<f32>) {
        for (at, label) in self.labels.iter().take(shape.context).enumerate() {
            let start = out.len();
            out.resize(start + shape.outputs, 0.0);
            if at >= usize::from(self.known) {
                continue;
            }
            if !shape.classification {
                let scaled = encoder.goal(&Truth::Number(*label));
                out[start] = scaled.clamp(-DEVIATIONS_MAX, DEVIATIONS_MAX);
            } else if let Some(number) = out[start..].get_mut(*label as usize) {
                *number = 1.0;
            }
        }
    }
}
