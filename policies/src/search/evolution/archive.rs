//! Archive: the best of every size (MAP-Elites, Mouret and Clune 2015).
//!
//! Lives here: the cells, and who holds them. May not: remember; it is made of what is remembered.

use std::collections::BTreeMap;

use model::Genome;

use crate::search::memory::Tried;

/// Cells of the archive: each is of costs twice those of the one before.
pub const CELLS_MAX: i32 = 16;

/// The best of each size, cheapest first; of equals the newest. Nobody where there is but one size: a best of all is no
/// archive.
pub(super) fn elites<'a>(tried: &[&'a Tried]) -> Vec<&'a Genome> {
    let mut cells: BTreeMap<i32, &Tried> = BTreeMap::new();
    let costly = |tried: &&&Tried| tried.cost > 0.0 && tried.cost.is_finite();
    let least = tried.iter().filter(costly).map(|tried| tried.cost).fold(f64::INFINITY, f64::min);
    for tried in tried.iter().filter(costly) {
        let cell = ((tried.cost / least).log2().floor() as i32).min(CELLS_MAX - 1);
        let best = cells.entry(cell).or_insert(tried);
        if tried.level >= best.level {
            *best = tried;
        }
    }
    let elites = cells.into_values().map(|tried| &tried.genome);
    if elites.len() > 1 { elites.collect() } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(genome: u16, level: f64, cost: f64) -> Tried {
        Tried { genome: Genome(vec![genome]), level, cost }
    }

    fn held(tried: &[Tried]) -> Vec<u16> {
        elites(&tried.iter().collect::<Vec<_>>()).iter().map(|genome| genome.0[0]).collect()
    }

    #[test]
    fn every_size_has_its_best() {
        let all = [tried(0, 1.0, 1.0), tried(1, 2.0, 1.5), tried(2, 0.5, 2.5), tried(3, 0.4, 3.0)];
        assert_eq!(held(&all), [1, 2]);
        assert_eq!(held(&all[..2]), [0_u16; 0], "one size");
        assert_eq!(held(&[tried(0, 1.0, 1e-9), tried(1, 1.0, 1e9), tried(2, 2.0, 1e12)]), [0, 2]);
        assert_eq!(held(&[tried(0, 1.0, 0.0), tried(1, 1.0, f64::NAN)]), [0_u16; 0]);
    }
}
