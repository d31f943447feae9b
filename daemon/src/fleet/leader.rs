//! Leader: what is told to those who follow, and when.
//!
//! Lives here: [`Leader`], from facts to mail. May not: write a file, send anything, ask a clock.
//!
//! A promotion may go to a share of all followers first. Who that is stays the same while its watch lasts, whatever newer
//! weights come; the others keep what they were told before it.

use std::sync::Arc;
use std::time::Duration;

use adapters::fleet::{Canary, Dispatch, Occasion};
use model::{Generation, Timestamp};

use super::publication::{Mail, Publication};

/// What the learn plane has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What it serves.
    pub generation: Generation,
    /// Promotions so far.
    pub promotions: u64,
    /// Reliefs so far.
    pub reliefs: u64,
    /// Rollbacks so far, hand-backs to a champion that is not ours among them.
    pub rollbacks: u64,
    /// Whether a promotion is watched.
    pub watching: bool,
}

/// Decides what is told.
#[derive(Debug)]
pub struct Leader {
    model: String,
    epoch: u64,
    every: Duration,
    share: f64,
    last: Last,
}

/// What was told last.
#[derive(Debug)]
enum Last {
    /// By a leader before this one, if by any.
    Before(Option<Dispatch>),
    Told {
        facts: Facts,
        at: Timestamp,
        everyone: Arc<Publication>,
        canary: Option<First>,
    },
}

/// What a share of followers serves.
#[derive(Clone, Debug)]
struct First {
    publication: Arc<Publication>,
    since: Generation,
}

impl Leader {
    /// The leader of this epoch; `before` is what the one before it has told last.
    pub fn new(model: &str, epoch: u64, every: Duration, share: f64, before: Option<Dispatch>) -> Self {
        Self { model: model.into(), epoch, every, share, last: Last::Before(before) }
    }

    /// Which of all leaders of this model it is.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Why something is to be told now, if anything is.
    pub fn occasion(&self, now: &Facts, time: Timestamp) -> Option<Occasion> {
        let Last::Told { facts, at, canary, .. } = &self.last else { return Some(Occasion::Start) };
        let waited = Duration::from_millis(time.0.saturating_sub(at.0).try_into().unwrap_or(0));
        if now.rollbacks != facts.rollbacks {
            Some(Occasion::Rollback)
        } else if now.reliefs != facts.reliefs {
            Some(Occasion::Relief)
        } else if now.promotions != facts.promotions {
            Some(Occasion::Promotion)
        } else if canary.is_some() && !now.watching {
            Some(Occasion::Kept)
        } else {
            (now.generation != facts.generation && waited >= self.every).then_some(Occasion::Refresh)
        }
    }

    /// What is told on this occasion; `served` is what the leader serves now.
    pub fn tell(&mut self, occasion: Occasion, facts: Facts, at: Timestamp, served: Publication) -> Mail {
        let served = Arc::new(served);
        let (everyone, canary) = self.shared_out(occasion, facts, &served);
        let mail = self.mail(occasion, facts, at, &everyone, canary.as_ref());
        self.last = Last::Told { facts, at, everyone, canary };
        mail
    }

    /// While the champion is not ours nothing of ours is news: what it comes to meanwhile is counted as told, so that the next
    /// takeover is a promotion like any other. A share that still serves what was handed back is told to go back.
    pub fn stand_aside(&mut self, facts: Facts, at: Timestamp) -> Option<Mail> {
        let (everyone, has_share) = match &self.last {
            Last::Before(None) => return None,
            Last::Before(Some(before)) => {
                (Arc::new(Publication::there(before.everyone.clone())), before.canary.is_some())
            }
            Last::Told { everyone, canary, .. } => (Arc::clone(everyone), canary.is_some()),
        };
        let mail = has_share.then(|| self.mail(Occasion::Rollback, facts, at, &everyone, None));
        self.last = Last::Told { facts, at, everyone, canary: None };
        mail
    }

    fn mail(
        &self,
        occasion: Occasion,
        facts: Facts,
        at: Timestamp,
        everyone: &Arc<Publication>,
        canary: Option<&First>,
    ) -> Mail {
        let told = canary.map(|first| Canary {
            artifact: first.publication.artifact.clone(),
            share: self.share,
            since: first.since,
        });
        let standing = [self.epoch, facts.rollbacks];
        let dispatch = Dispatch::new(&self.model, standing, occasion, at, everyone.artifact.clone());
        let publications = std::iter::once(everyone).chain(canary.map(|first| &first.publication)).cloned();
        Mail { dispatch: dispatch.with(told), publications: publications.collect() }
    }

    /// What everybody is to serve, and what a share.
    fn shared_out(
        &self,
        occasion: Occasion,
        facts: Facts,
        served: &Arc<Publication>,
    ) -> (Arc<Publication>, Option<First>) {
        let first = |since| Some(First { publication: Arc::clone(served), since });
        let shares = self.share < 1.0;
        match (&self.last, occasion) {
            // Who died in the middle of a watch goes on with it.
            (Last::Before(Some(Dispatch { everyone, canary: Some(canary), .. })), _)
                if shares && facts.watching =>
            {
                (Arc::new(Publication::there(everyone.clone())), first(canary.since))
            }
            // One that can not be rolled back any more is everybody's, also where the next is there already.
            (Last::Told { everyone, canary, .. }, Occasion::Promotion) if shares && facts.watching => {
                let before = canary.as_ref().map_or(everyone, |first| &first.publication);
                (Arc::clone(before), first(facts.generation))
            }
            (Last::Told { everyone, canary: Some(canary), .. }, Occasion::Refresh) => {
                (Arc::clone(everyone), first(canary.since))
            }
            (Last::Before(_) | Last::Told { .. }, _) => (Arc::clone(served), None),
        }
    }
}
