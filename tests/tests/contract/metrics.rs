//! Metrics: whoever names one names one that there is.
//!
//! Lives here: what may be named. May not: scrape.

use std::collections::BTreeSet;

use daemon::telemetry::table::{self, Kind};
use tests::boards::{Boards, Rule};

use super::documents::pages;

/// What Prometheus has beside what is scraped.
const OF_PROMETHEUS: [&str; 3] = ["up", "ALERTS", "scrape_samples_post_metric_relabeling"];
/// A crate that looks like a metric.
const SLOT: &str = concat!("driftform", "_slot");
/// How the name of a metric begins; in two parts, so that nothing looks like one here.
const PREFIX: &str = concat!("driftform", "_");

/// Everything that a query may ask for.
pub fn known(rules: &[Rule]) -> BTreeSet<String> {
    let mut known: BTreeSet<String> = OF_PROMETHEUS.map(str::to_owned).into();
    known.extend(rules.iter().map(|rule| rule.record.clone()).filter(|name| !name.is_empty()));
    for metric in table::all() {
        match metric.kind {
            Kind::Counter | Kind::Gauge => drop(known.insert(metric.name.to_owned())),
            Kind::Histogram(_) => {
                known.extend(["_bucket", "_sum", "_count"].map(|end| format!("{}{end}", metric.name)));
            }
        }
    }
    known
}

/// Words of a text that look like metrics and are none.
fn unknown<'a>(text: &'a str, known: &BTreeSet<String>) -> Vec<&'a str> {
    let is_word = |one: char| one.is_ascii_alphanumeric() || one == '_' || one == ':';
    let words = text.split(|one| !is_word(one)).filter(|word| word.contains(PREFIX) && !word.ends_with('_'));
    // Recorded ones have a colon on each side; a word before a full stop or a label has none.
    words.map(|word| word.trim_end_matches(':')).filter(|word| !known.contains(*word)).collect()
}

#[test]
fn every_metric_in_a_document_is_one_that_there_is() {
    let boards = Boards::read().expect("they can be read");
    let mut known = known(&boards.rules);
    // A document may name a histogram as a whole.
    known.extend(table::all().iter().map(|metric| metric.name.to_owned()));
    known.insert(SLOT.to_owned());
    for page in pages() {
        let unknown = unknown(&page.text, &known);
        assert!(unknown.is_empty(), "{} names {unknown:?}", page.path);
    }
}

#[test]
fn a_metric_that_nobody_has_is_seen() {
    let known: BTreeSet<String> = ["driftform_a_total", "job:driftform_b:rate5m"].map(str::to_owned).into();
    assert!(unknown("`driftform_a_total{x}`, job:driftform_b:rate5m: driftform_*", &known).is_empty());
    assert_eq!(unknown("`driftform_c_total`", &known), ["driftform_c_total"]);
}
