//! Slot: the one place from which answers are computed, and the hot swap.
//!
//! Lives here: the pointer, the displaced model kept warm, and the reaper that drops old ones. The only
//! file that names `arc_swap`. May not: decide what is swapped in, or wait for anything.
//!
//! A reader loads once per unit of work and keeps what it got: every answer of one batch comes from one
//! generation. There is one writer, the learn plane, so swaps never race.

use std::sync::{Arc, Mutex, PoisonError, mpsc};

use arc_swap::ArcSwap;
use model::{Generation, Model};

/// Old models waiting to be dropped; past that, the writer drops them itself.
pub const REAPER_QUEUE_MAX: usize = 256;
/// Weights that whoever refreshes drops itself: each outcome may bring newer ones, and to wake a thread takes longer
/// than to free this much.
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

/// The serving slot.
#[derive(Debug)]
pub struct Slot {
    cell: ArcSwap<Served>,
    displaced: Mutex<Option<Arc<Served>>>,
    reaper: mpsc::SyncSender<Arc<Served>>,
}

impl Slot {
    /// A slot that answers from `first`, with a reaper thread of its own that ends with the slot.
    pub fn new(first: Served) -> std::io::Result<Self> {
        let (reaper, condemned) = mpsc::sync_channel::<Arc<Served>>(REAPER_QUEUE_MAX);
        // Dropping a large model unmaps megabytes; it must not happen inside a request.
        std::thread::Builder::new()
            .name("reaper".into())
            .spawn(move || condemned.into_iter().for_each(drop))?;
        Ok(Self { cell: ArcSwap::from_pointee(first), displaced: Mutex::new(None), reaper })
    }

    /// What answers now; call once per unit of work.
    pub fn load(&self) -> Arc<Served> {
        self.cell.load_full()
    }

    /// Newer weights of the same network: one pointer store, nothing is kept.
    pub fn refresh(&self, next: Served) {
        let older = self.cell.swap(Arc::new(next));
        if older.model.cost().bytes > DROPPED_BYTES_MAX {
            self.reap(older);
        }
    }

    /// Another network: one pointer store; the displaced one stays warm until [`Self::release`].
    pub fn replace(&self, next: Served) {
        let displaced = self.cell.swap(Arc::new(next));
        let older = self.displaced.lock().unwrap_or_else(PoisonError::into_inner).replace(displaced);
        if let Some(served) = older {
            self.reap(served);
        }
    }

    /// Lets go of the displaced model: its watch has ended.
    pub fn release(&self) {
        let displaced = self.displaced.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(served) = displaced {
            self.reap(served);
        }
    }

    /// The displaced model, kept warm.
    pub fn displaced(&self) -> Option<Arc<Served>> {
        self.displaced.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn reap(&self, served: Arc<Served>) {
        if let Err(mpsc::TrySendError::Full(served) | mpsc::TrySendError::Disconnected(served)) =
            self.reaper.try_send(served)
        {
            drop(served);
        }
    }
}

#[cfg(test)]
mod tests;
