//! Flights: the recorded stream as messages, departures and landings in the order of their own clock.
//!
//! Lives here: reading the embedded file and writing the messages a service would. Origin and licence of
//! the data lie beside it in `daemon/data`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{BufRead as _, BufReader, Lines};

use anyhow::{Context as _, Result};
use model::Timestamp;
use serde_json::json;

/// 2013's departures from New York, compressed.
const FLIGHTS: &[u8] = include_bytes!("../../../data/flights.csv.zst");
/// Numeric columns that are features.
const NUMBERS: [&str; 7] = ["dep_delay", "distance", "hour", "temp", "wind_speed", "precip", "visib"];
/// Text columns that are features.
const TEXTS: [&str; 4] = ["carrier", "dest", "origin", "weekday"];

/// One message.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Landing {
    time: i64,
    id: String,
    late: bool,
}

/// What the producer sends.
#[derive(Debug)]
pub enum Played {
    /// An event.
    Departure {
        /// Its id.
        id: String,
        /// Its JSON.
        payload: String,
        /// When it happened.
        time: Timestamp,
    },
    /// Its label, hours later.
    Landing {
        /// The id of the departure.
        id: String,
        /// Its JSON.
        payload: String,
        /// When it became known.
        time: Timestamp,
    },
}

/// Departures and landings, merged by time, for the first `departures` departures.
pub fn records(departures: usize) -> Result<impl Iterator<Item = Result<Played>>> {
    let decoder = zstd::Decoder::new(FLIGHTS).context("the embedded flights are damaged")?;
    let mut lines = BufReader::new(decoder).lines();
    let header = lines.next().context("the embedded flights are empty")??;
    let columns = header.split(',').map(str::to_owned).collect();
    Ok(Flights { lines, columns, left: departures, number: 0, ahead: None, landings: BinaryHeap::new() })
}

/// What the operator sends: half of the demo's compute budget.
pub fn halved_budget(limit: f64) -> String {
    json!({ "budget": "compute_seconds", "limit": limit / 2.0 }).to_string()
}

type Source = Lines<BufReader<zstd::Decoder<'static, BufReader<&'static [u8]>>>>;

struct Flights {
    lines: Source,
    columns: Vec<String>,
    left: usize,
    number: usize,
    ahead: Option<(i64, Played)>,
    landings: BinaryHeap<Reverse<Landing>>,
}

impl Flights {
    /// The next departure, whose landing is put on the heap.
    fn departure(&mut self) -> Result<Option<(i64, Played)>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let Some(line) = self.lines.next() else { return Ok(None) };
        let line = line?;
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |name: &str| {
            self.columns
                .iter()
                .position(|column| column == name)
                .and_then(|at| cells.get(at))
                .copied()
                .unwrap_or("")
        };
        let time: i64 = cell("time_ms").parse().context("a departure without a time")?;
        let landed: i64 = cell("arrival_known_ms").parse().context("a landing without a time")?;
        let mut features = serde_json::Map::new();
        for name in NUMBERS {
            if let Ok(number) = cell(name).parse::<f64>() {
                features.insert(name.into(), json!(number));
            }
        }
        for name in TEXTS {
            features.insert(name.into(), json!(cell(name)));
        }
        let id = format!("flight-{}", self.number);
        self.number += 1;
        self.landings.push(Reverse(Landing {
            time: landed.max(time),
            id: id.clone(),
            late: cell("late") == "1",
        }));
        let payload = json!({ "id": id, "time": time, "features": features }).to_string();
        Ok(Some((time, Played::Departure { id, payload, time: Timestamp(time) })))
    }

    fn next_record(&mut self) -> Result<Option<Played>> {
        if self.ahead.is_none() {
            self.ahead = self.departure()?;
        }
        let next_departure = self.ahead.as_ref().map_or(i64::MAX, |(time, _)| *time);
        let lands_first = self.landings.peek().is_some_and(|Reverse(landing)| landing.time < next_departure);
        if lands_first && let Some(Reverse(landing)) = self.landings.pop() {
            let Landing { time, id, late } = landing;
            let label = if late { "late" } else { "on time" };
            let payload = json!({ "id": id, "time": time, "label": label }).to_string();
            return Ok(Some(Played::Landing { id, payload, time: Timestamp(time) }));
        }
        Ok(self.ahead.take().map(|(_, played)| played))
    }
}

impl Iterator for Flights {
    type Item = Result<Played>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_record().transpose()
    }
}
