//! Energy: what the machine has used, where it says so.
//!
//! Lives here: Intel's and AMD's running average power limit (RAPL) in `/sys/class/powercap`, which counts the
//! processor packages of the whole machine, whoever kept them busy; beside it, what graphics cards count. Does not
//! live here: how these are asked (that is `graphics`).
//!
//! Most machines show these counters to root only, and virtual ones have none. Then nothing is known in joules,
//! and processor time ([`super::usage`]) is what there is.

use std::path::{Path, PathBuf};

use super::graphics;

/// Where Linux lists the counters.
const POWERCAP: &str = "/sys/class/powercap";
/// Packages read at most.
const PACKAGES_MAX: usize = 64;
/// A microjoule, in joules.
const MICRO: f64 = 1e-6;

/// Who has counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnergySource {
    /// The processor packages.
    Rapl,
    /// NVIDIA's cards.
    Nvml,
}

impl EnergySource {
    /// The word in metrics and for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rapl => "rapl",
            Self::Nvml => "nvml",
        }
    }
}

/// The counters of a machine, followed since they were opened.
#[derive(Debug)]
pub struct EnergyMeter {
    packages: Vec<Package>,
    joules: f64,
    cards: Option<graphics::GraphicsMeter>,
}

/// One processor package. Its counter starts again at zero past `range`.
#[derive(Debug)]
struct Package {
    counter: PathBuf,
    range: u64,
    last: u64,
}

impl EnergyMeter {
    /// The counters of this machine; none if there are none or they may not be read.
    pub fn open() -> Option<Self> {
        let (packages, cards) = (packages_at(Path::new(POWERCAP)), graphics::open());
        let any = !packages.is_empty() || cards.is_some();
        any.then_some(Self { packages, joules: 0.0, cards })
    }

    /// Joules since this was opened, by each source there is. To be asked at least once in the time in which a
    /// counter goes round, about a minute at full load; what cannot be read now is counted the next time.
    pub fn joules(&mut self) -> Vec<(EnergySource, f64)> {
        let used: f64 = self.packages.iter_mut().map(Package::used).sum();
        self.joules += used;
        let rapl = (!self.packages.is_empty()).then_some((EnergySource::Rapl, self.joules));
        let nvml = self.cards.as_mut().map(|cards| (EnergySource::Nvml, graphics::joules(cards)));
        rapl.into_iter().chain(nvml).collect()
    }
}

/// The processor packages listed in a folder that may be read.
fn packages_at(folder: &Path) -> Vec<Package> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    // `intel-rapl:0` is a package (on AMD too), `intel-rapl:0:1` a part of it that it already counts.
    let is_package = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("intel-rapl:") && name.matches(':').count() == 1
    };
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(is_package);
    paths.take(PACKAGES_MAX).filter_map(|path| Package::open(&path)).collect()
}

impl Package {
    fn open(folder: &Path) -> Option<Self> {
        let counter = folder.join("energy_uj");
        let last = number(&counter)?;
        let range = number(&folder.join("max_energy_range_uj")).unwrap_or(u64::MAX);
        Some(Self { counter, range, last })
    }

    fn used(&mut self) -> f64 {
        let Some(now) = number(&self.counter) else { return 0.0 };
        let used =
            if now >= self.last { now - self.last } else { self.range.saturating_sub(self.last) + now };
        self.last = now;
        used as f64 * MICRO
    }
}

fn number(path: &Path) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{EnergyMeter, packages_at};
    use std::path::Path;

    fn write(folder: &Path, package: &str, energy: u64) {
        let package = folder.join(package);
        std::fs::create_dir_all(&package).expect("a folder can be made");
        std::fs::write(package.join("energy_uj"), format!("{energy}\n")).expect("a file can be written");
        std::fs::write(package.join("max_energy_range_uj"), "10000000\n").expect("a file can be written");
    }

    #[test]
    fn packages_are_added_up_and_a_counter_may_go_round() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write(folder.path(), "intel-rapl:0", 9_000_000);
        write(folder.path(), "intel-rapl:1", 1_000_000);
        write(folder.path(), "intel-rapl:0:0", 5_000_000);
        let packages = packages_at(folder.path());
        assert_eq!(packages.len(), 2);
        let mut meter = EnergyMeter { packages, joules: 0.0, cards: None };
        let mut joules = || meter.joules().first().map_or(f64::NAN, |(_, joules)| *joules);
        assert!(joules().abs() < 1e-9);
        write(folder.path(), "intel-rapl:0", 500_000);
        write(folder.path(), "intel-rapl:1", 3_000_000);
        write(folder.path(), "intel-rapl:0:0", 9_000_000);
        assert!((joules() - 3.5).abs() < 1e-9);
        std::fs::remove_dir_all(folder.path().join("intel-rapl:1")).expect("it was there");
        assert!((joules() - 3.5).abs() < 1e-9, "a counter that has gone says nothing");
    }

    #[test]
    fn a_machine_without_counters_has_no_packages() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert!(packages_at(folder.path()).is_empty());
        assert!(packages_at(&folder.path().join("nothing")).is_empty());
    }
}
