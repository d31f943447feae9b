//! A short serve bench: whatever goes on beside, no request fails. How long it takes is not judged: the machine is busy.

use anyhow::{Result, ensure};
use tests::serve_bench::{Arguments, run};

#[test]
fn no_request_fails_while_networks_are_trained_and_swapped_and_too_much_is_asked() -> Result<()> {
    let report = run(&Arguments {
        json: true,
        rounds: 1,
        seconds: 0.4,
        share: 0.3,
        overload: 5.0,
        labels: 50.0,
        only: "1 row".into(),
        server_core: None,
        client_core: None,
    })?;
    ensure!(report.errors() == 0, "{}", report.as_table());
    for phase in ["capacity", "idle", "training", "swapping", "overload", "recovered"] {
        let mut lines = report.of_phase(phase).peekable();
        ensure!(lines.peek().is_some(), "{phase} was left out");
        ensure!(lines.all(|line| line.requests_per_second > 0.0), "{phase}: {}", report.as_table());
    }
    let swapped = |line: &tests::serve_bench::Line| line.swaps.is_some_and(|swaps| swaps > 0.0);
    ensure!(report.of_phase("swapping").all(swapped), "{}", report.as_table());
    ensure!(report.of_phase("recovered").all(|line| line.refused == 0), "{}", report.as_table());
    Ok(())
}
