//! Alarm: waiting for a moment, to a few microseconds.
//!
//! Lives here: a timer of the system as something to await; the runtime's own timers are in steps of a millisecond, which
//! is longer than an answer takes. May not: know what it is waited for.

use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::fd::OwnedFd;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;

/// A timer.
pub(super) struct Alarm(AsyncFd<OwnedFd>);

impl Alarm {
    #[expect(
        deprecated,
        reason = "sound for a file that is owned; its successor is unsafe, which is forbidden here"
    )]
    pub(super) fn new() -> Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        Ok(Self(AsyncFd::new(timerfd_create(TimerfdClockId::Monotonic, flags)?)?))
    }

    /// Returns at this moment, or at once where it has passed.
    pub(super) async fn wait(&self, until: Instant) -> Result<()> {
        let left = until.saturating_duration_since(Instant::now());
        // A timer of nothing is none.
        if left.is_zero() {
            return Ok(());
        }
        let nothing = Duration::ZERO.try_into()?;
        let value: Timespec = left.try_into()?;
        timerfd_settime(
            self.0.get_ref(),
            TimerfdTimerFlags::empty(),
            &Itimerspec { it_interval: nothing, it_value: value },
        )?;
        loop {
            let mut rung = self.0.readable().await?;
            let mut count = [0; 8];
            if rung.try_io(|timer| Ok(rustix::io::read(timer.get_ref(), &mut count)?)).is_ok() {
                return Ok(());
            }
        }
    }
}
