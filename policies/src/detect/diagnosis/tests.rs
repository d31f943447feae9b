//! Kinds and remedies, by their signs.

use super::*;

#[test]
fn the_kind_follows_from_the_signs() {
    let none = Signs::default();
    let explained = Signs { features: true, explained: Some(0.9), ..none };
    let cases = [
        (none, Sense::Champion, DriftKind::Concept),
        (none, Sense::Features, DriftKind::Covariate),
        (Signs { features: true, explained: Some(0.1), ..none }, Sense::Reference, DriftKind::Covariate),
        (explained, Sense::Features, DriftKind::Label),
        (explained, Sense::Reference, DriftKind::Label),
        (Signs { shares_only: true, ..none }, Sense::Labels, DriftKind::Label),
        (none, Sense::Labels, DriftKind::Concept),
        (Signs { recurs: true, ..explained }, Sense::Champion, DriftKind::Recurring),
        (Signs { feed: true, ..explained }, Sense::Champion, DriftKind::LabelFeed),
        (Signs { feed: true, ..none }, Sense::Rows, DriftKind::Covariate),
        (none, Sense::Feed, DriftKind::LabelFeed),
    ];
    for (signs, sense, expected) in cases {
        assert_eq!(signs.kind(sense), expected, "{signs:?}, {sense:?}");
    }
}

#[test]
fn what_fits_the_past_and_errs_is_regularised_and_what_does_not_fit_grows() {
    let loss = Some(LossRise { before: 0.1, now: 0.3 });
    let concept = |fit| advice(DriftKind::Concept, &[], loss, fit);
    assert_eq!(concept(Some(0.12)), Advice::Regularise);
    assert_eq!(concept(Some(0.28)), Advice::Grow);
    assert_eq!(concept(None), Advice::Retrain);
    assert_eq!(advice(DriftKind::Concept, &[], None, Some(0.1)), Advice::Retrain);
    assert_eq!(advice(DriftKind::Label, &[], loss, Some(0.1)), Advice::CorrectPrior);
}
