//! The slot's promises: whole generations, one pointer store, the displaced one kept, old ones gone.

use std::sync::Arc;
use std::time::Duration;

use super::{MODELS_MAX, MemoryPolicy, Served, Slot};

/// Longer than any reaper takes; no test waits for it to pass.
const LONG: Duration = Duration::from_mins(1);

fn served(generation: u64) -> Served<Vec<f32>> {
    Served { generation, model: vec![0.5; 16] }
}

fn slot() -> Slot<Served<Vec<f32>>> {
    Slot::new(served(1)).expect("a thread can be started")
}

#[test]
fn a_replacement_keeps_the_displaced_until_released() {
    let slot = slot();
    slot.replace(served(2));
    assert_eq!(slot.load().generation, 2);
    assert_eq!(slot.displaced().map(|old| old.generation), Some(1));
    slot.release();
    assert!(slot.displaced().is_none());
    assert!(slot.make_room(LONG) && slot.models_alive() < MODELS_MAX);
}

#[test]
fn a_rollback_serves_the_displaced_itself_with_its_generation() {
    let slot = slot();
    slot.replace(served(2));
    slot.replace(served(3));
    let warm = slot.displaced().expect("two was displaced");
    assert!(slot.roll_back().is_some());
    let now = slot.load();
    assert_eq!(now.generation, 2);
    assert!(std::ptr::eq(&raw const *warm, &raw const *now), "the same model, not one like it");
    assert!(slot.displaced().is_none(), "there is nothing behind it");
    assert!(slot.roll_back().is_none());
    assert_eq!(slot.load().generation, 2, "and that changed nothing");
}

#[test]
fn no_displaced_is_kept_where_memory_is_short() {
    let slot = slot();
    slot.replace(served(2));
    slot.set_memory_policy(MemoryPolicy::Resource);
    assert!(slot.make_room(LONG), "the displaced one goes before the next is built");
    assert_eq!(slot.models_alive(), 1);
    slot.replace(served(3));
    assert!(slot.displaced().is_none() && slot.roll_back().is_none());
    assert!(slot.make_room(LONG));
    assert_eq!(slot.models_alive_max(), 2);
}

#[test]
fn there_is_no_room_while_a_reader_holds_on_and_room_once_it_lets_go() {
    let slot = slot();
    let first = slot.load();
    slot.replace(served(2));
    slot.replace(served(3));
    assert!(!slot.make_room(Duration::ZERO), "one is held, one is warm, one serves");
    assert_eq!(first.generation, 1, "what a reader has stays whole");
    drop(first);
    assert!(slot.make_room(LONG));
}

#[test]
fn with_room_asked_for_there_are_never_more_than_three() {
    let slot = slot();
    for generation in 2..200 {
        assert!(slot.make_room(LONG));
        if generation % 7 == 0 {
            slot.roll_back();
        } else if generation % 7 == 1 {
            slot.refresh(served(generation));
        } else {
            slot.replace(served(generation));
        }
        if generation % 3 == 0 {
            slot.release();
        }
    }
    assert!(slot.models_alive_max() <= MODELS_MAX, "{}", slot.models_alive_max());
}

#[test]
fn what_a_reader_lets_go_of_last_is_dropped_by_the_reaper() {
    let slot = slot();
    let reading = slot.load();
    slot.refresh(served(2));
    assert_eq!(slot.models_alive(), 2);
    drop(reading);
    assert!(slot.alive.wait_for(1, LONG));
}

#[test]
fn refreshes_without_end_leave_few_models_behind() {
    let slot = slot();
    for generation in 2..2_000 {
        slot.refresh(served(generation));
    }
    assert!(slot.models_alive_max() <= super::BACKLOG_MAX + 1, "{}", slot.models_alive_max());
}

#[test]
fn readers_see_generations_only_grow_under_swaps() {
    let slot = Arc::new(Slot::new(served(0)).expect("a thread can be started"));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let slot = Arc::clone(&slot);
            std::thread::spawn(move || {
                let mut last = 0;
                while last < 2_000 {
                    let now = slot.load().generation;
                    assert!(now >= last, "{now} after {last}");
                    last = now;
                }
            })
        })
        .collect();
    for generation in 1..=2_000 {
        slot.refresh(served(generation));
    }
    for reader in readers {
        reader.join().expect("the reader saw generations in order");
    }
}
