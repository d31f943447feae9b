//! What limits the daemon, what it searches within them, and what people may ask for.

use adapters::console::{Budget, BurnRate, Choice, Rung, Search};
use policies::search::front::Objective;

use crate::learn::{Learn, State};
use crate::lifecycle::{Stand, Steer};

/// Networks of the front that are named.
const FRONT_MAX: usize = 32;

pub(super) fn budgets(learn: &Learn) -> Vec<Budget> {
    let told = |budget: &crate::learn::Budget| {
        let reading = learn.reading_of(budget);
        Budget {
            name: budget.name().into(),
            kind: budget.kind().name().into(),
            limit: budget.limit(),
            configured: budget.configured(),
            reading: reading.map(|reading| reading.value),
            reading_age_seconds: reading.and_then(|reading| reading.age_seconds),
            set_in: budget.set_in().name().into(),
            set_by: budget.set_in().by().map(str::to_owned),
        }
    };
    learn.state().budgets.iter().map(told).collect()
}

pub(super) fn burn_rates(learn: &Learn) -> Vec<BurnRate> {
    let told = |(name, burn): (&str, &policies::detect::BurnRate)| BurnRate {
        name: name.into(),
        rates: burn.rates().into_iter().filter(|(_, rate)| rate.is_finite()).collect(),
        severity: burn.burning().map(|severity| severity.name().to_owned()),
    };
    learn.state().budgets.burn_rates().map(told).into()
}

pub(super) fn search(learn: &Learn, opened: Option<&str>, closed: Option<&str>) -> Search {
    let state = learn.state();
    let rungs = learn.rungs();
    let now = match (&rungs, opened, closed) {
        (Some(_), Some(opened), _) => opened.to_owned(),
        (Some(_), None, _) => format!("episode {} is under way", state.counts.episodes),
        (None, _, Some(closed)) => format!("No episode is under way; {closed}."),
        (None, _, None) => "No episode is under way, and none has ended since the start.".into(),
    };
    let front = state.front.points().iter().take(FRONT_MAX).map(|point| point.network.clone());
    let rung = |Stand { windows, training, stand, over }| Rung { windows, training, stand, over };
    Search {
        now,
        rungs: rungs.unwrap_or_default().into_iter().map(rung).collect(),
        front: front.collect(),
        objectives: objectives(state),
    }
}

fn objectives(state: &State) -> String {
    let name = |objective| match objective {
        Objective::Bytes => "memory".into(),
        objective => objective.to_string(),
    };
    let mut names: Vec<String> = state.front.axes().iter().map(|axis| name(axis.objective)).collect();
    let last = names.pop().unwrap_or_default();
    if names.is_empty() { last } else { format!("{} and {last}", names.join(", ")) }
}

pub(super) fn choices(learn: &Learn) -> Vec<Choice> {
    let steer = |steer: Steer| Choice::Steer {
        order: steer.name().into(),
        objection: learn.objection(steer).map(str::to_owned),
    };
    let challenger = learn.awaits_approval().map(|(number, _)| number);
    let orders = [Steer::RollBack, Steer::Search, Steer::Pause, Steer::Resume].map(steer);
    std::iter::once(Choice::Promote { challenger }).chain(orders).collect()
}
