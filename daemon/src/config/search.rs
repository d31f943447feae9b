//! The section of the search: what its values may be.
//!
//! Lives here: their checks. Does not live here: what they are called (that is [`super::raw`]).

use policies::search::front::{NotPreferred, Objective, Preference};
use policies::search::predictor::AnyPredictor;
use policies::search::{AnyProposer, AnyScheduler, RecallBy};

use super::raw::Search;
use super::{ConfigError, refuse};

/// Mixtures from before drifts that are kept, at most.
const MEMORY_MODELS_MAX: usize = 64;

impl Search {
    /// By what genomes of earlier episodes are compared.
    pub fn recall_by(&self) -> RecallBy {
        RecallBy::named(&self.recall_by).expect("the name was checked with the configuration")
    }

    /// Which of those that won is preferred.
    pub(super) fn preference(&self) -> Result<Preference, ConfigError> {
        let preference: Preference = self.prefer.parse().or_else(|error: NotPreferred| {
            refuse(format!("`search.prefer` is \"{}\"; {error}", self.prefer))
        })?;
        if preference.asks_for(Objective::RobustLoss) && !self.robust {
            return refuse(format!(
                "`search.prefer` is \"{}\", but nobody is put under stress; set `search.robust`, too",
                self.prefer
            ));
        }
        Ok(preference)
    }
}

/// Refuses words that name nothing.
fn names(search: &Search) -> Result<(), ConfigError> {
    for (key, word, known) in [
        ("proposer", &search.proposer, AnyProposer::NAMES.as_slice()),
        ("predictor", &search.predictor, &AnyPredictor::NAMES),
        ("scheduler", &search.scheduler, &AnyScheduler::NAMES),
        ("recall_by", &search.recall_by, &RecallBy::NAMES),
    ] {
        if !known.contains(&word.as_str()) {
            return refuse(format!("`search.{key}` is \"{word}\"; give one of {}", known.join(", ")));
        }
    }
    Ok(())
}

/// Refuses what cannot be searched by.
pub(super) fn check(search: &Search) -> Result<(), ConfigError> {
    if search.window_outcomes < 20 {
        return refuse(format!("`search.window_outcomes` is {}; give 20 or more", search.window_outcomes));
    }
    let rungs = &search.rungs;
    if rungs.is_empty() || rungs[0] == 0 || rungs.windows(2).any(|pair| pair[0] >= pair[1]) {
        return refuse("`search.rungs` has to be a growing list of windows, such as [1, 3, 9]");
    }
    if !(1..=model::mixture::MEMBERS_MAX).contains(&search.members_max) {
        return refuse(format!(
            "`search.members_max` is {}; give 1 to {}",
            search.members_max,
            model::mixture::MEMBERS_MAX
        ));
    }
    if search.context_max > model::context::CONTEXT_MAX {
        return refuse(format!(
            "`search.context_max` is {}; give 0 to {}",
            search.context_max,
            model::context::CONTEXT_MAX
        ));
    }
    if !(1..=model::architecture::COMMITTEE_MAX).contains(&search.committee_max) {
        return refuse(format!(
            "`search.committee_max` is {}; give 1 to {}",
            search.committee_max,
            model::architecture::COMMITTEE_MAX
        ));
    }
    if search.elastic && (search.exits || search.committee_max > 1) {
        return refuse(
            "`search.elastic` is for networks with one answer; leave out `search.exits`, and give \
             `search.committee_max = 1`",
        );
    }
    if !(0.0..=1.0).contains(&search.shrink_above) {
        return refuse(format!("`search.shrink_above` is {}; give 0 to 1", search.shrink_above));
    }
    if search.memory_models > MEMORY_MODELS_MAX {
        return refuse(format!(
            "`search.memory_models` is {}; give 0 to {MEMORY_MODELS_MAX}",
            search.memory_models
        ));
    }
    names(search)?;
    if !(0.0..1.0).contains(&search.rejection_alpha) {
        return refuse(format!("`search.rejection_alpha` is {}; give 0 to 1", search.rejection_alpha));
    }
    if search.eta < 2 {
        return refuse(format!("`search.eta` is {}; give 2 or more", search.eta));
    }
    Ok(())
}
