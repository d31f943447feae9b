//! What waits to be answered: a bounded queue between those who talk and those who compute.
//!
//! Lives here: [`Queue`], which takes a question at once or not at all, and gives out as many as make a unit of work. May
//! not: answer.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use model::{EventId, Generation, Row};
use prometheus::IntGauge;
use serde_json::Value;
use tokio::sync::oneshot;

use super::answers::Answers;
use super::error::Refusal;

/// Rows that somebody wants an answer to.
#[derive(Debug)]
pub struct Question {
    /// The rows.
    pub rows: Vec<Row>,
    /// An id for each of them.
    pub ids: Vec<EventId>,
    /// Of whom; none means whoever serves.
    pub version: Option<Generation>,
    /// What is told of them once they are answered.
    pub told: Vec<Told>,
    /// When it was asked.
    pub asked: Instant,
    /// When an answer is of no use any more.
    pub until: Instant,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Result<Answers, Refusal>>,
}

/// A row of a question, to be told to those who learn.
#[derive(Clone, Debug)]
pub struct Told {
    /// Which.
    pub row: usize,
    /// As an event, without what is known once it is answered.
    pub event: Value,
}

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct QueueLimits {
    /// Questions.
    pub questions_max: usize,
    /// Rows of all of them.
    pub rows_max: usize,
}

/// The queue; clones are the same one.
#[derive(Clone, Debug)]
pub struct Queue(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    waiting: Mutex<Waiting>,
    bell: Condvar,
    limits: QueueLimits,
    depth: IntGauge,
}

#[derive(Debug, Default)]
struct Waiting {
    questions: VecDeque<Question>,
    rows: usize,
    closed: bool,
}

impl Queue {
    /// An empty one, whose rows `depth` shows.
    pub fn new(limits: QueueLimits, depth: IntGauge) -> Self {
        Self(Arc::new(Inner { waiting: Mutex::default(), bell: Condvar::new(), limits, depth }))
    }

    /// Leaves a question, or gives it back where there is no room.
    pub fn ask(&self, question: Question) -> Result<(), Box<Question>> {
        let mut waiting = self.waiting();
        let limits = self.0.limits;
        let rows = waiting.rows + question.rows.len();
        if waiting.closed || waiting.questions.len() >= limits.questions_max || rows > limits.rows_max {
            return Err(Box::new(question));
        }
        waiting.rows = rows;
        waiting.questions.push_back(question);
        self.show(&waiting);
        drop(waiting);
        self.0.bell.notify_one();
        Ok(())
    }

    /// Waits for a question, and takes with it those behind it that are not more rows together than this: what has come
    /// while the last unit of work was computed is one unit now, and nobody waits for company. Nothing once it is closed.
    pub fn take(&self, rows_max: usize) -> Option<Vec<Question>> {
        let mut waiting = self.waiting();
        while waiting.questions.is_empty() {
            if waiting.closed {
                return None;
            }
            waiting = self.0.bell.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let (mut taken, mut rows) = (Vec::new(), 0);
        while let Some(next) =
            waiting.questions.pop_front_if(|next| taken.is_empty() || rows + next.rows.len() <= rows_max)
        {
            rows += next.rows.len();
            taken.push(next);
        }
        waiting.rows -= rows;
        self.show(&waiting);
        Some(taken)
    }

    /// Takes no more questions; those that wait are still given out.
    pub fn close(&self) {
        self.waiting().closed = true;
        self.0.bell.notify_all();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, waiting: &Waiting) {
        self.0.depth.set(i64::try_from(waiting.rows).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests;
