//! Desk: which trial is asked of whom, how long it is waited for, and what counts when it is answered.
//!
//! Lives here: pure bookkeeping over times that are told: for whom a trial is, when it is asked again, when it is given up,
//! and what has been answered already. May not: send, read or ask a clock.
//!
//! Each partition of the topic of trials belongs to one worker at a time, which takes its trials in order. So who has the
//! fewest to do is asked next. As long as anything is heard of a worker its trials are waited for, however many there are
//! before them; a worker says nothing while a trial runs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::cache::Cache;
use super::letters::{Letter, News, Speaker};
use super::protocol::{TrialReply, TrialResult};

#[cfg(test)]
mod tests;

/// How often a trial is asked at most.
pub const ATTEMPTS_MAX: u32 = 5;
/// Questions that are known to be answered, at most: an answer that comes later to an older one is not known as one too many.
const ANSWERED_MAX: usize = 4_096;
/// Workers whose partitions are remembered, at most.
const WORKERS_KNOWN_MAX: usize = 1_000;

/// Why a trial is given up.
const NOBODY: &str = "nothing was heard of any worker for trials.give_up_seconds";
const SILENT: &str = "nothing was heard of its worker for trials.reissue_seconds";

/// How long is waited.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Without a word of its worker, until a trial is asked again.
    pub reissue: Duration,
    /// Without a word of any worker, until a trial has failed.
    pub give_up: Duration,
}

/// What has come and gone, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Trials that wait for an answer now.
    pub outstanding: u64,
    /// Trials asked of workers.
    pub issued: u64,
    /// Trials asked once more.
    pub reissued: u64,
    /// Trials that were known already.
    pub cached: u64,
    /// Answers that counted.
    pub answered: u64,
    /// Answers that had come already.
    pub duplicates: u64,
    /// Questions that a worker of another build did not answer.
    pub refused: u64,
    /// Trials that nobody answered.
    pub given_up: u64,
    /// Workers that are heard of.
    pub workers: u64,
}

impl Traffic {
    /// What became of trials, each by its word in metrics.
    pub fn fates(&self) -> [(&'static str, u64); 7] {
        [
            ("issued", self.issued),
            ("reissued", self.reissued),
            ("cached", self.cached),
            ("answered", self.answered),
            ("duplicate", self.duplicates),
            ("refused", self.refused),
            ("given_up", self.given_up),
        ]
    }
}

/// What is to be done.
#[derive(Debug)]
pub enum Act {
    /// This goes to that partition.
    Issue {
        /// What it is known by.
        question: String,
        /// What is asked.
        letter: Box<Letter>,
        /// Whose turn it is.
        partition: i32,
    },
    /// Whoever asked hears this.
    Reply(TrialReply),
}

#[derive(Debug)]
struct Waiting {
    /// Under which numbers it was asked.
    numbers: Vec<u64>,
    letter: Letter,
    partition: i32,
    asked: Duration,
    issued: Duration,
    attempts: u32,
    /// Why the last worker did not answer it.
    refused: Option<String>,
}

/// The bookkeeping.
#[derive(Debug)]
pub struct Desk {
    patience: Patience,
    partitions: i32,
    /// Where the next search for a partition begins.
    next: i32,
    owners: BTreeMap<i32, String>,
    /// When something was heard of each worker.
    heard: BTreeMap<String, Duration>,
    waiting: BTreeMap<String, Waiting>,
    cache: Cache,
    answered: BTreeSet<String>,
    answered_order: VecDeque<String>,
    traffic: Traffic,
}

impl Desk {
    /// An empty one.
    pub fn new(patience: Patience, cache_bytes_max: usize) -> Self {
        Self {
            patience,
            partitions: 1,
            next: 0,
            owners: BTreeMap::new(),
            heard: BTreeMap::new(),
            waiting: BTreeMap::new(),
            cache: Cache::new(cache_bytes_max),
            answered: BTreeSet::new(),
            answered_order: VecDeque::new(),
            traffic: Traffic::default(),
        }
    }

