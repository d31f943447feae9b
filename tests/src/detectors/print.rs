//! The entries as a table for people.
//!
//! Lives here: layout. May not: measure.

use super::measures::Entry;

/// One line an entry, detectors apart.
pub fn table(entries: &[Entry], limit: u64) -> String {
    let mut text = format!(
        "{:<18} {:<22} {:>10} {:>8} {:>8} {:>8} {:>7}\n",
        "detector", "scenario", "run length", "delay", "missed", "ns", "bytes"
    );
    let mut last = "";
    for entry in entries {
        if entry.detector != last && !last.is_empty() {
            text.push('\n');
        }
        last = &entry.detector;
        text += &line(entry, limit);
    }
    text
}

fn line(entry: &Entry, limit: u64) -> String {
    let shown =
        |figure: Option<f64>, digits: usize| figure.map_or("-".to_owned(), |x| format!("{x:.digits$}"));
    // Not one run ended by itself.
    let never = entry.average_run_length.is_some_and(|length| length >= limit as f64);
    let run_length = format!("{}{}", if never { "> " } else { "" }, shown(entry.average_run_length, 0));
    let missed = entry.missed_share.map_or("-".to_owned(), |share| format!("{:.0} %", 100.0 * share));
    format!(
        "{:<18} {:<22} {run_length:>10} {:>8} {missed:>8} {:>8.0} {:>7}\n",
        entry.detector,
        entry.scenario,
        shown(entry.delay_median, 0),
        entry.ns_per_observation,
        entry.bytes,
    )
}
