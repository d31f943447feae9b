//! Slot: the one place from which answers are computed, and the hot swap.
//!
//! Lives here: the pointer, the displaced model kept warm, and who drops old ones. The only file that names
//! `arc_swap`. May not: decide what is swapped in, or make a reader wait.
//!
//! A reader loads once per unit of work and keeps what it got: every answer of one batch comes from one
//! generation. Whoever lets go of a model last hands it to the reaper thread, so no request ever unmaps
//! megabytes. There is one writer, the learn plane, so swaps never race.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use model::{Generation, Model};

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
/// Weights that the writer drops itself: each outcome may bring newer ones, and to wake a thread takes longer than to
/// free this much.
const DROPPED_BYTES_MAX: u64 = 1024 * 1024;

/// What answers: a model and the generation its answers carry.
#[derive(Debug)]
pub struct Served {
    /// Carried by every answer.
    pub generation: Generation,
    /// Computes the answers.
    pub model: Model,
    /// Whether this is only the prior, because no champion exists yet.
    pub prior_only: bool,
}

/// What becomes of a champion when another takes its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemoryPolicy {
    /// It stays warm, to serve again at once: up to [`MODELS_MAX`] models.
    #[default]
    Availability,
    /// It goes at the swap: one model less, and a rollback has to make it anew.
    Resource,
}

/// A swap that has happened.
#[derive(Clone, Debug)]
pub struct Swap {
    /// What serves now.
    pub generation: Generation,
    /// How long the pointer store took.
    pub store: Duration,
}

/// The serving slot.
#[derive(Debug)]
pub struct Slot {
    cell: ArcSwap<Held>,
    warm: Mutex<Warm>,
    reaper: mpsc::SyncSender<Held>,
    alive: Arc<Alive>,
    overruns: Overruns,
}

#[derive(Debug, Default)]
struct Warm {
    policy: MemoryPolicy,
    displaced: Option<Arc<Held>>,
}

/// A model in the slot's care. Fields are dropped in this order: it is counted until it is gone.
#[derive(Debug)]
struct Held {
    served: Served,
    reaper: mpsc::SyncSender<Held>,
    _token: Token,
}

/// A model that a reader holds, for one unit of work.
#[derive(Debug)]
pub struct Loaded(Option<Arc<Held>>);

impl Slot {
    /// A slot that answers from `first`, with a reaper thread of its own that ends with the slot.
    pub fn new(first: Served) -> std::io::Result<Self> {
        let (reaper, condemned) = mpsc::sync_channel::<Held>(REAPER_QUEUE_MAX);
        std::thread::Builder::new()
            .name("reaper".into())
            .spawn(move || condemned.into_iter().for_each(drop))?;
        let alive = Arc::new(Alive::default());
        let first = Held { served: first, reaper: reaper.clone(), _token: Token::new(&alive) };
        let (cell, warm, overruns) = (ArcSwap::from_pointee(first), Mutex::default(), Overruns::default());
        Ok(Self { cell, warm, reaper, alive, overruns })
    }

    /// What becomes of champions displaced from now on.
    pub fn set_memory_policy(&self, policy: MemoryPolicy) {
        self.warm().policy = policy;
    }

    /// What answers now; call once per unit of work.
    pub fn load(&self) -> Loaded {
        Loaded(Some(self.cell.load_full()))
    }

    /// Newer weights of the same network: one pointer store, nothing is kept.
    pub fn refresh(&self, next: Served) -> Swap {
        let (swap, old) = self.store(Arc::new(self.hold(next)));
        self.let_go(old);
        swap
    }

    /// Another network: one pointer store; the displaced one stays warm until [`Self::release`], if the policy says
    /// so. One that was still warm goes before the store, so that there are never four.
    pub fn replace(&self, next: Served) -> Swap {
        let next = Arc::new(self.hold(next));
        let mut warm = self.warm();
        if let Some(older) = warm.displaced.take() {
            self.let_go(older);
        }
        let (swap, old) = self.store(next);
        match warm.policy {
            MemoryPolicy::Availability => warm.displaced = Some(old),
            MemoryPolicy::Resource => self.let_go(old),
        }
        swap
    }

    /// The displaced model serves again, with the generation it had: one pointer store, nothing is loaded or built.
    /// None if no model is kept warm; then nothing changes.
    pub fn roll_back(&self) -> Option<Swap> {
        let displaced = self.warm().displaced.take()?;
        let (swap, old) = self.store(displaced);
        self.let_go(old);
        Some(swap)
    }

    /// Lets go of the displaced model: its watch has ended.
    pub fn release(&self) {
        let displaced = self.warm().displaced.take();
        if let Some(displaced) = displaced {
            self.let_go(displaced);
        }
    }

    /// The displaced model, kept warm.
    pub fn displaced(&self) -> Option<Loaded> {
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

    fn warm(&self) -> MutexGuard<'_, Warm> {
        self.warm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, served: Served) -> Held {
        Held { served, reaper: self.reaper.clone(), _token: Token::new(&self.alive) }
    }

    fn store(&self, next: Arc<Held>) -> (Swap, Arc<Held>) {
        let generation = next.served.generation;
        let started = Instant::now();
        let old = self.cell.swap(next);
        (Swap { generation, store: started.elapsed() }, old)
    }

    /// The writer's end of a model; a reader may still have it, and then hands it to the reaper itself.
    fn let_go(&self, held: Arc<Held>) {
        if let Some(last) = Arc::into_inner(held) {
            let small = last.served.model.cost().bytes <= DROPPED_BYTES_MAX;
            if small || self.alive.now() > BACKLOG_MAX { drop(last) } else { last.condemn() }
        }
    }
}

impl Held {
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

impl std::ops::Deref for Loaded {
    type Target = Served;

    fn deref(&self) -> &Served {
        &self.0.as_ref().expect("only dropping takes it").served
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        // Of all who hold it, exactly the last gets it here.
        if let Some(last) = self.0.take().and_then(Arc::into_inner) {
            last.condemn();
        }
    }
}

#[cfg(test)]
mod tests;
