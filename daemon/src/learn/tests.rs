//! The learn plane's promises about time: only what was said when the event came counts.

use adapters::kafka::Positions;
use adapters::store::Records;
use model::{
    Activation, Architecture, Block, Context, Edit, EventId, Hyper, Label, Learner, Origin, Record, Row,
    Sample, Timestamp, Truth,
};
use policies::gate::PairedTest;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use super::arms::Challenger;
use super::measure::Source;
use super::path::EvidencePath;
use super::{Learn, Outside};
use crate::config::Config;
use crate::lifecycle::{Effect, Event};
use crate::trials::{Trials, WorkerCommand};

/// Rows between an event and its label.
pub(super) const DELAY: u64 = 150;

/// A plane without trials: no episode opens on its own.
fn plane(folder: &tempfile::TempDir) -> Learn {
    plane_with(folder, "search = { window_outcomes = 100000 }")
}

pub(crate) fn plane_with(folder: &tempfile::TempDir, settings: &str) -> Learn {
    let schema = "[schema]
        classes = [\"a\", \"b\"]
        features = [{ name = \"x\", kind = \"numeric\" }]";
    let config = Config::parse(&format!("{settings}\n{schema}")).expect("a small valid configuration").learn;
    let (records, _) = Records::resume(folder.path(), 0).expect("an empty folder");
    let worker = WorkerCommand { program: "/nowhere".into(), arguments: Vec::new(), seconds_max: 1 };
    let trials = Trials::start(worker).expect("a thread starts");
    let outside = Outside { records, storage: None, trials, waits_for_trials: true };
    Learn::cold(config, outside).expect("a plane can be built")
}

pub(super) fn event(number: u64, value: f32) -> Record {
    let row = Row::new(vec![value]).expect("finite");
    let id = EventId::new(&number.to_string()).expect("short");
    Record::Sample(Sample { id, time: Timestamp(number.cast_signed()), row, external: None })
}

pub(super) fn label(number: u64, class: u32) -> Record {
    let id = EventId::new(&number.to_string()).expect("short");
    Record::Label(Label {
        id,
        time: Timestamp((number + DELAY).cast_signed()),
        truth: Truth::Class(class),
        revision: 0,
    })
}

/// A stream in long runs of one class, on which whoever knows the last labels looks like genius.
pub(crate) fn feed(learn: &mut Learn, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let mut rng = Pcg64::seed_from_u64(number);
        let class = |of: u64| u32::from((of / 100).is_multiple_of(2));
        let mut records = vec![event(number, rng.random_range(-1.0..1.0))];
        records.extend(number.checked_sub(DELAY).map(|of| label(of, class(of))));
        learn.turn(records, Positions::default()).expect("nothing fails");
    }
}

/// The control's twin, in the shadow slot, with learners of its own.
pub(crate) fn place_twin(learn: &mut Learn) {
    let arms = &mut learn.arms;
    let state = arms.pool.arm_state(&arms.control).expect("it can be saved");
    let twins = state.members.into_iter().map(|twin| Learner::restore(twin, &learn.device));
    let twins: Vec<Learner> = twins.collect::<Result<_, _>>().expect("they can be restored");
    let mixture = arms.mixture().expect("the control has all its members");
    let child = |(parent, architecture)| Origin::Child { parent, architecture };
    let edit = Edit(mixture.members.into_iter().enumerate().map(child).collect());
    let arm = arms.pool.edit(&arms.control, &edit, twins).expect("the twins fit");
    arms.challenger = Some(Challenger {
        number: 1,
        arm,
        scorecard: None,
        test: PairedTest::better(0.0, 0.0, 1),
        alpha: 0.05,
        path: EvidencePath::default(),
        from: Positions::default(),
        remembered: None,
        failed: false,
    });
}

#[test]
fn identical_learners_under_delayed_labels_never_promote_one_another() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane(&folder);
    feed(&mut learn, 0..1_000);
    place_twin(&mut learn);
    feed(&mut learn, 1_000..4_000);
    let challenger = learn.arms.challenger.as_ref().expect("nothing dropped it");
    let evidence = challenger.test.evidence();
    assert_eq!(evidence.outcomes, 3_000 - DELAY, "predictions from before it was placed do not count");
    assert!(evidence.log_gain.abs() < 1e-9 && evidence.log_harm.abs() < 1e-9);
    assert_eq!(learn.state().counts.promotions, 0);
}

#[test]
fn a_challenger_is_compared_on_what_was_held_back_only_where_that_is_asked_for() {
    for (quality_on, share) in [("all", 1.0), ("holdback", 0.25)] {
        let settings = format!(
            "search = {{ window_outcomes = 100000 }}
             serve = {{ holdback = 0.25 }}
             gate = {{ quality_on = \"{quality_on}\" }}"
        );
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut learn = plane_with(&folder, &settings);
        place_twin(&mut learn);
        feed(&mut learn, 0..1_000 + DELAY);
        let counts = |of: &u64| EventId::new(&of.to_string()).expect("short").draw() < share;
        let expected = (0..1_000).filter(counts).count() as u64;
        let evidence = learn.arms.quality().expect("it was placed");
        assert_eq!(evidence.outcomes, expected, "{quality_on}");
        assert!(expected.abs_diff((1_000.0 * share) as u64) < 50);
    }
}

#[test]
fn an_outcome_is_scored_by_the_generation_that_answered() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane(&folder);
    feed(&mut learn, 0..DELAY);
    let prior = learn.slot().load();
    assert!(prior.prior_only, "no label has come yet");
    feed(&mut learn, DELAY..DELAY + 120);
    assert!(!learn.slot().load().prior_only, "a champion serves after 100 labels");
    // All 120 outcomes were answered by the prior, whose first class is right for the odd hundreds only.
    let log_loss = learn.state().scores.champion.log_loss();
    assert!((log_loss - 2.0_f64.ln()).abs() < 1e-5, "{log_loss}");
}

#[test]
fn an_event_whose_id_is_known_is_not_taken_twice() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane(&folder);
    let records = vec![event(1, 0.5), event(1, 0.7), label(1, 0), label(1, 1), event(1, 0.9)];
    learn.turn(records, Positions::default()).expect("nothing fails");
    let counts = learn.state().join.counts();
    assert_eq!((counts.joined, counts.duplicate, counts.repeated), (1, 1, 2));
}

#[test]
fn serving_and_learning_go_on_when_every_trial_fails() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings =
        "search = { window_outcomes = 50, rungs = [1], cooldown_outcomes = 100, plateau_outcomes = 100 }";
    let mut learn = plane_with(&folder, settings);
    feed(&mut learn, 0..3_000);
    let counts = learn.state().counts;
    assert!(counts.episodes > 1, "a failed episode does not end the search");
    let under_way = learn.flight.as_ref().map_or(0, |_| 1 + learn.rules.config.search.candidates as u64);
    assert_eq!(
        counts.trials_failed + under_way,
        counts.trials + counts.episodes,
        "the control's trials fail too"
    );
    assert_eq!(learn.state().outcomes, 3_000 - DELAY);
    assert!(counts.refreshes > 1_000 && counts.promotions == 0);
}

