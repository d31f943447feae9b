//! Graphics: the energy that NVIDIA's cards have used, as they count it.
//!
//! Lives here: NVML, whose library is loaded when the meter is opened; a machine without it has no meter. Does not
//! live here: processors.
//!
//! A card counts since its driver was loaded, whoever used it (Volta and later); one that does not count is left out.

use nvml_wrapper::Nvml;

/// A millijoule, in joules.
const MILLI: f64 = 1e-3;
/// Cards read at most.
const CARDS_MAX: u32 = 64;

/// The counters of all cards, followed since they were opened.
#[derive(Debug)]
pub(super) struct GraphicsMeter {
    nvml: Nvml,
    /// Number of each card that counts, and its last count in millijoules.
    cards: Vec<(u32, u64)>,
    joules: f64,
}

/// The cards of this machine; none if no library or no card that counts is there.
pub(super) fn open() -> Option<GraphicsMeter> {
    let nvml = Nvml::init().ok()?;
    let count = nvml.device_count().ok()?.min(CARDS_MAX);
    let cards: Vec<(u32, u64)> = (0..count).filter_map(|card| Some((card, counted(&nvml, card)?))).collect();
    (!cards.is_empty()).then_some(GraphicsMeter { nvml, cards, joules: 0.0 })
}

/// Joules of all cards since the meter was opened; what cannot be read now is counted the next time.
pub(super) fn joules(meter: &mut GraphicsMeter) -> f64 {
    let GraphicsMeter { nvml, cards, joules } = meter;
    for (card, last) in cards {
        if let Some(now) = counted(nvml, *card) {
            // A driver that was loaded again begins at zero.
            *joules += now.checked_sub(*last).unwrap_or(now) as f64 * MILLI;
            *last = now;
        }
    }
    *joules
}

fn counted(nvml: &Nvml, card: u32) -> Option<u64> {
    nvml.device_by_index(card).and_then(|card| card.total_energy_consumption()).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    #[test]
    fn counters_never_fall_where_there_are_any() {
        let Some(mut meter) = super::open() else {
            // Past the capture of the test runner: who tests this build has to see it.
            writeln!(std::io::stderr(), "skipped: no card here counts energy")
                .expect("standard error is open");
            return;
        };
        let first = super::joules(&mut meter);
        assert!(first >= 0.0 && super::joules(&mut meter) >= first);
    }
}
