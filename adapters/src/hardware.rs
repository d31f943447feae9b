//! Hardware: what this process has used, as the system counts it.
//!
//! Lives here: reading `/proc` and, for energy, `/sys`. May not: judge the numbers.

use std::io;

mod energy;
#[cfg(feature = "nvml")]
mod graphics;
/// Without the feature `nvml` there is nothing to ask.
#[cfg(not(feature = "nvml"))]
mod graphics {
    pub(super) type GraphicsMeter = std::convert::Infallible;

    pub(super) fn open() -> Option<GraphicsMeter> {
        None
    }

    pub(super) fn joules(meter: &mut GraphicsMeter) -> f64 {
        match *meter {}
    }
}

pub use energy::{EnergyMeter, EnergySource};

/// Clock ticks a second in `/proc`; a constant of Linux's interface, whatever the kernel's own rate.
const TICKS_PER_SECOND: f64 = 100.0;

/// What this process and its ended children have used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Processor time, user and system, in seconds.
    pub cpu_seconds: f64,
    /// Largest resident memory of this process, in bytes.
    pub peak_rss_bytes: u64,
}

/// Usage so far.
pub fn usage() -> io::Result<Usage> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    Ok(Usage { cpu_seconds: cpu_seconds(&stat), peak_rss_bytes: peak_rss_bytes(&status) })
}

/// Largest resident memory of each child that runs now, added up, in bytes; what has ended is not counted.
pub fn children_peak_rss_bytes() -> io::Result<u64> {
    let this = std::process::id();
    let mut bytes = 0;
    for entry in std::fs::read_dir("/proc")? {
        // A process may end while it is looked at; then it is no child that runs now.
        let Ok(entry) = entry else { continue };
        let read = |name: &str| std::fs::read_to_string(entry.path().join(name)).unwrap_or_default();
        if parent(&read("stat")) == Some(this) {
            bytes += peak_rss_bytes(&read("status"));
        }
    }
    Ok(bytes)
}

/// Field 4, after the name in brackets and the state.
fn parent(stat: &str) -> Option<u32> {
    stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
}

/// Fields 14 to 17 after the name in brackets, which may itself hold spaces: user, system, and both of
/// children that have been waited for.
fn cpu_seconds(stat: &str) -> f64 {
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = fields.skip(11).take(4).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / TICKS_PER_SECOND
}

fn peak_rss_bytes(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib =
        line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
    kib.unwrap_or(0) * 1_024
}

#[cfg(test)]
mod tests {
    use super::{children_peak_rss_bytes, cpu_seconds, parent, peak_rss_bytes, usage};

    #[test]
    fn fields_are_counted_after_the_name() {
        let stat = "7 (a b) c) S 1 1 1 0 -1 0 0 0 0 0 150 50 30 20 20 0 1";
        assert!((cpu_seconds(stat) - 2.5).abs() < 1e-9);
        assert_eq!((parent(stat), parent("")), (Some(1), None));
        assert_eq!(peak_rss_bytes("Name:\tx\nVmHWM:\t    2048 kB\n"), 2_097_152);
    }

    #[test]
    fn this_process_has_memory() {
        assert!(usage().expect("proc is mounted").peak_rss_bytes > 0);
    }

    #[test]
    fn a_child_has_memory_while_it_runs() {
        let mut child = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("cat is there");
        assert!(children_peak_rss_bytes().expect("proc is mounted") > 0);
        drop(child.stdin.take());
        child.wait().expect("its input has ended");
    }
}
