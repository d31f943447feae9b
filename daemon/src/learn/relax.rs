//! Relax: what a relaxed network says, for a proposer that wants to hear it.
//!
//! Lives here: asking for its trial before candidates are proposed, and turning strengths into leads. Does not live here: the
//! trial (that is the worker's), who is proposed (that is `policies`').

use std::collections::BTreeMap;

use model::relaxation::{Strengths, discretised};
use model::{Architecture, Genome};
use policies::search::relaxed::LEADS_MAX;
use policies::search::{Leads, Question};

use super::flight::{Asked, Purpose};
use super::{Learn, LearnError};
use crate::telemetry::AuditEvent;
use crate::trials::protocol::Relaxing;

impl Learn {
    /// Whether a relaxed trial of this member was sent, after which the proposer is asked for so many. Once an episode: by
    /// the end of it another member may count most. Where a network is as deep as may be there is nothing to ask.
    pub(super) fn relaxes(
        &mut self,
        parent: &Architecture,
        member: usize,
        count: usize,
    ) -> Result<bool, LearnError> {
        let episode = Some(self.state.counts.episodes);
        if self.relaxed_in == episode {
            return Ok(false);
        }
        let genome = self.space.genome(parent);
        let (now, drift) = (self.state.outcomes, self.state.lifecycle.drift_noticed());
        let asked = Question { now, drift, ..Question::new(self.space.space(), &genome, count) };
        let proposer = self.state.proposer.inner_mut().inner_mut();
        if !proposer.wants_leads(&asked) {
            return Ok(false);
        }
        let edges = self.space.edges(parent);
        if edges.is_empty() {
            proposer.hear(Leads::nothing(genome));
            return Ok(false);
        }
        self.relaxed_in = episode;
        let relaxing = Relaxing { member, edges };
        let windows = self.rules.config.search.rungs.last().map_or(1, |windows| *windows as usize);
        let asked = Box::new(Asked { parent: parent.clone(), relaxing, count });
        self.launch(Purpose::Strengths(asked), windows, Vec::new())?;
        Ok(true)
    }

    /// The proposer, and people, hear what the relaxed network said; the proposer also that it said nothing.
    pub(super) fn strengths_landed(&mut self, asked: &Asked, strengths: Option<Strengths>) {
        let leads = match &strengths {
            Some(strengths) => self.leads(asked, strengths),
            None => Leads::nothing(self.space.genome(&asked.parent)),
        };
        self.state.proposer.inner_mut().inner_mut().hear(leads);
        if let Some(strengths) = strengths {
            let chosen = discretised(&asked.parent, &asked.relaxing.edges, &strengths.chosen());
            self.happened.push(AuditEvent::relaxed(&asked.parent, &chosen, &strengths));
        }
    }

    /// Networks of the space, each with the strength of all that come to it.
    fn leads(&self, asked: &Asked, strengths: &Strengths) -> Leads {
        let Asked { parent, relaxing, .. } = asked;
        let of = |chosen: &[usize]| self.space.genome(&discretised(parent, &relaxing.edges, chosen));
        let genome = self.space.genome(parent);
        let mut known: BTreeMap<Genome, f64> = BTreeMap::new();
        for (chosen, strength) in strengths.combinations(LEADS_MAX) {
            *known.entry(of(&chosen)).or_default() += strength;
        }
        known.remove(&genome);
        let chosen = Some(of(&strengths.chosen())).filter(|chosen| *chosen != genome);
        Leads { parent: genome, chosen, strengths: known.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests;