    /// The topic of trials has so many partitions.
    pub fn spread_over(&mut self, partitions: i32) {
        self.partitions = partitions.max(1);
    }

    /// What came and went.
    pub fn traffic(&self) -> Traffic {
        let outstanding = self.waiting.values().map(|waiting| waiting.numbers.len() as u64).sum();
        let workers = self.owners.values().collect::<BTreeSet<_>>().len() as u64;
        Traffic { outstanding, workers, ..self.traffic }
    }

    /// Whether nobody waits.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The answer if it is known, or if the same is asked already, nothing to do.
    pub fn recall(&mut self, question: &str, number: u64) -> Option<Vec<Act>> {
        if let Some(mut result) = self.cache.get(question) {
            self.traffic.cached += 1;
            result.number = number;
            return Some(vec![Act::Reply(TrialReply::Done(Box::new(result)))]);
        }
        let waiting = self.waiting.get_mut(question)?;
        waiting.numbers.push(number);
        Some(Vec::new())
    }

    /// A trial that is not known: for whom it is.
    pub fn ask(&mut self, question: String, letter: Letter, now: Duration) -> Act {
        let partition = self.least_busy(None);
        self.traffic.issued += 1;
        let act = Act::Issue { question: question.clone(), letter: Box::new(letter.clone()), partition };
        let numbers = vec![letter.trial.number];
        let waiting =
            Waiting { numbers, letter, partition, asked: now, issued: now, attempts: 1, refused: None };
        self.waiting.insert(question, waiting);
        act
    }

    /// A worker has said something.
    pub fn hear(&mut self, from: Speaker, news: News, now: Duration) -> Vec<Act> {
        let Speaker { worker, owns, question } = from;
        self.belongs(&worker, &owns, now);
        match news {
            News::Here => Vec::new(),
            News::Answer(reply) => self.answer(&question, &reply),
            News::Refused(why) => self.refused(&question, &why, now),
        }
    }

    /// What is late by now.
    pub fn look(&mut self, now: Duration) -> Vec<Act> {
        let anybody = self.heard.values().max().copied().unwrap_or_default();
        let since = |then: Duration| now.saturating_sub(then);
        let given_up = |waiting: &Waiting| since(waiting.asked.max(anybody)) >= self.patience.give_up;
        let is_late = |waiting: &Waiting| {
            let owner = self.owners.get(&waiting.partition);
            let heard = owner.and_then(|owner| self.heard.get(owner)).copied().unwrap_or_default();
            since(waiting.issued.max(heard)) >= self.patience.reissue
        };
        let mut late: Vec<(String, Option<&str>)> = Vec::new();
        for (question, waiting) in &self.waiting {
            if given_up(waiting) {
                late.push((question.clone(), Some(NOBODY)));
            } else if is_late(waiting) {
                late.push((question.clone(), (waiting.attempts >= ATTEMPTS_MAX).then_some(SILENT)));
            }
        }
        let acts = late.into_iter().flat_map(|(question, over)| match over {
            Some(why) => self.give_up(&question, why),
            None => self.again(&question, now),
        });
        acts.collect()
    }

    fn belongs(&mut self, worker: &str, owns: &[i32], now: Duration) {
        self.owners.retain(|_, owner| owner != worker);
        self.owners.extend(owns.iter().map(|partition| (*partition, worker.to_owned())));
        self.heard.insert(worker.to_owned(), now);
        if self.heard.len() > WORKERS_KNOWN_MAX {
            let owners: BTreeSet<&String> = self.owners.values().collect();
            self.heard.retain(|worker, _| owners.contains(worker));
        }
    }

