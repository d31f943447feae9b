//! A trial is known by what decides it, and what another release says is understood as far as it has to be.

use model::{Architecture, DeviceChoice, Edit, Hyper};

use super::*;

pub(crate) fn trial(number: u64, seed: u64) -> Trial {
    let edit = Edit::add(1, 0, Architecture::linear(Hyper::default()));
    Trial {
        number,
        edit,
        seed,
        keep: false,
        rejection: None,
        compute_batch: None,
        stressing: None,
        relaxing: None,
    }
}

pub(crate) fn letter(trial: Trial) -> Letter {
    let stretch = Address { digest: "0".repeat(64), partition: 0, offset: 3 };
    Letter { stretch, good_for_seconds: 9, trial }
}

pub(crate) fn own() -> Stamp {
    Stamp::of(DeviceChoice::Cpu)
}

#[test]
fn a_trial_is_known_by_all_that_decides_it_and_by_nothing_else() {
    let of = |stretch: &str, trial: &Trial| question(&own(), stretch, trial);
    let usual = of("a", &trial(1, 1));
    assert_eq!(usual, of("a", &trial(2, 1)), "its number is only a number");
    let others = [
        of("b", &trial(1, 1)),
        of("a", &trial(1, 2)),
        of("a", &Trial { edit: Edit::none(1), ..trial(1, 1) }),
        of("a", &Trial { keep: true, ..trial(1, 1) }),
        of("a", &Trial { rejection: Some(Rejecting { alpha: 0.1, loss_max: 0.0 }), ..trial(1, 1) }),
        of("a", &Trial { compute_batch: Some(1), ..trial(1, 1) }),
        of("a", &Trial { stressing: Some(Stressing { seed: 1, numbers: vec![0] }), ..trial(1, 1) }),
        of("a", &Trial { stressing: Some(Stressing { seed: 1, numbers: vec![0, 1] }), ..trial(1, 1) }),
        of("a", &Trial { relaxing: Some(Relaxing { member: 0, edges: vec![] }), ..trial(1, 1) }),
        question(&Stamp { version: "0.0.0".into(), ..own() }, "a", &trial(1, 1)),
    ];
    for (at, other) in others.iter().enumerate() {
        assert!(*other != usual && !others[..at].contains(other), "{at}");
    }
}

#[test]
fn letters_say_what_was_written() {
    let wanted = letter(trial(7, 1));
    let read = read_asked(&own(), &ask(&own(), "q", &wanted));
    assert_eq!(read, Ok(("q".into(), Asked::Trial(Box::new(wanted)))));
    let from = Speaker { worker: "w".into(), owns: vec![1, 2], question: "q".into() };
    let news = News::Answer(TrialReply::failed(7, "why".into()));
    let (who, news) = read_said(&own(), &say(&own(), &from, &news)).expect("it can be read");
    assert!(matches!(news, News::Answer(TrialReply::Failed { number: 7, reason }) if reason == "why"));
    assert_eq!(who, from);
}

#[test]
fn what_another_release_writes_is_understood_as_far_as_it_has_to_be() {
    let other = Stamp { protocol: PROTOCOL + 1, ..own() };
    // Of the rest nothing is known.
    let mut asked = ask(&other, "q", &letter(trial(1, 1)));
    asked.truncate(asked.len() - 4);
    assert_eq!(read_asked(&own(), &asked), Ok(("q".into(), Asked::Stranger(other.clone()))));
    let from = Speaker { worker: "w".into(), owns: vec![], question: "q".into() };
    let mut said = say(&other, &from, &News::Answer(TrialReply::failed(1, String::new())));
    said.pop();
    match read_said(&own(), &said) {
        Ok((_, News::Refused(why))) => {
            assert!(why.contains("worker w is") && why.contains(&format!("protocol {PROTOCOL}")), "{why}");
        }
        other => panic!("{other:?}"),
    }
    assert!(read_asked(&own(), b"\xff").is_err() && read_said(&own(), b"\x01").is_err());
}
