//! Seeded random draws for the tests of this crate; never compiled into the library.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// A generator that gives the same numbers for the same seed.
pub(crate) fn generator(seed: u64) -> Pcg64 {
    Pcg64::seed_from_u64(seed)
}

/// 1 with this probability, otherwise 0.
pub(crate) fn coin(rng: &mut Pcg64, probability: f64) -> f64 {
    f64::from(u8::from(rng.random::<f64>() < probability))
}

/// A standard normal number (Box and Muller).
pub(crate) fn normal(rng: &mut Pcg64) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// The middle of some numbers.
pub(crate) fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

/// A value after a trip through the snapshot's format.
pub(crate) fn saved_and_restored<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    let bytes = postcard::to_stdvec(value).expect("plain data can be written");
    postcard::from_bytes(&bytes).expect("what was written can be read")
}
