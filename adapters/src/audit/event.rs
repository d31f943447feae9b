//! A decision as a `CloudEvent` 1.0 in structured JSON.
//!
//! Lives here: the envelope. May not: know what is inside, or ask a clock.

use std::time::{Duration, UNIX_EPOCH};

use model::Timestamp;
use serde_json::{Value, json};

use crate::codec::MILLIS_MAX;

/// Something that was decided, or happened.
#[derive(Clone, Debug, PartialEq)]
pub struct CloudEvent {
    /// Who says so, such as `/driftform/fraud`.
    pub source: String,
    /// What it is, such as `driftform.promoted`.
    pub kind: String,
    /// What it is about, such as `generation/17`.
    pub subject: String,
    /// By the clock of whoever says so, which may jump: order is that of the numbers.
    pub time: Timestamp,
    /// All else.
    pub data: Value,
}

impl CloudEvent {
    /// Its text as line `number` of a journal: keys are sorted and nothing is between them. The id is the
    /// number, and the time, so that a journal begun anew does not repeat the ids of the one before.
    pub(super) fn body(&self, number: u64) -> String {
        let millis = self.time.0.clamp(0, MILLIS_MAX);
        let time = UNIX_EPOCH + Duration::from_millis(millis.unsigned_abs());
        json!({
            "specversion": "1.0",
            "id": format!("{number}-{millis}"),
            "source": self.source,
            "type": self.kind,
            "subject": self.subject,
            "time": humantime::format_rfc3339_millis(time).to_string(),
            "datacontenttype": "application/json",
            "data": self.data,
        })
        .to_string()
    }
}

/// The number of the line in an id.
pub(super) fn number_of(id: &str) -> Option<u64> {
    id.split_once('-')?.0.parse().ok()
}
