//! Metrics of what answering costs: compute time, memory and energy.
//!
//! Lives here: a struct of their own. May not: measure the model (that is `learn`), read `/sys`
//! (that is `adapters::hardware`).

use std::sync::{Arc, Mutex, PoisonError};

use adapters::hardware::{EnergyMeter, usage};
use prometheus::{Counter, CounterVec, GaugeVec};

use super::metrics::Declare;
use crate::learn::{Learn, QUANTILES};

/// Bounds of the histogram of batch sizes.
pub(super) const BATCH_ROWS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
/// Bounds of the histogram of compute times.
pub(super) const BATCH_SECONDS: [f64; 12] =
    [2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1];
/// [`QUANTILES`] as a label says them: `quantile` is a label of summaries only.
pub(super) const PERCENTILES: [&str; QUANTILES.len()] = ["50", "95", "99"];
/// Why there may be no joules.
const NO_JOULES: &str = "stated as CPU time: no counter of energy can be read (source cpu_seconds)";

/// Time, memory and energy.
#[derive(Clone, Debug)]
pub(super) struct MachineMetrics {
    compute: GaugeVec,
    upper: GaugeVec,
    memory: GaugeVec,
    joules: CounterVec,
    cpu: Counter,
    meter: Option<Arc<Mutex<EnergyMeter>>>,
}

impl MachineMetrics {
    pub(super) fn new(declare: &Declare) -> Self {
        Self {
            compute: declare.levels("driftform_compute_seconds"),
            upper: declare.levels("driftform_compute_upper_seconds"),
            memory: declare.levels("driftform_memory_bytes"),
            joules: declare.amounts("driftform_energy_joules_total"),
            cpu: declare.amounts("driftform_energy_cpu_seconds_total").with_label_values(&["cpu_seconds"]),
            meter: EnergyMeter::open().map(|meter| Arc::new(Mutex::new(meter))),
        }
    }

    pub(super) fn update(&self, learn: &Learn) {
        self.update_cost(learn);
        if let Some(meter) = &self.meter {
            for (source, joules) in meter.lock().unwrap_or_else(PoisonError::into_inner).joules() {
                raise(&self.joules.with_label_values(&[source.name()]), joules);
            }
        }
        if let Ok(usage) = usage() {
            raise(&self.cpu, usage.cpu_seconds);
            self.memory.with_label_values(&["resident"]).set(usage.peak_rss_bytes as f64);
        }
    }

    /// The series of another batch size or source would go on telling what is no longer so.
    fn update_cost(&self, learn: &Learn) {
        self.compute.reset();
        self.upper.reset();
        let Some(measured) = learn.measured() else { return };
        let source = measured.source.name();
        for batch in &measured.batches {
            let rows = batch.rows.to_string();
            self.upper.with_label_values(&[&rows, source]).set(batch.upper);
            for (percentile, seconds) in PERCENTILES.iter().zip(batch.quantiles) {
                if seconds.is_finite() {
                    let labels = [&rows, *percentile, source];
                    self.compute.with_label_values(&labels).set(seconds);
                }
            }
        }
        self.memory.with_label_values(&["counted"]).set(measured.bytes as f64);
    }

    /// Joules so far, for people.
    pub(super) fn energy(&self) -> String {
        let Some(meter) = &self.meter else { return format!("{:.0} s, {NO_JOULES}", self.cpu.get()) };
        let joules = meter.lock().unwrap_or_else(PoisonError::into_inner).joules();
        let told = joules.iter().map(|(source, joules)| format!("{joules:.0} J (source {})", source.name()));
        told.collect::<Vec<_>>().join(", ")
    }
}

/// The champion's cost, for people.
pub(super) fn cost(learn: &Learn) -> String {
    let Some(measured) = learn.measured() else { return "no champion yet".into() };
    let batch = |of: &crate::learn::BatchCost| {
        let [p50, p95, p99] = of.quantiles.map(|seconds| format!("{:.0}", seconds * 1e6));
        format!("p50/p95/p99 {p50}/{p95}/{p99} µs for {} rows", of.rows)
    };
    let [one, many] = &measured.batches;
    format!("{}, {} ({}); {} bytes", batch(one), batch(many), measured.source.name(), measured.bytes)
}

/// Counters never fall.
fn raise(counter: &Counter, to: f64) {
    counter.inc_by((to - counter.get()).max(0.0));
}
