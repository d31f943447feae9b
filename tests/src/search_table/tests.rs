//! A small table is read, searched and told of; a bad one is refused by file, line and column.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::*;

const HPOBENCH: &str = "code,val_acc_s0,val_acc_s1,val_acc_s2,val_acc_s3,val_acc_s4,train_time_mean\n";

/// A hill over three ordered choices a gene, with its top at 22222.
fn hill() -> String {
    let code = |at: usize| (0..5).map(|gene| at / 3_usize.pow(gene) % 3).collect::<Vec<_>>();
    let line = |code: Vec<usize>| {
        let digits: String = code.iter().map(ToString::to_string).collect();
        let height = code.iter().sum::<usize>() as f64 / 10.0;
        format!("{digits},{height},{height},{height},{height},{height},1.0\n")
    };
    HPOBENCH.to_owned() + &(0..243).map(code).map(line).collect::<String>()
}

fn arguments(table: &Path, extra: &[&str]) -> Arguments {
    let table = table.to_str().expect("a plain path");
    let line = ["search-table", "--table", table, "--space", "hpobench", "--budget", "80", "--runs", "5"];
    Arguments::try_parse_from(line.into_iter().chain(extra.iter().copied())).expect("a good line")
}

fn written(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).expect("a file can be written");
    path
}

#[test]
fn a_report_has_the_keys_that_are_promised_and_is_the_same_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = written(&folder, "hill.csv", &hill());
    let keys = [
        "budget",
        "optimum_share",
        "predictor",
        "proposer",
        "regret_mean",
        "runs",
        "scheduler",
        "score_mean",
        "score_sd",
        "seconds_per_query",
        "space",
        "table",
    ];
    for name in AnyProposer::NAMES {
        let measure = || measured(&arguments(&table, &["--proposer", name, "--json"])).expect("a good table");
        let report = Report { seconds_per_query: 0.0, ..measure() };
        let Value::Object(json) = serde_json::to_value(&report).expect("plain data") else {
            panic!("no object")
        };
        let mut found: Vec<&String> = json.keys().collect();
        found.sort();
        assert_eq!(found, keys);
        assert_eq!(report, Report { seconds_per_query: 0.0, ..measure() });
        assert!((report.regret_mean - (1.0 - report.score_mean)).abs() < 1e-9);
        assert!(name == "random" || report.optimum_share > 0.7, "{report:?}");
    }
}

#[test]
fn a_gzipped_table_is_the_same_and_a_small_one_is_searched_to_its_end() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().expect("a folder");
    let table = written(&folder, "few.csv", &format!("{HPOBENCH}00000,1,1,1,1,1,1\n10000,2,2,2,2,2,1\n"));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&fs::read(&table).expect("it was written")).expect("memory");
    let zipped = folder.path().join("few.csv.gz");
    fs::write(&zipped, packed.finish().expect("memory")).expect("a file can be written");
    for table in [table, zipped] {
        let report = measured(&arguments(&table, &["--proposer", "local"])).expect("a good table");
        assert!((report.optimum_share - 1.0).abs() < 1e-9, "{report:?}");
    }
}

#[test]
fn bad_input_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |text: &str| {
        let table = written(&folder, "bad.csv", text);
        let error = measured(&arguments(&table, &["--proposer", "local"])).expect_err("it is bad");
        format!("{error:#}")
    };
    for (text, words) in [
        ("", "no line"),
        ("code\n", "no line"),
        ("name\nx\n", "line 2, column `code`: there is no such column"),
        (&format!("{HPOBENCH}00000,1,1,x,1,1,1\n"), "line 2, column `val_acc_s2`: `x` is no number"),
        (&format!("{HPOBENCH}00000,1,1,1,1,1,1\n0000,1,1,1,1,1,1\n"), "line 3, column `code`: not as many"),
        (&format!("{HPOBENCH}00000,1,1,1,1,1,1\n00000,1,1,1,1,1,1\n"), "line 3, column `code`: this member"),
        (&format!("{HPOBENCH}00000,1\n"), "line 2"),
    ] {
        let error = refused(text);
        assert!(error.contains(words) && error.contains("bad.csv"), "{error}");
    }
}

#[test]
fn features_are_ranks_and_absent_ones_are_in_the_middle() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = written(&folder, "hill.csv", &hill());
    let table = formats::read(&table, Format::Hpobench, Dataset::C10).expect("a good table");
    let file = written(&folder, "known.csv", "idx,code,size\n0,00000,5\n1,20000,7\n2,99999,9\n");
    let known = features::read(&file, Format::Hpobench, &table).expect("good features");
    let of = |choices: [u16; 5]| known.of(&model::Genome(choices.to_vec()));
    assert_eq!([of([0; 5]), of([2, 0, 0, 0, 0]), of([1; 5])], [[0.25], [0.75], [0.5]]);
    assert_eq!(features::ranks(&[3.0, 1.0, 3.0, 2.0]), [0.75, 0.125, 0.75, 0.375]);
}
