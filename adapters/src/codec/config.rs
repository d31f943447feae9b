//! Where in a record each field sits, as configured.
//!
//! Lives here: the shape of the configuration and its defaults. May not: read records.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pointer::Pointer;

/// Where fields sit in the records of each topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CodecConfig {
    /// Records of the events topic.
    pub event: EventPaths,
    /// Records of the labels topic.
    pub label: LabelPaths,
    /// Records of the metrics topic.
    pub metric: MetricPaths,
}

/// Where fields sit in an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventPaths {
    /// The id, by which its label finds it: a string or an integer.
    pub id: Pointer,
    /// When it happened; where it is absent or null, the envelope's time counts, or that of Kafka.
    pub time: Option<Pointer>,
    /// What is true of it, where that is known with the event: most events have nothing there.
    pub label: Option<Pointer>,
    /// What a model that is not ours had said of it; none where no such answer is read.
    pub prediction: Option<Pointer>,
    /// Features that do not sit at `/features/NAME`.
    pub features: BTreeMap<String, Pointer>,
}

/// Where fields sit in a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LabelPaths {
    /// The id of the event it speaks of.
    pub id: Pointer,
    /// When it became known; where it is absent or null, the envelope's time counts, or that of Kafka.
    pub time: Option<Pointer>,
    /// The class or number; null where a label is taken back.
    pub value: Pointer,
    /// Which label of its event it is, where labels are corrected: a higher number counts. The first where it is absent.
    pub revision: Option<Pointer>,
}

/// Where fields sit in a metrics message: a measurement has a name and a value, a budget a name and a
/// limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricPaths {
    /// When it was measured or set; where it is absent or null, the envelope's time counts, or that of Kafka.
    pub time: Option<Pointer>,
    /// Name of the measured quantity.
    pub metric: Pointer,
    /// Its value.
    pub value: Pointer,
    /// Name of the budget.
    pub budget: Pointer,
    /// Its new limit.
    pub limit: Pointer,
}

impl Default for EventPaths {
    fn default() -> Self {
        let (time, label) = (Some(at("/time")), Some(at("/label")));
        Self { id: at("/id"), time, label, prediction: None, features: BTreeMap::new() }
    }
}

impl Default for LabelPaths {
    fn default() -> Self {
        Self { id: at("/id"), time: Some(at("/time")), value: at("/label"), revision: Some(at("/revision")) }
    }
}

impl Default for MetricPaths {
    fn default() -> Self {
        Self {
            time: Some(at("/time")),
            metric: at("/metric"),
            value: at("/value"),
            budget: at("/budget"),
            limit: at("/limit"),
        }
    }
}

fn at(text: &str) -> Pointer {
    Pointer::new(text).expect("the defaults are valid pointers")
}
