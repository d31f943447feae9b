//! What is known of members before any trial: the numbers of another file, as ranks.
//!
//! Lives here: reading and ranking. May not: judge a feature.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};
use model::Genome;

use super::csv::Lines;
use super::formats::genome;
use super::{Format, Table};

/// What is said of a member that the file does not have.
const MEDIAN: f64 = 0.5;
/// The column of the same number in every file: no feature.
const INDEX: &str = "idx";

/// Ranks in 0..1 a member, as many for each.
#[derive(Clone, Debug, Default)]
pub struct Known {
    ranks: BTreeMap<Genome, Vec<f64>>,
    columns: usize,
}

impl Known {
    /// The ranks of a member; medians where the file has no line of it.
    pub fn of(&self, genome: &Genome) -> Vec<f64> {
        self.ranks.get(genome).cloned().unwrap_or_else(|| vec![MEDIAN; self.columns])
    }
}

/// Reads every column that is not a key; lines about no member of the table are left out.
pub fn read(path: &Path, format: Format, table: &Table) -> Result<Known> {
    let lines = Lines::read(path)?;
    let known = |name: &&String| !format.keys().contains(&name.as_str()) && name.as_str() != INDEX;
    let columns: Vec<&String> = lines.header().iter().filter(known).collect();
    if columns.is_empty() {
        bail!("{}: no column but the code", path.display());
    }
    let (mut members, mut values) = (Vec::new(), vec![Vec::new(); columns.len()]);
    for line in lines.iter() {
        let found = genome(table.space(), &format.words(&line)?);
        let Some(member) = found.filter(|member| table.row(member).is_some()) else { continue };
        members.push(member);
        for (values, column) in values.iter_mut().zip(&columns) {
            values.push(line.number(column)?);
        }
    }
    let ranked: Vec<Vec<f64>> = values.iter().map(|values| ranks(values)).collect();
    let of = |at: usize| ranked.iter().map(|ranks| ranks[at]).collect();
    let ranks = members.into_iter().enumerate().map(|(at, member)| (member, of(at))).collect();
    Ok(Known { ranks, columns: columns.len() })
}

/// The share of values below each, counting equals by half.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = |value: &f64| {
        let below = sorted.partition_point(|other| other < value);
        let up_to = sorted.partition_point(|other| other <= value);
        (below + up_to) as f64 / (2 * sorted.len()) as f64
    };
    values.iter().map(rank).collect()
}
