//! What waits to be answered: a bounded queue between those who talk and those who compute.
//!
//! Lives here: [`Queue`], which takes a question at once or not at all, and gives out as many as make a unit of work. May
//! not: answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use model::{EventId, Generation, Row};
use prometheus::IntGauge;
use serde_json::Value;
use tokio::sync::{Notify, oneshot};
use tokio::task::yield_now;

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
    /// What is told of them once they are answered, in the order of the rows.
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
    bell: Notify,
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
        Self(Arc::new(Inner { waiting: Mutex::default(), bell: Notify::new(), limits, depth }))
    }

    /// Whether another question as large as those that wait would find room: what would not is better not read at all.
    pub fn has_room(&self) -> bool {
        let (waiting, limits) = (self.waiting(), self.0.limits);
        let questions = waiting.questions.len();
        let usual = waiting.rows.checked_div(questions).unwrap_or_default();
        !waiting.closed && questions < limits.questions_max && waiting.rows + usual <= limits.rows_max
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

    /// Waits for a question, and takes with it those behind it that are not more rows together than this. Nothing once it is
    /// closed.
    ///
    /// Whoever else has something to do on this thread comes first: what has come while the last unit of work was computed is
    /// read by then, and is one unit now. Nobody waits for company beyond that.
    pub async fn take(&self, rows_max: usize) -> Option<Vec<Question>> {
        loop {
            // Made before it is looked whether there is something, so that nothing rings unheard in between.
            let ringing = self.0.bell.notified();
            yield_now().await;
            {
                let waiting = self.waiting();
                if !waiting.questions.is_empty() {
                    return Some(self.unit(waiting, rows_max));
                }
                if waiting.closed {
                    return None;
                }
            }
            ringing.await;
        }
    }

    /// The first that wait, as many as are no more rows together than this, or one that is larger.
    fn unit(&self, mut waiting: MutexGuard<'_, Waiting>, rows_max: usize) -> Vec<Question> {
        let (mut taken, mut rows) = (Vec::new(), 0);
        while let Some(next) =
            waiting.questions.pop_front_if(|next| taken.is_empty() || rows + next.rows.len() <= rows_max)
        {
            rows += next.rows.len();
            taken.push(next);
        }
        waiting.rows -= rows;
        self.show(&waiting);
        if !waiting.questions.is_empty() {
            // For another who may be waiting.
            self.0.bell.notify_one();
        }
        taken
    }

    /// Takes no more questions; those that wait are still given out.
    pub fn close(&self) {
        self.waiting().closed = true;
        self.0.bell.notify_waiters();
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