    fn answer(&mut self, question: &str, reply: &TrialReply) -> Vec<Act> {
        if let TrialReply::Done(result) = reply {
            self.cache.put(question, result);
        }
        let Some(waiting) = self.waiting.remove(question) else {
            self.traffic.duplicates += u64::from(self.answered.contains(question));
            return Vec::new();
        };
        self.traffic.answered += 1;
        self.has_answered(question);
        let numbered = |number: u64| {
            Act::Reply(match reply {
                TrialReply::Done(result) => {
                    TrialReply::Done(Box::new(TrialResult { number, ..(**result).clone() }))
                }
                TrialReply::Failed { reason, .. } => TrialReply::failed(number, reason.clone()),
            })
        };
        waiting.numbers.into_iter().map(numbered).collect()
    }

    fn has_answered(&mut self, question: &str) {
        if self.answered.insert(question.to_owned()) {
            self.answered_order.push_back(question.to_owned());
        }
        if self.answered_order.len() > ANSWERED_MAX
            && let Some(oldest) = self.answered_order.pop_front()
        {
            self.answered.remove(&oldest);
        }
    }

    /// Somebody else may do it; where all of them refuse, that is the end of it.
    fn refused(&mut self, question: &str, why: &str, now: Duration) -> Vec<Act> {
        let Some(waiting) = self.waiting.get_mut(question) else { return Vec::new() };
        self.traffic.refused += 1;
        let is_last = waiting.attempts >= ATTEMPTS_MAX;
        waiting.refused = Some(why.to_owned());
        if is_last { self.give_up(question, why) } else { self.again(question, now) }
    }

    fn again(&mut self, question: &str, now: Duration) -> Vec<Act> {
        let before = self.waiting.get(question).map(|waiting| waiting.partition);
        let partition = self.least_busy(before);
        let Some(waiting) = self.waiting.get_mut(question) else { return Vec::new() };
        (waiting.partition, waiting.issued) = (partition, now);
        waiting.attempts += 1;
        self.traffic.reissued += 1;
        let (question, letter) = (question.to_owned(), Box::new(waiting.letter.clone()));
        vec![Act::Issue { question, letter, partition }]
    }

    fn give_up(&mut self, question: &str, nobody: &str) -> Vec<Act> {
        let Some(waiting) = self.waiting.remove(question) else { return Vec::new() };
        let attempts = waiting.attempts;
        let why = waiting.refused.unwrap_or_else(|| nobody.to_owned());
        let why = format!("no worker ran it, asked {attempts} times: {why}");
        self.traffic.given_up += waiting.numbers.len() as u64;
        waiting
            .numbers
            .into_iter()
            .map(|number| Act::Reply(TrialReply::failed(number, why.clone())))
            .collect()
    }

    /// A partition of the worker with the fewest trials to do, if there is a choice not of the one that was asked before. Where
    /// nobody is known each partition counts as somebody.
    fn least_busy(&mut self, before: Option<i32>) -> i32 {
        let owner = |partition: i32| match self.owners.get(&partition) {
            Some(owner) => (Some(owner.as_str()), 0),
            None => (None, partition),
        };
        let mut loads: BTreeMap<(Option<&str>, i32), usize> = BTreeMap::new();
        let mut queued: BTreeMap<i32, usize> = BTreeMap::new();
        for waiting in self.waiting.values() {
            *loads.entry(owner(waiting.partition)).or_default() += 1;
            *queued.entry(waiting.partition).or_default() += 1;
        }
        let is_somebody_known = !self.owners.is_empty();
        let avoided = before.map(owner);
        let rank = |partition: &i32| {
            let owner = owner(*partition);
            let is_unknown = is_somebody_known && owner.0.is_none();
            let load = loads.get(&owner).copied().unwrap_or_default();
            let turn = (partition - self.next).rem_euclid(self.partitions);
            (
                is_unknown,
                avoided == Some(owner),
                load,
                queued.get(partition).copied().unwrap_or_default(),
                turn,
            )
        };
        let chosen = (0..self.partitions).min_by_key(rank).unwrap_or_default();
        self.next = (chosen + 1) % self.partitions;
        chosen
    }
}
