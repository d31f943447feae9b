//! Cache: what trials have shown, by what decides it.
//!
//! Lives here: the bound, and who goes for it. May not: know where results come from.

use std::collections::{BTreeMap, VecDeque};

use super::protocol::TrialResult;

/// Results by their questions; the oldest go first.
#[derive(Debug)]
pub(super) struct Cache {
    bytes_max: usize,
    bytes: usize,
    results: BTreeMap<String, Vec<u8>>,
    /// Oldest first.
    order: VecDeque<String>,
}

impl Cache {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, bytes: 0, results: BTreeMap::new(), order: VecDeque::new() }
    }

    pub(super) fn get(&self, question: &str) -> Option<TrialResult> {
        postcard::from_bytes(self.results.get(question)?).ok()
    }

    pub(super) fn has(&self, question: &str) -> bool {
        self.results.contains_key(question)
    }

    /// Remembers it, as packed data; what is larger than all there may be is not remembered.
    pub(super) fn put(&mut self, question: &str, result: &TrialResult) {
        let Ok(packed) = postcard::to_stdvec(result) else { return };
        let size = |question: &str, packed: &[u8]| packed.len() + 2 * question.len();
        let bytes = size(question, &packed);
        if bytes > self.bytes_max || self.has(question) {
            return;
        }
        self.bytes += bytes;
        self.results.insert(question.to_owned(), packed);
        self.order.push_back(question.to_owned());
        while self.bytes > self.bytes_max
            && let Some(oldest) = self.order.pop_front()
            && let Some(gone) = self.results.remove(&oldest)
        {
            self.bytes -= size(&oldest, &gone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(number: u64) -> TrialResult {
        let losses = vec![0.5; 100];
        TrialResult {
            number,
            losses,
            rejected: false,
            children: vec![],
            compute_seconds: vec![],
            bytes: 1,
            robust_loss: None,
            strengths: None,
        }
    }

    #[test]
    fn the_oldest_go_and_what_is_too_large_never_comes() {
        let mut cache = Cache::new(2_000);
        for number in 0..10 {
            cache.put(&number.to_string(), &result(number));
            assert!(cache.bytes <= 2_000 && cache.results.len() == cache.order.len());
        }
        assert!(!cache.has("0") && cache.get("9").is_some_and(|result| result.number == 9));
        cache.put("large", &TrialResult { losses: vec![0.5; 1_000], ..result(1) });
        assert!(!cache.has("large") && cache.has("9"));
        assert!(Cache::new(0).get("9").is_none());
    }
}