fn children(widths: &[u16]) -> Vec<Architecture> {
    let child = |width: &u16| Architecture {
        blocks: vec![Block::plain(*width, Activation::Relu)],
        ..Architecture::linear(Hyper::default())
    };
    widths.iter().map(child).collect()
}

#[test]
fn a_replay_judges_costs_by_the_model_and_a_daemon_by_measurement() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane(&folder);
    assert!(learn.measured().is_none(), "there is no champion");
    feed(&mut learn, 0..DELAY + 120);
    learn.measure_champion();
    let estimated = learn.measured().expect("a champion serves").clone();
    assert_eq!((estimated.source, learn.state().op_cost.observations()), (Source::Estimated, 0));
    place_twin(&mut learn);
    let evidence = learn.evidence().expect("it answers").expect("there is a challenger");
    let upper = evidence.compute_estimate.expect("nothing was measured");
    assert!(evidence.compute_seconds.is_empty() && (upper - estimated.batches[1].upper).abs() < 1e-12);

    learn.waits_for_trials = false;
    learn.measure_champion();
    let measured = learn.measured().expect("a champion serves");
    assert_eq!((measured.source, measured.bytes), (Source::Measured, estimated.bytes));
    assert!(measured.batches.iter().all(|batch| batch.quantiles.iter().all(|seconds| *seconds > 0.0)));
    assert_eq!(learn.state().op_cost.observations(), 2, "the model learns from both");
    assert!(learn.evidence().expect("it answers").is_some_and(|e| e.compute_estimate.is_none()));
    assert_eq!(learn.state().op_cost.observations(), 3);
}

#[test]
fn what_would_break_a_budget_is_not_tried() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane(&folder);
    feed(&mut learn, 0..DELAY + 120);
    let control = learn.arms.mixture().expect("it has all members");
    let members = control.members.len();
    let edits: Vec<Edit> =
        children(&[16, 1024]).into_iter().map(|child| Edit::add(members, 0, child)).collect();
    assert_eq!(learn.affordable(&control, edits.clone()).expect("nothing fails"), edits);
    let between = 0.5 * edits.iter().map(|edit| learn.estimated(&control.edited(edit))).sum::<f64>();
    learn.set_budget("compute_seconds", between);
    assert_eq!(learn.affordable(&control, edits.clone()).expect("nothing fails"), edits[..1]);
    assert_eq!(learn.state().counts.rejected.cost, 1);
    learn.set_budget("memory_bytes", 1.0);
    assert!(learn.affordable(&control, edits).expect("nothing fails").is_empty());
}

