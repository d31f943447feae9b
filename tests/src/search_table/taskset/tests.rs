//! Every scheduler stays within its budget, and is scored as the table says.

use super::*;

/// Rows that fall to a loss of their own, fast or slow; one fails.
fn table() -> Table {
    let row = |row: u32| {
        let loss = |at: u32| f64::from(row) / 100.0 + (1.0 + f64::from(at * (row % 7 + 1))).recip();
        (0..=WINDOWS).map(loss).collect()
    };
    let failed = vec![f64::NAN; WINDOWS as usize + 1];
    Table::new((0..90).map(row).chain([failed]).collect()).expect("rows end")
}

fn named(name: &str) -> AnyScheduler {
    scheduler(name).expect("it is one of the names")
}

fn searches(budget: u64) -> Searches {
    Searches { budget, runs: 20, seed: 1 }
}

#[test]
fn no_scheduler_spends_more_than_its_budget_and_runs_are_the_same_again() {
    let table = table();
    for name in AnyScheduler::NAMES {
        let scheduler = named(name);
        for budget in [50, 120, 266] {
            let found = results(&table, &scheduler, searches(budget));
            assert!(
                found.iter().all(|(regret, cost)| u64::from(*cost) <= budget && *regret >= 0.0),
                "{found:?}"
            );
            assert_eq!(found, results(&table, &scheduler, searches(budget)));
        }
    }
}

#[test]
fn the_protocol_of_the_reference_takes_eighty_one() {
    assert_eq!(cohort(&named("successive_halving"), 266, 1_000), 81);
    assert_eq!(halving_cost(81), 266);
    assert_eq!(cohort(&named("full_budget"), 266, 1_000), 5);
}

#[test]
fn halving_regrets_less_than_full_training_of_a_few() {
    let regret = |name| report(&table(), name, &named(name), searches(266)).regret_mean;
    assert!(regret("successive_halving") < regret("full_budget"));
}

#[test]
fn curves_are_read_and_what_is_no_number_is_a_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("curves.csv");
    let row = |cell: &str| vec![cell; WINDOWS as usize + 1].join(",");
    let names: Vec<String> = (0..=WINDOWS).map(|at| format!("v{at}")).collect();
    let write =
        |rows: &str| std::fs::write(&file, format!("rate,{}\n{rows}", names.join(","))).expect("a file");
    write(&format!("1,{}\n2,{}\n", row("0.5"), row("nan")));
    let table = Table::read(&file).expect("a table");
    assert_eq!(table.curves.len(), 2);
    assert!(table.regret(Some(0)).abs() < 1e-12 && table.regret(None).abs() < 1e-12);
    write(&format!("1,{}\n", row("")));
    assert!(Table::read(&file).is_err(), "no row ends");
}
