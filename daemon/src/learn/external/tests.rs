//! What the learn plane promises beside a champion that is not ours: it takes over from one that is worse, never from one
//! that is as good as can be, and gives way again where it does harm.

use adapters::kafka::Positions;
use adapters::store::Records;
use model::{EventId, ExternalAnswer, Generation, Output, Record, Sample};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use crate::config::Config;
use crate::learn::tests::{DELAY, event, label, plane_with};
use crate::learn::{External, Learn, LearnError, Outside, Snapshot};
use crate::lifecycle::Steer;
use crate::slot::Standing;
use crate::telemetry::AuditEvent;
use crate::trials::{Trials, WorkerCommand};

const SETTINGS: &str = "champion = { external = \"events\" }
    mixture = { members = [{}] }
    search = { window_outcomes = 100000, cooldown_outcomes = 200 }
    watch = { outcomes = 1000 }";

/// What the world is like, and what the other one says of it.
struct World {
    rng: Pcg64,
    number: u64,
    truths: Vec<u32>,
    /// How often the other one is wrong.
    wrong: f64,
    /// Whether nothing that is seen says what is true.
    noise: bool,
    /// Events that come without its answer, one in so many.
    silent_every: u64,
    /// Whether it tells how sure it is.
    tells_odds: bool,
}

impl World {
    fn new(wrong: f64) -> Self {
        let rng = Pcg64::seed_from_u64(5);
        Self {
            rng,
            number: 0,
            truths: Vec::new(),
            wrong,
            noise: false,
            silent_every: u64::MAX,
            tells_odds: false,
        }
    }

    fn records(&mut self) -> Vec<Record> {
        let (number, x) = (self.number, self.rng.random_range(-1.0..1.0_f32));
        let truth = if self.noise { u32::from(self.rng.random_bool(0.5)) } else { u32::from(x > 0.0) };
        let said = if self.rng.random_bool(self.wrong) { 1 - truth } else { truth };
        let odds = Output(if said == 0 { [0.9, 0.1] } else { [0.1, 0.9] }.into());
        let said = if self.tells_odds { ExternalAnswer::Output(odds) } else { ExternalAnswer::Class(said) };
        let Record::Sample(sample) = event(number, x) else { unreachable!("it is an event") };
        let external = (!(number + 1).is_multiple_of(self.silent_every)).then_some(said);
        let mut records = vec![Record::Sample(Sample { external, ..sample })];
        let due = number.checked_sub(DELAY);
        records.extend(due.map(|of| label(of, self.truths[usize::try_from(of).expect("it fits")])));
        self.truths.push(truth);
        self.number += 1;
        records
    }

    fn feed(&mut self, learn: &mut Learn, count: u64) -> Result<(), LearnError> {
        (0..count).try_for_each(|_| learn.turn(self.records(), Positions::default()))
    }
}

fn standing(learn: &Learn) -> (Standing, Generation) {
    let served = learn.slot().load();
    (served.standing, served.generation)
}

#[test]
fn one_that_is_often_wrong_is_taken_over_from_and_one_that_never_is_stays() -> Result<(), LearnError> {
    for (wrong, tells_odds, takes_over) in [(0.4, false, true), (0.4, true, true), (0.0, false, false)] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut learn = plane_with(&folder, SETTINGS);
        let mut world = World { tells_odds, ..World::new(wrong) };
        assert_eq!(standing(&learn).0, Standing::Shadow, "the other one serves from the start");
        world.feed(&mut learn, 3_000)?;
        assert_eq!(learn.state().counts.takeovers, u64::from(takes_over), "{wrong}");
        assert_eq!(standing(&learn).0 == Standing::Champion, takes_over, "{wrong}");
        let external = learn.arms().external.as_ref().expect("there is one");
        assert!(
            (external.tally().accuracy() - (1.0 - wrong)).abs() < 0.05,
            "{}",
            external.tally().accuracy()
        );
    }
    Ok(())
}

