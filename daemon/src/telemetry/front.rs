//! Metrics of the HTTP and gRPC roads.
//!
//! Lives here: their names and HELP texts. May not: count by itself.

use adapters::oip::{Meter, OK, Reason, grpc, http};
use prometheus::{HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts};

use super::metrics::{Declare, TOLD};

/// Seconds from a request to its answer: from what a small network takes to what nobody waits for.
const REQUEST_SECONDS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

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
        let requests = Opts::new(
            "driftform_serve_requests_total",
            "Requests over HTTP and gRPC, by what became of them.",
        );
        let requests = declare.register(IntCounterVec::new(requests, &["protocol", "result"]).expect(TOLD));
        let seconds = HistogramOpts::new(
            "driftform_serve_request_seconds",
            "Time from a request over HTTP or gRPC to its answer or refusal.",
        );
        let seconds = seconds.buckets(REQUEST_SECONDS.to_vec());
        let seconds = declare.register(HistogramVec::new(seconds, &["protocol"]).expect(TOLD));
        for protocol in [http::PROTOCOL, grpc::PROTOCOL] {
            for result in Reason::ALL.map(Reason::name).into_iter().chain([OK]) {
                requests.with_label_values(&[protocol, result]).reset();
            }
            // There from the start.
            let _ = seconds.with_label_values(&[protocol]);
        }
        Self {
            meter: Meter { requests, seconds },
            queue_rows: declare
                .gauge("driftform_serve_queue_rows", "Rows over HTTP and gRPC that wait to be answered."),
            rows: declare.counter("driftform_serve_rows_total", "Rows answered over HTTP and gRPC."),
            told: declare.counter(
                "driftform_serve_events_told_total",
                "Answered rows that were sent to the events topic (serve.log_events).",
            ),
            untold: declare.counter(
                "driftform_serve_events_untold_total",
                "Answered rows that were to be sent to the events topic and found no room.",
            ),
        }
    }
}
