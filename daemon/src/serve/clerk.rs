//! Clerk: answers what waits, unit of work by unit of work.
//!
//! Lives here: [`Clerk`], from questions to their answers. May not: read a request, or wait for anything but questions.
//!
//! A unit of work is what has come while the last one was computed. Each loads the slot once. It is computed on the thread that
//! reads the requests and writes the answers: to hand a row of a few microseconds to another thread and back costs as much as
//! to answer it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use adapters::oip::{Answer, Answers, Question, Queue, Reason, Refusal, Stats, no_version};
use model::{Output, Row};

use super::answerer::compute;
use super::lately::Lately;
use super::ledger::Entry;
use crate::clock::Clock;
use crate::slot::{Served, Slot, Standing};
use crate::telemetry::Telemetry;

/// Answers what waits.
pub(super) struct Clerk {
    pub(super) slot: Arc<Slot>,
    pub(super) queue: Queue,
    /// Counts for those who ask.
    pub(super) stats: Arc<Stats>,
    pub(super) telemetry: Telemetry,
    pub(super) clock: Clock,
    /// Rows in one unit of work.
    pub(super) rows_max: usize,
    /// Share of rows, by their id, whose answer is not to be acted on.
    pub(super) holdback: f64,
    /// Where rows go that are told, if any are.
    pub(super) told: Option<SyncSender<Entry>>,
    /// What is known of the events before each one, where they carry any.
    pub(super) lately: Option<Lately>,
}

impl Clerk {
    /// Answers until the queue is closed and empty.
    pub(super) async fn run(self) {
        while let Some(questions) = self.queue.take(self.rows_max).await {
            // Whoever asked hears that the answer was lost; whoever asks next is answered.
            if catch_unwind(AssertUnwindSafe(|| self.answer(questions))).is_err() {
                tracing::error!("a unit of work panicked; see the log above");
            }
        }
    }

    fn answer(&self, questions: Vec<Question>) {
        let served = self.slot.load();
        let (mut of_current, mut of_others) = (Vec::new(), Vec::new());
        for question in questions {
            self.stats.waited(question.asked.elapsed());
            if question.reply.is_closed() {
                // Nobody waits any more.
            } else if Instant::now() > question.until {
                refuse(
                    question,
                    Refusal::new(Reason::Late, "the answer would come too late; try again soon"),
                );
            } else if question.version.is_none_or(|version| version == served.generation) {
                of_current.push(question);
            } else {
                of_others.push(question);
            }
        }
        self.answer_from(&served, of_current);
        if !of_others.is_empty() {
            self.answer_others(&served, of_others);
        }
    }

    /// Those that name a version that does not serve: the displaced one, or one that is gone by now.
    fn answer_others(&self, served: &Served, questions: Vec<Question>) {
        let displaced = self.slot.displaced();
        let known = displaced.as_ref().map(|displaced| displaced.generation);
        let (found, gone): (Vec<_>, Vec<_>) =
            questions.into_iter().partition(|question| known.is_some() && question.version == known);
        if let Some(displaced) = displaced {
            self.answer_from(&displaced, found);
        }
        for question in gone {
            let wanted = question.version.unwrap_or(served.generation);
            refuse(question, no_version(wanted, served.generation, known));
        }
    }

    fn answer_from(&self, served: &Served, mut questions: Vec<Question>) {
        let features = served.model.schema().features().len();
        let rows: Vec<Row> =
            questions.iter_mut().flat_map(|question| self.rows_of(question, features)).collect();
        let started = Instant::now();
        let Some(outputs) = self.outputs(served, &rows) else {
            for question in questions {
                refuse(
                    question,
                    Refusal::new(Reason::Internal, "the model cannot answer; see the log of the daemon"),
                );
            }
            return;
        };
        let (rows, units) = (outputs.len(), outputs.len().div_ceil(self.rows_max));
        self.stats.computed(questions.len(), rows, units, started.elapsed(), self.clock.now());
        self.telemetry.front.rows.inc_by(rows as u64);
        let mut outputs = outputs.into_iter();
        for question in questions {
            let answers = question.ids.iter().zip(outputs.by_ref()).map(|(id, output)| {
                let decision = model::decide(served.model.schema(), &output);
                Answer { output, decision, holdback: id.draw() < self.holdback }
            });
            let answers = answers.collect();
            self.reply(served, question, answers);
        }
    }

    /// The rows of a question, with what they carry. Those that are told come back as events: what is known of them here is
    /// known already.
    fn rows_of(&self, question: &mut Question, features: usize) -> Vec<Row> {
        let rows = std::mem::take(&mut question.rows).into_iter().map(|row| row.resized(features));
        let Some(lately) = &self.lately else { return rows.collect() };
        let now = self.clock.now();
        // In the order of the rows.
        let mut told = question.told.iter().map(|told| told.row).peekable();
        let carrying = |(at, row)| {
            let Some(id) = question.ids.get(at) else { return row };
            let row = lately.carrying(id, now, row);
            if told.next_if_eq(&at).is_some() {
                lately.observe(id, now, &row);
            }
            row
        };
        rows.enumerate().map(carrying).collect()
    }

    /// The outputs of all rows, computed in units of a size; none if the model cannot answer.
    fn outputs(&self, served: &Served, rows: &[Row]) -> Option<Vec<Output>> {
        let mut outputs = Vec::with_capacity(rows.len());
        for unit in rows.chunks(self.rows_max) {
            let unit: Vec<&Row> = unit.iter().collect();
            outputs.extend(compute(&self.slot, &self.telemetry, served, &unit)?);
        }
        Some(outputs)
    }

    fn reply(&self, served: &Served, question: Question, answers: Vec<Answer>) {
        let Question { ids, told, reply, .. } = question;
        let entries: Vec<Entry> = told
            .into_iter()
            .filter_map(|told| {
                Some(Entry {
                    id: ids.get(told.row)?.clone(),
                    time: self.clock.now(),
                    generation: served.generation,
                    schema: Arc::clone(served.model.schema()),
                    decision: answers.get(told.row)?.decision,
                    event: told.event,
                })
            })
            .collect();
        let answers = Answers {
            generation: served.generation,
            schema: Arc::clone(served.model.schema()),
            prior_only: served.prior_only,
            shadow: served.standing == Standing::Shadow,
            answers,
        };
        // Whoever asked may have gone; what was answered is told all the same.
        reply.send(Ok(answers)).ok();
        let Some(ledger) = &self.told else { return };
        for entry in entries {
            if ledger.try_send(entry).is_err() {
                self.telemetry.front.untold.inc();
            }
        }
    }
}

fn refuse(question: Question, refusal: Refusal) {
    // Whoever asked may have gone.
    question.reply.send(Err(refusal)).ok();
}

#[cfg(test)]
mod tests;
