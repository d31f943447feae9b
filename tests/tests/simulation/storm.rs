//! A short swap storm: no request is lost, none is answered by a model that does not serve.

use tests::storm::{Arguments, run};

#[test]
fn a_hundred_swaps_under_load_lose_nothing() {
    let arguments = Arguments { swaps: 100, requests: 20_000, rate: 10_000, seed: 1 };
    let report = run(&arguments).expect("the storm passes");
    assert!(report.requests >= 20_000, "{report:?}");
    assert_eq!((report.dropped, report.wrong), (0, 0), "{report:?}");
    assert_eq!((report.swaps, report.refused, report.rollbacks), (100, 10, 5), "{report:?}");
    assert!(report.models_alive_max <= 3, "{report:?}");
}
