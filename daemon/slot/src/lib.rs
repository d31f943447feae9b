//! A slot: the one place from which answers are computed, and the hot swap.
//!
//! Lives here: the pointer, the displaced model kept warm, and who drops old ones; of Driftform, and of any other service
//! that embeds it. The only file that names `arc_swap`. May not: know what a model is, decide what is swapped in, or make a
//! reader wait.
//!
//! A reader loads once per unit of work and keeps what it got: every answer of one batch comes from one
//! generation. Whoever lets go of a model last hands it to the reaper thread, so no request ever unmaps
//! megabytes. There is one writer, so swaps never race.
//!
//! ```
//! use std::time::Duration;
//!
//! use driftform_slot::{Served, Slot};
//!
//! # fn main() -> std::io::Result<()> {
//! // Anything can be a model: here, a factor.
//! let slot = Slot::new(Served { generation: 1, model: 2.0 })?;
//!
//! // A request: one load, and every answer says which generation computed it.
//! let served = slot.load();
//! let answers: Vec<(f64, u64)> = [3.0, 4.0].map(|x| (x * served.model, served.generation)).into();
//! assert_eq!(answers, [(6.0, 1), (8.0, 1)]);
//!
//! // The writer: room for one more first, then it is built, then one pointer store.
//! assert!(slot.make_room(Duration::from_secs(1)));
//! slot.replace(Served { generation: 2, model: 10.0 });
//! assert_eq!(slot.load().generation, 2);
//! assert_eq!(served.generation, 1, "what a request has stays whole until it lets go");
//!
//! // The displaced one is warm: it serves again at once, or is let go of when nobody needs it any more.
//! assert!(slot.roll_back().is_some());
//! assert_eq!(slot.load().generation, 1);
//! slot.release();
//! # Ok(())
//! # }
//! ```
//!
//! What is served may be any type, so that every answer can carry whatever it has to: [`Served`] is a model and its number,
//! and enough for most. [`Overruns`] counts, beside the slot, how often what serves took longer than it may.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

mod alive;
mod overruns;

use alive::{Alive, Token};
pub use overruns::{Overran, Overruns};

/// Old models that readers may hand over before the reaper has dropped one.
pub const REAPER_QUEUE_MAX: usize = 64;
/// Models alive past which the writer drops old ones itself: with a refresh a row, the reaper's backlog would be so
/// many more models in memory.
pub const BACKLOG_MAX: usize = 6;
/// Models alive around a swap whose writer asks for room first: the one that serves, the displaced, and the next.
pub const MODELS_MAX: usize = 3;

/// What answers: a model and the generation its answers carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served<M> {
    /// Carried by every answer.
    pub generation: u64,
    /// Computes the answers.
    pub model: M,
}

/// What becomes of a model when another takes its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemoryPolicy {
    /// It stays warm, to serve again at once: up to [`MODELS_MAX`] models.
    #[default]
    Availability,
    /// It goes at the swap: one model less, and a rollback has to make it anew.
    Resource,
}

/// The serving slot; `S` is all that an answer needs, a model and its generation.
#[derive(Debug)]
pub struct Slot<S> {
    cell: ArcSwap<Held<S>>,
    warm: Mutex<Warm<S>>,
    reaper: mpsc::SyncSender<Held<S>>,
    alive: Arc<Alive>,
    overruns: Overruns,
    is_small: fn(&S) -> bool,
}

#[derive(Debug)]
struct Warm<S> {
    policy: MemoryPolicy,
    displaced: Option<Arc<Held<S>>>,
}

/// A model in the slot's care. Fields are dropped in this order: it is counted until it is gone.
#[derive(Debug)]
struct Held<S> {
    served: S,
    reaper: mpsc::SyncSender<Held<S>>,
    _token: Token,
}

/// A model that a reader holds, for one unit of work.
#[derive(Debug)]
pub struct Loaded<S>(Option<Arc<Held<S>>>);

