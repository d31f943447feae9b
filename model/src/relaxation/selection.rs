//! Selection: which operation stands at each place in the end.
//!
//! Lives here: by share, and by what its removal costs. May not: step shares.

use super::estimator::largest;
use super::run::Run;
use super::{EdgeStrengths, Selection};
use crate::error::ModelError;

/// Steps of the weights after a place has been decided, so that the rest gets used to it.
const SETTLE_STEPS: usize = 20;

/// One answer an edge.
pub(super) fn select(run: &mut Run) -> Result<Vec<EdgeStrengths>, ModelError> {
    match run.settings.selection {
        Selection::Magnitude => Ok(by_magnitude(run)),
        Selection::Perturbation => by_perturbation(run),
    }
}

fn by_magnitude(run: &Run) -> Vec<EdgeStrengths> {
    let of = |shares: Vec<f64>| EdgeStrengths { chosen: largest(&shares), shares, hurts: Vec::new() };
    run.mixing().into_iter().map(of).collect()
}

/// From the first place to the last: what is decided early is what the later ones see.
fn by_perturbation(run: &mut Run) -> Result<Vec<EdgeStrengths>, ModelError> {
    let shares = run.mixing();
    let mut mixing = shares.clone();
    let mut edges = Vec::with_capacity(shares.len());
    for (edge, shares) in shares.into_iter().enumerate() {
        let whole = run.held_out_loss(&mixing)?;
        let mut hurts = Vec::with_capacity(shares.len());
        for dropped in 0..shares.len() {
            mixing[edge] = without(&shares, dropped);
            hurts.push(run.held_out_loss(&mixing)? - whole);
        }
        if hurts.iter().any(|hurt| !hurt.is_finite()) {
            let step = run.settings.steps as u64;
            return Err(ModelError::Diverged { step, quantity: "the loss without an operation" });
        }
        let chosen = largest(&hurts);
        mixing[edge] = (0..shares.len()).map(|at| f64::from(u8::from(at == chosen))).collect();
        for _ in 0..SETTLE_STEPS {
            run.weight_step(Some(&mixing), 0.0)?;
        }
        edges.push(EdgeStrengths { shares, hurts, chosen });
    }
    Ok(edges)
}

/// The others have its share. Where it was all there was, nothing is left of it.
fn without(shares: &[f64], dropped: usize) -> Vec<f64> {
    let left = 1.0 - shares[dropped];
    let of = |(at, share): (usize, &f64)| if at == dropped || left <= 0.0 { 0.0 } else { share / left };
    shares.iter().enumerate().map(of).collect()
}