/// What is proposed, and whether it is enough for each to be no worse.
fn proposed(learn: &mut Learn) -> Vec<(Edit, bool)> {
    learn.events.clear();
    learn.perform(Effect::Ask(6)).expect("nothing fails");
    let Some(Event::Proposed(candidates)) = learn.events.pop_front() else { panic!("it asked") };
    candidates.into_iter().map(|edit| (edit.clone(), learn.may_cost_quality(&edit))).collect()
}

#[test]
fn where_costs_press_smaller_networks_and_fewer_of_them_are_tried() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane(&folder);
    feed(&mut learn, 0..DELAY + 120);
    learn.measure_champion();
    let upper = learn.measured().expect("a champion serves").batches[1].upper;
    let members = learn.arms.mixture().expect("it has all members").members.len();
    learn.set_budget("compute_seconds", 3.0 * upper);
    let free = proposed(&mut learn);
    assert!(free.iter().all(|(edit, cheaper)| edit.0.len() == members + 1 && !cheaper));

    learn.set_budget("compute_seconds", 1.25 * upper);
    let pressed = proposed(&mut learn);
    let fewer = pressed.iter().filter(|(edit, _)| edit.0.len() < members).count();
    assert!(fewer >= 2 && pressed.iter().all(|(edit, cheaper)| edit.0.len() > members || *cheaper));
    for (edit, cheaper) in &pressed {
        let asked = learn.edited(edit).expect("it fits");
        let (asked, now) = (learn.estimated(&asked), learn.estimated(&learn.arms.mixture().expect("whole")));
        assert_eq!(*cheaper, asked < now, "{edit}");
    }
}

#[test]
fn proxies_reject_half_of_the_candidates_if_they_are_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let candidates = children(&[16, 32, 64, 128]);
    let mut learn = plane_with(&folder, "search = { window_outcomes = 100000, proxies = true }");
    assert_eq!(learn.probed(candidates.clone()), candidates, "without a labelled row there is no mini-batch");
    feed(&mut learn, 0..DELAY + 120);
    let kept = learn.probed(candidates.clone());
    assert_eq!((kept.len(), learn.state().counts.rejected.proxies), (2, 2));
    assert_eq!(learn.probed(candidates.clone()), kept, "nothing is drawn anew");
    learn.rules.config.search.proxies = false;
    assert_eq!(learn.probed(candidates.clone()), candidates);
}

/// Classes nobody can tell beforehand.
fn coin(of: u64) -> u32 {
    Pcg64::seed_from_u64(of).random_range(0..2)
}

#[test]
fn an_event_sees_the_labels_that_had_arrived_when_it_came_and_none_that_came_later() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane(&folder);
    let expected = |event: u64| {
        let mut context = Context::default();
        let arrived = event.saturating_sub(DELAY);
        (arrived.saturating_sub(9)..arrived).for_each(|of| context.observe(&Truth::Class(coin(of))));
        context
    };
    for number in 0..400 {
        let mut records = vec![event(number, 0.5)];
        records.extend(number.checked_sub(DELAY).map(|of| label(of, coin(of))));
        learn.turn(records, Positions::default()).expect("nothing fails");
        let waiting = learn.waiting(&EventId::new(&number.to_string()).expect("short"));
        assert_eq!(waiting.map(|waiting| waiting.context), Some(expected(number)), "event {number}");
    }
    let learned = learn.state().history.since(0);
    assert_eq!(learned.len() as u64, 400 - DELAY);
    for (number, recent) in (0..).zip(learned) {
        assert_eq!(recent.context, expected(number), "what is learned is what was seen");
    }
}

#[test]
fn whoever_sees_the_last_label_follows_labels_that_follow_one_another() {
    let settings = |context: u8| {
        format!(
            "search = {{ window_outcomes = 100000 }}
             mixture = {{ members = [{{ optimiser = \"sgd\", step_size = 0.1, context = {context} }}] }}"
        )
    };
    let log_losses = [0, 1].map(|context| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut learn = plane_with(&folder, &settings(context));
        for number in 0..3_000_u64 {
            // In runs of ten, what was last is right nine times of ten.
            let class = u32::from((number / 10).is_multiple_of(2));
            let records = vec![event(number, 0.5), label(number, class)];
            learn.turn(records, Positions::default()).expect("nothing fails");
        }
        let scores = &learn.state().scores;
        assert!((scores.champion.log_loss() - scores.control.log_loss()).abs() < 0.05, "it is served fresh");
        scores.champion.log_loss()
    });
    assert!(log_losses[1] < 0.45 && log_losses[0] > 0.55, "{log_losses:?}");
}