impl<S: Send + Sync + 'static> Slot<S> {
    /// A slot that answers from `first`, with a reaper thread of its own that ends with the slot.
    pub fn new(first: S) -> std::io::Result<Self> {
        Self::dropping(first, |_| false)
    }

    /// Where some are so small that to wake the reaper takes longer than to free them: those the writer drops itself.
    pub fn dropping(first: S, is_small: fn(&S) -> bool) -> std::io::Result<Self> {
        let (reaper, condemned) = mpsc::sync_channel::<Held<S>>(REAPER_QUEUE_MAX);
        std::thread::Builder::new()
            .name("reaper".into())
            .spawn(move || condemned.into_iter().for_each(drop))?;
        let alive = Arc::new(Alive::default());
        let first = Held { served: first, reaper: reaper.clone(), _token: Token::new(&alive) };
        let warm = Mutex::new(Warm { policy: MemoryPolicy::default(), displaced: None });
        let (cell, overruns) = (ArcSwap::from_pointee(first), Overruns::default());
        Ok(Self { cell, warm, reaper, alive, overruns, is_small })
    }

    /// What becomes of models displaced from now on.
    pub fn set_memory_policy(&self, policy: MemoryPolicy) {
        self.warm().policy = policy;
    }

    /// What answers now; call once per unit of work.
    pub fn load(&self) -> Loaded<S> {
        Loaded(Some(self.cell.load_full()))
    }

    /// Newer weights of the same model: one pointer store, nothing is kept. How long the store took.
    pub fn refresh(&self, next: S) -> Duration {
        let (took, old) = self.store(Arc::new(self.hold(next)));
        self.let_go(old);
        took
    }

    /// Another model: one pointer store; the displaced one stays warm until [`Self::release`], if the policy says
    /// so. One that was still warm goes before the store, so that there are never four. How long the store took.
    pub fn replace(&self, next: S) -> Duration {
        let next = Arc::new(self.hold(next));
        let mut warm = self.warm();
        if let Some(older) = warm.displaced.take() {
            self.let_go(older);
        }
        let (took, old) = self.store(next);
        match warm.policy {
            MemoryPolicy::Availability => warm.displaced = Some(old),
            MemoryPolicy::Resource => self.let_go(old),
        }
        took
    }

    /// The displaced model serves again, with the generation it had: one pointer store, nothing is loaded or built.
    /// How long the store took; none if no model is kept warm, and then nothing changes.
    pub fn roll_back(&self) -> Option<Duration> {
        let displaced = self.warm().displaced.take()?;
        let (took, old) = self.store(displaced);
        self.let_go(old);
        Some(took)
    }

    /// Lets go of the displaced model: it will not be needed again.
    pub fn release(&self) {
        let displaced = self.warm().displaced.take();
        if let Some(displaced) = displaced {
            self.let_go(displaced);
        }
    }

    /// The displaced model, kept warm.
    pub fn displaced(&self) -> Option<Loaded<S>> {
        self.warm().displaced.clone().map(|held| Loaded(Some(held)))
    }

    /// Makes room for one more model before it is built: waits, at most this long, for old ones to be gone, and
    /// under [`MemoryPolicy::Resource`] lets go of the displaced one first. False if there is no room; serving goes
    /// on either way.
    pub fn make_room(&self, patience: Duration) -> bool {
        let policy = self.warm().policy;
        let others = match policy {
            MemoryPolicy::Availability => MODELS_MAX - 1,
            MemoryPolicy::Resource => {
                self.release();
                1
            }
        };
        self.alive.wait_for(others, patience)
    }

    /// How often what serves took longer than its budget.
    pub fn overruns(&self) -> &Overruns {
        &self.overruns
    }

    /// Models that the slot has taken and that are not dropped yet: serving, displaced, held by readers, condemned.
    pub fn models_alive(&self) -> usize {
        self.alive.now()
    }

    /// The most there were at once.
    pub fn models_alive_max(&self) -> usize {
        self.alive.most()
    }

    fn warm(&self) -> MutexGuard<'_, Warm<S>> {
        self.warm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, served: S) -> Held<S> {
        Held { served, reaper: self.reaper.clone(), _token: Token::new(&self.alive) }
    }

    fn store(&self, next: Arc<Held<S>>) -> (Duration, Arc<Held<S>>) {
        let started = Instant::now();
        let old = self.cell.swap(next);
        (started.elapsed(), old)
    }

    /// The writer's end of a model; a reader may still have it, and then hands it to the reaper itself.
    fn let_go(&self, held: Arc<Held<S>>) {
        if let Some(last) = Arc::into_inner(held) {
            if (self.is_small)(&last.served) || self.alive.now() > BACKLOG_MAX {
                drop(last);
            } else {
                last.condemn();
            }
        }
    }
}

impl<S> Held<S> {
    /// To the reaper; where that cannot take it, the caller drops it.
    fn condemn(self) {
        let reaper = self.reaper.clone();
        if let Err(mpsc::TrySendError::Full(held) | mpsc::TrySendError::Disconnected(held)) =
            reaper.try_send(self)
        {
            drop(held);
        }
    }
}

impl<S> std::ops::Deref for Loaded<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.0.as_ref().expect("only dropping takes it").served
    }
}

impl<S> Drop for Loaded<S> {
    fn drop(&mut self) {
        // Of all who hold it, exactly the last gets it here.
        if let Some(last) = self.0.take().and_then(Arc::into_inner) {
            last.condemn();
        }
    }
}

#[cfg(test)]
mod tests;
