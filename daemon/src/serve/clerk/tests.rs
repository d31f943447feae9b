//! What a clerk promises: one generation a unit of work, the displaced one on demand, and refusals that say why.

use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use adapters::oip::{QueueLimits, Told};
use model::{Device, EventId, Feature, FeatureKind, Generation, Model, Objective, Schema, Target, Timestamp};
use serde_json::Value;
use tokio::sync::oneshot;

use super::*;
use crate::slot::Standing;

type Answered = oneshot::Receiver<Result<Answers, Refusal>>;

fn schema(features: usize) -> Arc<Schema> {
    let feature = |at| Feature { name: format!("x{at}"), kind: FeatureKind::Numeric };
    let target = Target::Classification { classes: vec!["no".into(), "yes".into()] };
    Arc::new(Schema::new((0..features).map(feature).collect(), target, Objective::default()).expect("valid"))
}

fn served(generation: u64, features: usize) -> Served {
    let model = Model::prior(schema(features), &[generation, 1], &Device::cpu()).expect("a prior");
    Served { generation: Generation(generation), model, prior_only: false, standing: Standing::Champion }
}

/// A clerk over a slot in which 7 serves and 5 was displaced, and what it tells.
fn clerk(holdback: f64) -> (Clerk, Receiver<Entry>) {
    let slot = crate::slot::open(served(5, 2)).expect("a slot");
    slot.replace(served(7, 2));
    let telemetry = Telemetry::new();
    let limits = QueueLimits { questions_max: 9, rows_max: 99 };
    let queue = Queue::new(limits, telemetry.front.queue_rows.clone());
    let (told, telling) = sync_channel(1);
    let clock = Clock::starting_at(Timestamp(9));
    let stats = Arc::default();
    let clerk = Clerk {
        lately: None,
        slot: Arc::new(slot),
        queue,
        stats,
        telemetry,
        clock,
        rows_max: 2,
        holdback,
        told: Some(told),
    };
    (clerk, telling)
}

fn question(rows: usize, values: usize, version: Option<u64>) -> (Question, Answered) {
    let (reply, answered) = oneshot::channel();
    let row = |_| Row::new(vec![0.0; values]).expect("finite");
    let ids = (0..rows).map(|at| EventId::new(&format!("e/{at}")).expect("short")).collect();
    let told = (0..rows).map(|row| Told { row, event: Value::Null }).collect();
    let question = Question {
        rows: (0..rows).map(row).collect(),
        ids,
        version: version.map(Generation),
        told,
        asked: Instant::now(),
        until: Instant::now() + Duration::from_mins(10),
        reply,
    };
    (question, answered)
}

fn heard(mut answered: Answered) -> Result<Answers, Refusal> {
    answered.try_recv().expect("it was answered")
}

#[test]
fn each_is_answered_by_the_version_it_names() {
    let (clerk, _telling) = clerk(0.0);
    let (plain, any) = question(3, 2, None);
    let (named, seven) = question(1, 2, Some(7));
    let (old, five) = question(1, 2, Some(5));
    let (gone, six) = question(1, 2, Some(6));
    clerk.answer(vec![plain, named, old, gone]);
    let any = heard(any).expect("an answer");
    assert_eq!((any.generation, any.answers.len()), (Generation(7), 3));
    assert_eq!(heard(seven).expect("an answer").generation, Generation(7));
    let five = heard(five).expect("an answer");
    assert!(five.generation == Generation(5) && (five.answers[0].output.0[1] - 0.25).abs() < 1e-6);
    let refusal = heard(six).expect_err("it never was");
    assert!(refusal.reason == Reason::NotFound && refusal.message.contains("there is 7 and 5"), "{refusal}");
    assert_eq!(clerk.telemetry.front.rows.get(), 5);
    clerk.slot.release();
    let (old, five) = question(1, 2, Some(5));
    clerk.answer(vec![old]);
    assert_eq!(heard(five).expect_err("its watch has ended").reason, Reason::NotFound);
}

#[test]
fn what_comes_too_late_is_not_computed() {
    let (clerk, _telling) = clerk(0.0);
    let (mut late, answered) = question(1, 2, None);
    late.until = Instant::now().checked_sub(Duration::from_millis(1)).expect("the machine is up for longer");
    let (left, _) = question(1, 2, None);
    clerk.answer(vec![late, left]);
    assert_eq!(heard(answered).expect_err("late").reason, Reason::Late);
    assert_eq!(clerk.telemetry.front.rows.get(), 0, "nor what nobody waits for");
}

#[test]
fn rows_of_another_width_are_those_of_a_schema_that_grew_or_rolled_back() {
    let (clerk, _telling) = clerk(1.0);
    for values in [1, 3] {
        let (question, answered) = question(1, values, None);
        clerk.answer(vec![question]);
        assert!(heard(answered).expect("an answer").answers[0].holdback);
    }
}

#[test]
fn what_is_told_never_holds_up_an_answer() {
    let (clerk, telling) = clerk(0.0);
    let (many, answered) = question(3, 2, None);
    clerk.answer(vec![many]);
    assert_eq!(heard(answered).expect("an answer").answers.len(), 3);
    let entry = telling.try_recv().expect("one found room");
    assert_eq!((entry.id.as_str(), entry.generation, entry.time), ("e/0", Generation(7), Timestamp(9)));
    assert_eq!(clerk.telemetry.front.untold.get(), 2);
}

#[tokio::test]
async fn a_closed_queue_ends_it_after_the_last_question() {
    let (clerk, _telling) = clerk(0.0);
    let (last, answered) = question(1, 2, None);
    assert!(clerk.queue.ask(last).is_ok());
    clerk.queue.close();
    clerk.run().await;
    assert!(heard(answered).is_ok());
}