#[test]
fn one_that_only_decides_does_not_lose_for_not_telling_how_sure_it_is() -> Result<(), LearnError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, SETTINGS);
    // Nobody can know more than that both are as likely: the odds of ours cost less, its decisions do not.
    let mut world = World { noise: true, ..World::new(0.5) };
    world.feed(&mut learn, 6_000)?;
    assert_eq!(learn.state().counts.takeovers, 0);
    Ok(())
}

#[test]
fn events_without_its_answer_are_counted_and_not_compared() -> Result<(), LearnError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, SETTINGS);
    let mut world = World { silent_every: 4, ..World::new(0.0) };
    world.feed(&mut learn, 800)?;
    let external = learn.arms().external.as_ref().expect("there is one");
    assert_eq!(external.answers(), [600, 200]);
    assert_eq!(
        external.tally().seen(),
        (800 - DELAY).div_ceil(4) * 3 - 1,
        "of the labelled ones, three in four"
    );
    let mut silent = World { silent_every: 1, ..World::new(0.0) };
    let mut learn = plane_with(&folder, SETTINGS);
    silent.feed(&mut learn, 800)?;
    let (quality, _) = learn.contested().expect("it has begun");
    assert_eq!((quality.outcomes, learn.state().counts.takeovers), (0, 0), "nothing was compared");
    Ok(())
}

#[test]
fn a_takeover_that_does_harm_is_taken_back_and_the_other_one_serves_again() -> Result<(), LearnError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, SETTINGS);
    let mut world = World::new(0.4);
    while learn.state().counts.takeovers == 0 {
        world.feed(&mut learn, 1)?;
    }
    let (_, taken) = standing(&learn);
    assert!(learn.arms().watch().is_some(), "it is watched");
    (world.wrong, world.noise) = (0.0, true);
    world.feed(&mut learn, 900)?;
    assert_eq!((standing(&learn).0, learn.state().counts.rollbacks), (Standing::Shadow, 1));
    assert!(learn.arms().watch().is_none() && learn.arms().external.as_ref().is_some_and(External::serves));
    let told = learn.happened();
    let back = told.iter().find_map(|event| match event {
        AuditEvent::HandedBack { replaces, .. } => Some(*replaces),
        _ => None,
    });
    assert!(back >= Some(taken), "{back:?} is what had taken over, or newer weights of it");
    world.feed(&mut learn, 100)?;
    assert!(learn.contested().is_none(), "no other contest before the pause is over");
    Ok(())
}

#[test]
fn a_takeover_that_does_no_harm_is_kept() -> Result<(), LearnError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, SETTINGS);
    let mut world = World::new(0.4);
    world.feed(&mut learn, 3_000)?;
    assert_eq!((learn.state().counts.takeovers, learn.state().counts.rollbacks), (1, 0));
    assert!(learn.arms().watch().is_none() && learn.slot().displaced().is_none(), "its watch has ended");
    // It need not answer any more.
    world.silent_every = 1;
    world.feed(&mut learn, 500)?;
    assert_eq!(standing(&learn).0, Standing::Champion);
    Ok(())
}

#[test]
fn a_person_is_asked_about_the_takeover_only() -> Result<(), LearnError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = format!("gate = {{ approval = \"promotions\" }}\n{SETTINGS}");
    let mut learn = plane_with(&folder, &settings);
    let mut world = World::new(0.4);
    world.feed(&mut learn, 1_500)?;
    assert_eq!(learn.state().counts.takeovers, 0);
    let (number, _) = learn.awaits_approval().expect("it has passed");
    assert!(learn.approve(Some(number + 1), "ada")?.is_err());
    assert!(learn.approve(Some(number), "ada")?.is_ok());
    world.feed(&mut learn, 1)?;
    assert_eq!(learn.state().counts.takeovers, 1);
    Ok(())
}

