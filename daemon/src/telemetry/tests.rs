//! What a scrape has: all that the table says, from the start, and never too much.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use adapters::kafka::Positions;
use adapters::store::Records;
use model::{EventId, Label, Record, Row, Sample, Timestamp, Truth};
use prometheus::proto::{LabelPair, MetricFamily};

use super::Telemetry;
use super::table::{self, Kind};
use crate::config::{Config, WATCHES_MAX};
use crate::learn::{Learn, Outside};
use crate::trials::{Trials, WorkerCommand};

/// Features of a wide stream.
const FEATURES: usize = 1_000;
/// Most series of a daemon.
const SERIES_MAX: usize = 500;

/// A plane with so many features, and as many budgets as there may be.
fn plane(folder: &tempfile::TempDir, features: usize) -> Learn {
    let mut text = String::from(
        "mixture = { members = [{}] }
        cold_start = { outcomes = 20 }
        search = { window_outcomes = 100000 }
        [budget]
        watch = [",
    );
    for number in 0..WATCHES_MAX {
        write!(text, "{{ name = 'own_{number}', kind = 'latency', limit = 1.0 }},")
            .expect("a string takes all");
    }
    text.push_str("]\n[schema]\nclasses = ['a', 'b']\nfeatures = [");
    for number in 0..features {
        write!(text, "{{ name = 'f{number}', kind = 'numeric' }},").expect("a string takes all");
    }
    text.push(']');
    let config = Config::parse(&text).expect("a valid configuration").learn;
    let (records, _) = Records::resume(folder.path(), 0).expect("an empty folder");
    let worker = WorkerCommand { program: "/nowhere".into(), arguments: Vec::new(), seconds_max: 1 };
    let trials = Trials::start(worker).expect("a thread starts");
    let outside = Outside { records, storage: None, trials, waits_for_trials: true };
    Learn::cold(config, outside).expect("a plane can be built")
}

fn feed(learn: &mut Learn, features: usize, rows: i64) {
    for number in 0..rows {
        let id = EventId::new(&number.to_string()).expect("short");
        let row = Row::new(vec![(number % 7) as f32; features]).expect("finite");
        let sample = Sample { id: id.clone(), time: Timestamp(number), row, external: None };
        let truth = Truth::Class(u32::from(number % 7 > 3));
        let label = Label { id, time: Timestamp(number), truth, revision: 0 };
        let records = vec![Record::Sample(sample), Record::Label(label)];
        learn.turn(records, Positions::default()).expect("nothing fails");
        let readings = (0..WATCHES_MAX).map(|budget| (format!("own_{budget}"), 0.5)).collect();
        learn.read("prometheus", readings);
    }
}

/// Lines of a scrape that are no comments.
fn series(family: &MetricFamily) -> usize {
    let of_one = |metric: &prometheus::proto::Metric| match metric.get_histogram().get_bucket().len() {
        0 => 1,
        buckets => buckets + 3,
    };
    family.get_metric().iter().map(of_one).sum()
}

#[test]
fn a_thousand_features_and_all_budgets_are_within_the_limit() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane(&folder, FEATURES);
    let telemetry = Telemetry::new();
    telemetry.introduce("shop", "leader");
    feed(&mut learn, FEATURES, 60);
    learn.measure_champion();
    telemetry.update(&learn);
    let families = telemetry.registry.gather();
    let count: usize = families.iter().map(series).sum();
    assert!(count > 300, "{count} series: not all of them are there");
    assert!(count <= SERIES_MAX, "{count} series");
    // The table's own sum is what the page promises.
    let most: usize = table::all().iter().map(table::Metric::series_max).sum();
    assert!(count <= most, "{count} series, {most} by the table");
}

#[test]
fn all_that_the_table_has_is_registered_as_it_says() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane(&folder, 1);
    let telemetry = Telemetry::new();
    telemetry.introduce("shop", "leader");
    feed(&mut learn, 1, 60);
    learn.measure_champion();
    telemetry.update(&learn);
    let families = telemetry.registry.gather();
    let there: BTreeMap<&str, &MetricFamily> =
        families.iter().map(|family| (family.name(), family)).collect();
    let rows = table::all();
    for row in &rows {
        let Some(family) = there.get(row.name) else {
            assert!(row.when.is_some(), "{} is not there", row.name);
            continue;
        };
        assert_eq!(family.help(), row.help);
        let kind = format!("{:?}", family.get_field_type()).to_lowercase();
        assert_eq!(kind, row.kind.name(), "{}", row.name);
        let names: BTreeSet<&str> = row.label_names().into_iter().collect();
        for metric in family.get_metric() {
            let told: BTreeSet<&str> = metric.get_label().iter().map(LabelPair::name).collect();
            assert_eq!(told, names, "{}", row.name);
        }
        assert!(series(family) <= row.series_max(), "{}: {} series", row.name, series(family));
    }
    let declared: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    let unknown: Vec<&&str> = there.keys().filter(|name| !declared.contains(**name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn what_can_be_counted_is_at_zero_before_it_happens() {
    let families = Telemetry::new().registry.gather();
    for row in table::all().iter().filter(|row| row.kind == Kind::Counter && row.when.is_none()) {
        let family = families.iter().find(|family| family.name() == row.name);
        let count = family.map_or(0, |family| family.get_metric().len());
        assert_eq!(count, row.combinations().len(), "{}", row.name);
    }
}
