//! Approval: where a person has to agree, a challenger that has passed all gates waits for them.
//!
//! Lives here: who waits, until when, and what an agreement leads to. Does not live here: how people are asked.
//!
//! While the champion is not ours, only the takeover from it waits: before, whatever is promoted serves nobody.
//!
//! It is compared on while it waits: harm takes it out, and so does a relief. Gates are not asked again when somebody
//! agrees: evidence of gain, once there, does not have to be there at that very moment too, and what it costs is
//! measured when it serves.

use model::Timestamp;

use super::{Contest, Effect, Facts, Lifecycle, Person, Rules, after};
use crate::config::Approval;

impl Lifecycle {
    /// Until when a challenger, or ours where the champion is not, waits for a person; none if neither does.
    pub fn waits_for_approval(&self) -> Option<Timestamp> {
        let person = match &self.contest {
            Contest::Running(running) => running.person,
            Contest::From(_) => return None,
            Contest::Over => self.shadow.as_ref()?.person,
        };
        match person {
            Person::Asked(until) => Some(until),
            Person::NotAsked | Person::Agreed => None,
        }
    }

    /// Whether it is ours that waits, to take over.
    pub fn waits_to_take_over(&self) -> bool {
        matches!(self.contest, Contest::Running(_))
    }

    /// The one whom a person would be asked about.
    fn person(&mut self) -> Option<&mut Person> {
        match &mut self.contest {
            Contest::Running(running) => Some(&mut running.person),
            Contest::From(_) => None,
            Contest::Over => self.shadow.as_mut().map(|shadow| &mut shadow.person),
        }
    }

    /// The gates have passed it: what follows where a person has to agree and has not; none where it may go on.
    pub(super) fn ask_a_person(&mut self, rules: &Rules) -> Option<Vec<Effect>> {
        let gate = &rules.config.gate;
        let until = after(self.now, gate.approval_seconds);
        let person = self.person()?;
        match (gate.approval, *person) {
            (Approval::None, _) | (_, Person::Agreed) => None,
            (Approval::Promotions, Person::Asked(_)) => Some(Vec::new()),
            (Approval::Promotions, Person::NotAsked) => {
                *person = Person::Asked(until);
                Some(vec![Effect::AwaitApproval(until)])
            }
        }
    }

    /// Somebody agreed; who else has to be waited for is.
    pub(super) fn approved(&mut self, rules: &Rules) -> Vec<Effect> {
        match self.person() {
            Some(person @ Person::Asked(_)) => *person = Person::Agreed,
            Some(_) | None => return Vec::new(),
        }
        if self.waits_to_take_over() { self.take_office(rules) } else { self.promote(rules) }
    }

    /// Whether the challenger has passed already: no gate is asked again and its outcomes do not run out. Where people
    /// are not asked any more, it has to pass once more.
    pub(super) fn is_with_a_person(&mut self, rules: &Rules) -> bool {
        let serves_nobody = self.contest != Contest::Over;
        let Some(shadow) = self.shadow.as_mut() else { return false };
        let is_asked = rules.config.gate.approval != Approval::None && !serves_nobody;
        if matches!(shadow.person, Person::Asked(_)) && !is_asked {
            shadow.person = Person::NotAsked;
        }
        shadow.person != Person::NotAsked
    }

    /// One outcome later, for one that was agreed to and could not be promoted then.
    pub(super) fn agreed(&mut self, facts: &Facts, rules: &Rules) -> Option<Vec<Effect>> {
        let shadow = self.shadow.as_ref()?;
        let is_due = shadow.person == Person::Agreed && facts.outcomes >= shadow.judge_at;
        let effects = if is_due { self.promote(rules) } else { Vec::new() };
        (!effects.is_empty()).then_some(effects)
    }

    /// What follows where the time that a person had is over, and nothing while it is not; none if nobody waits.
    pub(super) fn nobody_came(&mut self, rules: &Rules) -> Option<Vec<Effect>> {
        let Person::Asked(until) = self.shadow.as_ref()?.person else { return None };
        if self.now < until {
            return Some(Vec::new());
        }
        let seconds = rules.config.gate.approval_seconds;
        Some(self.drop_challenger(&format!("nobody approved it within {seconds} seconds")))
    }
}
