//! The console: what a daemon does and why, as a page, as JSON, and as a file.
//!
//! Lives here: what is shown as plain data ([`Status`]), and turning it into markup, pictures and pushed parts. May not:
//! compute what it shows, give orders (its script asks [`crate::http::admin`], as anybody does), load anything from
//! elsewhere, or let through what would be read as markup.

mod chart;
mod facts;
mod network;
mod page;
mod parts;
mod road;

#[cfg(test)]
mod tests;

pub use facts::{
    Arm, Budget, BurnRate, Challenger, Choice, Curves, Evidence, Gate, Happened, Network, PathPoint, Rung,
    Search, Serving, Status, Stretch, Swap, Watch,
};
pub use network::{Layer, Member, draw};
pub use page::{Acts, report};
pub use road::{Console, LISTENERS_MAX, router};
