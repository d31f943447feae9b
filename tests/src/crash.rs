//! Crash: a story that the daemon can be made to die in at any point, and what has to be true afterwards.
//!
//! In reading order: the records of the story ([`Stream`]); the story itself, told once ([`Story`]), in which a challenger
//! is promoted, does harm and is rolled back, the schema grows, and some records cannot be read; one daemon's lives in
//! it ([`Run`]); and the checks ([`check`]). Which points there are: [`adapters::points`].
//!
//! May not: choose where to die, or say how often.

mod check;
mod report;
mod run;
mod story;
mod stream;

pub use check::{check, check_journal, check_sent};
pub use report::{report, setting};
pub use run::{End, Run};
pub use story::{EAGER, Story, until};
pub use stream::{SCHEMA, Stream};
