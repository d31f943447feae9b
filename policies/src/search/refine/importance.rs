//! Importance: which genes make the difference between the best and the rest.
//!
//! Lives here: PED-ANOVA (Watanabe et al. 2023) for genes with few choices, and how probable it is that the best is
//! elsewhere. Does not live here: what follows from that.

use model::{Genome, SearchSpace};

/// Share of the scores that counts as the best.
pub const TOP_SHARE: f64 = 0.1;

/// How often a choice was tried, and how often it was among the best.
pub(super) type Counts = Vec<(f64, f64)>;

/// Each gene's share of the difference between the best tenth and all, of genomes and their gains, which are numbers; the
/// shares sum to one, and are equal where there is no difference.
///
/// ```
/// use model::{Gene, Genome, SearchSpace};
/// use policies::search::refine::importances;
///
/// let gene = |name: &str| Gene {
///     name: name.into(),
///     choices: ["a", "b", "c", "d"].map(String::from).to_vec(),
///     ordered: false,
///     active_if: None,
/// };
/// let space = SearchSpace::new(vec![gene("matters"), gene("does not")])?;
/// let scores: Vec<(Genome, f64)> =
///     (0..64).map(|at| (Genome(vec![at % 4, at / 4 % 4]), f64::from(at % 4 == 2))).collect();
/// let shares = importances(&space, &scores);
/// assert!(shares[0] > 0.8, "{shares:?}");
/// # Ok::<(), model::ModelError>(())
/// ```
pub fn importances(space: &SearchSpace, scores: &[(Genome, f64)]) -> Vec<f64> {
    of(&counts(scores, space.genes().iter().map(|gene| gene.choices.len())))
}

/// Counts of every choice of every gene. Of equals, those seen first are better.
pub(super) fn counts<'a>(
    scores: impl IntoIterator<Item = &'a (Genome, f64)>,
    choices: impl Iterator<Item = usize>,
) -> Vec<Counts> {
    let mut counts: Vec<Counts> = choices.map(|choices| vec![(0.0, 0.0); choices]).collect();
    let mut scores: Vec<&(Genome, f64)> = scores.into_iter().collect();
    scores.sort_by(|a, b| b.1.total_cmp(&a.1));
    let top = (scores.len() as f64 * TOP_SHARE).ceil() as usize;
    for (place, (genome, _)) in scores.into_iter().enumerate() {
        for (choice, of_gene) in genome.0.iter().zip(&mut counts) {
            if let Some((tried, best)) = of_gene.get_mut(usize::from(*choice)) {
                *tried += 1.0;
                *best += f64::from(u8::from(place < top));
            }
        }
    }
    counts
}

/// Pearson divergence of the choices among the best from the choices among all, a share of the sum each.
pub(super) fn of(counts: &[Counts]) -> Vec<f64> {
    let divergences: Vec<f64> = counts.iter().map(|of_gene| divergence(of_gene)).collect();
    let total: f64 = divergences.iter().sum();
    let equal = 1.0 / counts.len().max(1) as f64;
    divergences.into_iter().map(|one| if total > 0.0 { one / total } else { equal }).collect()
}

/// One imaginary try, spread over the choices, keeps shares above zero.
fn divergence(counts: &[(f64, f64)]) -> f64 {
    let prior = 1.0 / counts.len().max(1) as f64;
    let (tried, best) = counts.iter().fold((1.0, 1.0), |sums, count| (sums.0 + count.0, sums.1 + count.1));
    let share = |count: f64, of: f64| (count + prior) / of;
    let of_choice = |(all, top): &(f64, f64)| {
        let (all, top) = (share(*all, tried), share(*top, best));
        all * (top / all - 1.0).powi(2)
    };
    counts.iter().map(of_choice).sum()
}

/// How probable it is that the best is outside of these bounds: the chance of a try there to be among the best, against
/// the chance within. Where little was tried outside it is never small.
pub(super) fn outside(counts: &[(f64, f64)], low: u16, high: u16) -> f64 {
    let mut sums = [(1.0, TOP_SHARE); 2];
    for (choice, (tried, best)) in counts.iter().enumerate() {
        let is_within = (usize::from(low)..=usize::from(high)).contains(&choice);
        let (all, top) = &mut sums[usize::from(is_within)];
        *all += tried;
        *top += best;
    }
    let [out, within] = sums.map(|(tried, best)| best / tried);
    out / (out + within)
}

#[cfg(test)]
mod tests;
