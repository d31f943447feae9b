//! Memory that is counted, against what the system says: alone in its process, so that nobody else's shows.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests may")]

use daemon::config::JoinConfig;
use daemon::join::{Absent, ENTRY_BYTES, Join, Lateness, Origin};
use model::{EventId, Label, Timestamp, Truth};

const ENTRIES: u32 = 1_000_000;

/// As the daemon's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[test]
fn a_million_entries_take_the_bytes_that_are_counted() {
    // Room for as many, and for what is left free before the join keeps fewer.
    let memory_bytes = ENTRIES as usize * ENTRY_BYTES * 100 / 89;
    let config = JoinConfig {
        window_ms: 86_400_000,
        lateness: Lateness { allowed_ms: 300_000, idle_ms: 60_000, skew_ms: 120_000 },
        memory_bytes,
        absent: Absent::Censored,
    };
    let before = adapters::hardware::usage().expect("Linux tells").peak_rss_bytes;
    let mut join = Join::new(&config, 7);
    let id = |at: u32| EventId::new(&format!("transaction-{at}")).expect("it is short");
    for at in 0..ENTRIES {
        // Of three, one waits for its label, one was joined, and one label waits for its event.
        let time = Timestamp(i64::from(at / 10));
        if at % 3 != 2 {
            join.predicted(Origin::Events(0), &id(at), time, at.into());
        }
        if at % 3 != 0 {
            let label = Label { id: id(at), time, truth: Truth::Class(1), revision: 0 };
            join.labelled(Origin::Labels(0), &label);
        }
    }
    let grown = adapters::hardware::usage().expect("Linux tells").peak_rss_bytes - before;
    let kept = join.bytes() / ENTRY_BYTES;
    assert!((join.share() - 1.0).abs() < f64::EPSILON, "all are kept: {}", join.share());
    assert!(kept > ENTRIES as usize * 99 / 100, "{kept} are there, in {grown} bytes");
    assert!(join.bytes() <= memory_bytes && grown <= memory_bytes as u64, "{grown} bytes for {memory_bytes}");
}
