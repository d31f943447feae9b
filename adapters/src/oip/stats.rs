//! Statistics of the model, as Triton's extension of the protocol has them: how many were asked and answered, and how long
//! they waited and took.
//!
//! Lives here: counters, and their two shapes. May not: say what is good enough.
//!
//! They are those of the model under its name since the daemon started, of all of its generations: with every refresh there is
//! another, and counters that began anew each time would say nothing. A fixed few numbers, whatever comes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::{Generation, Timestamp};
use serde_json::{Value, json};

use super::proto::{InferStatistics, ModelStatistics, StatisticDuration};

/// What is counted.
#[derive(Debug, Default)]
pub struct Stats {
    success: Spent,
    fail: Spent,
    queue: Spent,
    compute: Spent,
    rows: AtomicU64,
    units: AtomicU64,
    last: AtomicU64,
}

/// How often, and how long together.
#[derive(Debug, Default)]
struct Spent {
    count: AtomicU64,
    nanos: AtomicU64,
}

impl Spent {
    fn add(&self, count: u64, time: Duration) {
        self.count.fetch_add(count, Ordering::Relaxed);
        self.nanos.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn now(&self) -> StatisticDuration {
        let [count, ns] = [&self.count, &self.nanos].map(|number| number.load(Ordering::Relaxed));
        StatisticDuration { count, ns }
    }
}

impl Stats {
    /// A request was answered, or was not, so long after it came.
    pub(super) fn ended(&self, answered: bool, time: Duration) {
        let spent = if answered { &self.success } else { &self.fail };
        spent.add(1, time);
    }

    /// A question has waited so long.
    pub fn waited(&self, time: Duration) {
        self.queue.add(1, time);
    }

    /// Rows of so many questions were computed in so many units of work, and it took so long.
    pub fn computed(&self, questions: usize, rows: usize, units: usize, time: Duration, at: Timestamp) {
        // Each of them waited for all of it, as Triton counts.
        self.compute.add(questions as u64, time.saturating_mul(u32::try_from(questions).unwrap_or(u32::MAX)));
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
        self.units.fetch_add(units as u64, Ordering::Relaxed);
        self.last.fetch_max(u64::try_from(at.0).unwrap_or(0), Ordering::Relaxed);
    }

    /// As gRPC has them, under the version that was asked for.
    pub(super) fn message(&self, model: &str, version: Generation) -> ModelStatistics {
        let [last_inference, inference_count, execution_count] =
            [&self.last, &self.rows, &self.units].map(|number| number.load(Ordering::Relaxed));
        ModelStatistics {
            name: model.to_owned(),
            version: version.0.to_string(),
            last_inference,
            inference_count,
            execution_count,
            inference_stats: Some(InferStatistics {
                success: Some(self.success.now()),
                fail: Some(self.fail.now()),
                queue: Some(self.queue.now()),
                compute_infer: Some(self.compute.now()),
                // Reading and writing tensors is part of the whole; nothing is cached.
                compute_input: Some(StatisticDuration::default()),
                compute_output: Some(StatisticDuration::default()),
                cache_hit: Some(StatisticDuration::default()),
                cache_miss: Some(StatisticDuration::default()),
            }),
            batch_stats: Vec::new(),
            memory_usage: Vec::new(),
        }
    }

    /// As HTTP has them.
    pub(super) fn json(&self, model: &str, version: Generation) -> Value {
        let told = self.message(model, version);
        let spent = told.inference_stats.unwrap_or_default();
        let of = |spent: Option<StatisticDuration>| {
            let StatisticDuration { count, ns } = spent.unwrap_or_default();
            json!({ "count": count, "ns": ns })
        };
        json!({ "model_stats": [{
            "name": told.name,
            "version": told.version,
            "last_inference": told.last_inference,
            "inference_count": told.inference_count,
            "execution_count": told.execution_count,
            "inference_stats": {
                "success": of(spent.success),
                "fail": of(spent.fail),
                "queue": of(spent.queue),
                "compute_input": of(spent.compute_input),
                "compute_infer": of(spent.compute_infer),
                "compute_output": of(spent.compute_output),
                "cache_hit": of(spent.cache_hit),
                "cache_miss": of(spent.cache_miss),
            },
            "batch_stats": [],
            "memory_usage": [],
        }] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told_in_both_shapes() {
        let stats = Stats::default();
        stats.waited(Duration::from_nanos(5));
        stats.waited(Duration::from_nanos(7));
        stats.computed(2, 33, 2, Duration::from_nanos(100), Timestamp(9));
        stats.computed(1, 1, 1, Duration::from_nanos(10), Timestamp(8));
        stats.ended(true, Duration::from_nanos(120));
        stats.ended(false, Duration::from_nanos(3));
        let told = stats.json("shop", Generation(7));
        let one = &told["model_stats"][0];
        assert_eq!(one["version"], "7");
        assert_eq!((&one["inference_count"], &one["execution_count"]), (&json!(34), &json!(3)));
        assert_eq!(one["last_inference"], 9, "it does not go back");
        for (name, count, ns) in
            [("success", 1, 120), ("fail", 1, 3), ("queue", 2, 12), ("compute_infer", 3, 210)]
        {
            assert_eq!(one["inference_stats"][name], json!({ "count": count, "ns": ns }), "{name}");
        }
        let message = stats.message("shop", Generation(7));
        assert_eq!((message.inference_count, message.name.as_str()), (34, "shop"));
    }
}
