//! Metrics of the HTTP and gRPC roads.
//!
//! Lives here: a struct of their own. May not: count by itself.

use adapters::oip::Meter;
use prometheus::{IntCounter, IntGauge};

use super::metrics::Declare;

/// What is counted on the HTTP and gRPC roads.
#[derive(Clone, Debug)]
pub struct FrontMetrics {
    /// Requests, and how long they took.
    pub meter: Meter,
    /// Rows that wait to be answered.
    pub queue_rows: IntGauge,
    /// Rows answered.
    pub rows: IntCounter,
    /// Answered rows that were told on the events topic.
    pub told: IntCounter,
    /// Answered rows that were to be told and found no room.
    pub untold: IntCounter,
}

impl FrontMetrics {
    pub(super) fn new(declare: &Declare) -> Self {
        let requests = declare.counters("driftform_serve_requests_total");
        let seconds = declare.histograms("driftform_serve_request_seconds");
        Self {
            meter: Meter { requests, seconds },
            queue_rows: declare.gauge("driftform_serve_queue_rows"),
            rows: declare.counter("driftform_serve_rows_total"),
            told: declare.counter("driftform_serve_events_told_total"),
            untold: declare.counter("driftform_serve_events_untold_total"),
        }
    }
}