/// Where it left off, under the same configuration or another.
fn resumed(learn: &Learn, settings: &str) -> (tempfile::TempDir, Learn) {
    let served = learn.slot().load();
    let bytes = learn.snapshot(&served).and_then(|saved| saved.to_bytes()).expect("it can be taken");
    let schema = "[schema]
        classes = [\"a\", \"b\"]
        features = [{ name = \"x\", kind = \"numeric\" }]";
    let config = Config::parse(&format!("{settings}\n{schema}")).expect("valid").learn;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (records, _) = Records::resume(folder.path(), 0).expect("an empty folder");
    let worker = WorkerCommand { program: "/nowhere".into(), arguments: Vec::new(), seconds_max: 1 };
    let trials = Trials::start(worker).expect("a thread starts");
    let outside = Outside { records, storage: None, trials, waits_for_trials: true };
    let saved = Snapshot::from_bytes(&bytes).expect("it was just written");
    (folder, Learn::resume(config, saved, outside).expect("it goes on"))
}

#[test]
fn a_restart_goes_on_and_a_configuration_without_the_other_one_ends_it() -> Result<(), LearnError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, SETTINGS);
    let mut world = World::new(0.4);
    world.feed(&mut learn, 170)?;
    let alone = SETTINGS.replace("\"events\"", "\"\"");
    assert!(learn.contested().is_some());
    let (_folder, again) = resumed(&learn, SETTINGS);
    assert_eq!((standing(&again), again.contested()), (standing(&learn), learn.contested()));
    let (_folder, ours) = resumed(&learn, &alone);
    assert_eq!((standing(&ours).0, ours.contested()), (Standing::Champion, None));

    while learn.state().counts.takeovers == 0 {
        world.feed(&mut learn, 1)?;
    }
    let (_folder, again) = resumed(&learn, SETTINGS);
    assert_eq!(standing(&again).0, Standing::Champion);
    assert_eq!(again.arms().watch(), learn.arms().watch(), "it is watched on");
    let (_folder, mut ours) = resumed(&learn, &alone);
    ours.turn(vec![event(90_000, 0.5)], Positions::default())?;
    assert!(ours.arms().watch().is_none() && standing(&ours).0 == Standing::Champion);
    let (_folder, again) = resumed(&ours, SETTINGS);
    assert_eq!(standing(&again).0, Standing::Shadow, "one that is configured anew serves until it is beaten");
    Ok(())
}

#[test]
fn what_it_had_said_is_kept_with_the_event() -> Result<(), LearnError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, SETTINGS);
    World::new(1.0).feed(&mut learn, 3)?;
    let id = EventId::new("2").expect("short");
    let prediction = learn.waiting(&id).expect("it waits for its label");
    assert!(matches!(prediction.answers.external, Some(ExternalAnswer::Class(_))));
    Ok(())
}

#[test]
fn a_person_hands_back_by_name_and_what_goes_back_later_is_not_theirs() -> Result<(), LearnError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, SETTINGS);
    let mut world = World::new(0.4);
    while learn.state().counts.takeovers == 0 {
        world.feed(&mut learn, 1)?;
    }
    learn.steer(Steer::RollBack, "ada")?.expect("it is watched");
    world.feed(&mut learn, 1)?;
    assert_eq!((standing(&learn).0, learn.state().counts.rollbacks), (Standing::Shadow, 1));
    assert_eq!(reasons(&mut learn), ["ada ordered it"]);
    while learn.state().counts.takeovers == 1 {
        world.feed(&mut learn, 1)?;
    }
    (world.wrong, world.noise) = (0.0, true);
    world.feed(&mut learn, 900)?;
    assert_eq!(learn.state().counts.rollbacks, 2);
    let reasons = reasons(&mut learn);
    assert!(reasons.len() == 1 && !reasons[0].contains("ada"), "{reasons:?}");
    Ok(())
}

/// Why the other one served again, since this was asked last.
fn reasons(learn: &mut Learn) -> Vec<String> {
    let told = learn.happened().into_iter();
    told.filter_map(|event| match event {
        AuditEvent::HandedBack { why, .. } => Some(why),
        _ => None,
    })
    .collect()
}
