//! Drive: requests by the clock, over many connections, from one thread.
//!
//! Lives here: the schedule. A request's time begins when it should have been asked, whether or not a connection was free
//! then: what a slow server keeps waiting is counted against it (coordinated omission). May not: know what is asked.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::task::LocalSet;

use super::alarm::Alarm;
use super::caller::{Asked, Caller, Heard};
use super::tally::Tally;

/// How requests come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// Each connection asks again as soon as it is answered.
    AsFastAsAnswered,
    /// So many a second; they wait for a free connection.
    Rate(f64),
    /// So many a second; one for which no connection is free this long after its time is not asked, as a client would that
    /// has a limit of connections.
    RateOrNever(f64, Duration),
}

struct Schedule {
    pace: Pace,
    begun: Instant,
    length: Duration,
    next: Cell<usize>,
}

impl Schedule {
    /// The next request, and when it is due; none once it is over.
    fn next(&self) -> Option<(usize, Instant)> {
        let number = self.next.replace(self.next.get() + 1);
        let due = match self.pace {
            Pace::AsFastAsAnswered => Instant::now(),
            Pace::Rate(rate) | Pace::RateOrNever(rate, _) => {
                self.begun + Duration::from_secs_f64(number as f64 / rate)
            }
        };
        (due < self.begun + self.length).then_some((number, due))
    }

    fn is_never(&self, due: Instant) -> bool {
        matches!(self.pace, Pace::RateOrNever(_, most) if due.elapsed() > most)
    }
}

/// Asks for so long; what became of it.
pub(super) async fn drive(
    callers: Vec<Caller>,
    asked: Rc<Asked>,
    pace: Pace,
    length: Duration,
) -> Result<Tally> {
    let local = LocalSet::new();
    let mut callers = callers;
    for caller in &mut callers {
        caller.connect().await?;
    }
    let schedule = Rc::new(Schedule { pace, begun: Instant::now(), length, next: Cell::new(0) });
    let asking: Vec<_> = callers
        .into_iter()
        .map(|caller| local.spawn_local(turns(caller, Rc::clone(&asked), Rc::clone(&schedule))))
        .collect();
    let mut all = Tally::default();
    local
        .run_until(async {
            for one in asking {
                all.add(one.await.context("a caller panicked")??);
            }
            anyhow::Ok(())
        })
        .await?;
    all.took = schedule.begun.elapsed();
    Ok(all)
}

async fn turns(mut caller: Caller, asked: Rc<Asked>, schedule: Rc<Schedule>) -> Result<Tally> {
    let (alarm, mut tally) = (Alarm::new()?, Tally::default());
    while let Some((number, due)) = schedule.next() {
        alarm.wait(due).await?;
        if schedule.is_never(due) {
            tally.unasked += 1;
            continue;
        }
        let heard =
            if caller.connect().await.is_ok() { caller.ask(&asked, number).await } else { Heard::Failed };
        if heard == Heard::Failed {
            caller.hang_up();
        }
        tally.heard(heard, due.elapsed());
    }
    Ok(tally)
}
