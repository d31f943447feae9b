//! Rounds: what goes on when.
//!
//! Lives here: starting every server, and their turns. May not: know how one is asked.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::caller::{Asked, Caller};
use super::daemons::{Daemon, RUN_UP};
use super::drive::{Pace, drive};
use super::load::{Load, Road};
use super::peers::Python;
use super::report::{Line, Report, Turn};
use super::server::Server;
use super::stream::Feeding;
use super::tally::median;
use super::{Arguments, Beside};
use crate::process::wait_until;
use crate::scene::DEADLINE;

/// Connections, of which each has one request under way. Over gRPC they are calls, on so many connections:
const CALLERS: usize = 32;
const GRPC_CONNECTIONS: usize = 4;
/// In overload: more than a daemon takes at once (`serve.requests_max`).
const CALLERS_OVERLOAD: usize = 512;
/// In overload: how long a request waits for a free connection before it is not asked.
const PATIENCE: Duration = Duration::from_millis(1);
/// Before a turn, so that what was stopped is awake.
const WARM_UP: Duration = Duration::from_millis(200);
/// Every server, and who asks.
pub(super) struct Rounds<'a> {
    arguments: &'a Arguments,
    daemons: Vec<Daemon>,
    peers: Vec<Server>,
    runtime: Runtime,
    /// What peers read when they start.
    _folder: TempDir,
}

impl<'a> Rounds<'a> {
    /// All of them, started one after the other and stopped in their tracks.
    pub(super) fn start(arguments: &'a Arguments) -> Result<Self> {
        let (core, folder) = (arguments.server_core, tempfile::tempdir()?);
        let (mut daemons, mut peers) = (Vec::new(), Vec::new());
        for beside in Beside::ALL {
            daemons.push(Daemon::start(beside, core)?);
        }
        if let Some(python) = Python::of_environment() {
            let model = folder.path().join("model.onnx");
            daemons[0].export(&model, &python.library()?)?;
            peers.push(python.mlserver(&model, folder.path(), core)?);
            peers.push(python.fastapi(&model, core)?);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut rounds = Self { arguments, daemons, peers, runtime, _folder: folder };
        rounds.begin_trials()?;
        rounds.servers().try_for_each(Server::freeze)?;
        Ok(rounds)
    }

    /// Whoever trains has something to train.
    fn begin_trials(&mut self) -> Result<()> {
        for daemon in self.daemons.iter_mut().filter(|daemon| daemon.beside == Beside::Training) {
            let feeding = Feeding::start(daemon.kafka(), daemon.fed, RUN_UP)?;
            wait_until("a trial", DEADLINE, || (daemon.changes().ok()?[1] > 0.0).then_some(()))?;
            daemon.fed += feeding.end()?;
        }
        Ok(())
    }

    fn servers(&self) -> impl Iterator<Item = &Server> {
        self.daemons.iter().map(|daemon| &daemon.server).chain(&self.peers)
    }

    /// All phases of all loads.
    pub(super) fn run(mut self) -> Result<Report> {
        let mut report = Report::default();
        let loads = Load::ALL.into_iter().filter(|load| load.name().contains(&self.arguments.only));
        for load in loads.collect::<Vec<_>>() {
            let capacities = self.capacities(load, &mut report)?;
            self.phases(load, &capacities, &mut report)?;
            if load.road == Road::Json {
                self.overload(load, capacities[0], &mut report)?;
            }
        }
        Ok(report)
    }

    /// What the idle daemon and each peer can answer; 0 for a peer that does not take it.
    fn capacities(&self, load: Load, report: &mut Report) -> Result<Vec<f64>> {
        let servers: Vec<&Server> = std::iter::once(&self.daemons[0].server).chain(&self.peers).collect();
        let mut turns = vec![Vec::new(); servers.len()];
        for _ in 0..self.arguments.rounds {
            for (server, turns) in servers.iter().zip(&mut turns).filter(|(server, _)| server.takes(load)) {
                turns.push(self.turn(server, load, Pace::AsFastAsAnswered, self.arguments.turn())?);
            }
        }
        for (server, turns) in servers.iter().zip(&turns).filter(|(_, turns)| !turns.is_empty()) {
            report.lines.push(Line::of(server.name, &load.name(), "capacity", turns));
        }
        let middle = |turns: &Vec<Turn>| median(turns.iter().map(|turn| turn.tally.rate()).collect());
        Ok(turns.iter().map(|turns| middle(turns).unwrap_or_default()).collect())
    }

    /// Idle, training, swapping, and the peers, in turns.
    fn phases(&mut self, load: Load, capacities: &[f64], report: &mut Report) -> Result<()> {
        let pace = |capacity: f64| Pace::Rate((self.arguments.share * capacity).max(1.0));
        let paces: Vec<Pace> = capacities.iter().map(|capacity| pace(*capacity)).collect();
        let mut of_daemons = vec![Vec::new(); self.daemons.len()];
        let mut of_peers = vec![Vec::new(); self.peers.len()];
        for _ in 0..self.arguments.rounds {
            for (at, turns) in of_daemons.iter_mut().enumerate() {
                turns.push(self.daemon_turn(at, load, paces[0])?);
            }
            for ((peer, pace), turns) in self.peers.iter().zip(&paces[1..]).zip(&mut of_peers) {
                if peer.takes(load) {
                    turns.push(self.turn(peer, load, *pace, self.arguments.turn())?);
                }
            }
        }
        let daemons = self.daemons.iter().map(|daemon| (&daemon.server, daemon.beside.phase()));
        let all = daemons.chain(self.peers.iter().map(|peer| (peer, Beside::Nothing.phase())));
        for ((server, phase), turns) in all.zip(of_daemons.iter().chain(&of_peers)) {
            if !turns.is_empty() {
                report.lines.push(Line::of(server.name, &load.name(), phase, turns));
            }
        }
        Ok(())
    }

    /// A turn of a daemon that learns meanwhile, where it does.
    fn daemon_turn(&mut self, at: usize, load: Load, pace: Pace) -> Result<Turn> {
        let daemon = &self.daemons[at];
        if daemon.beside == Beside::Nothing {
            return self.turn(&daemon.server, load, pace, self.arguments.turn());
        }
        daemon.server.thaw()?;
        let before = daemon.changes()?;
        let feeding = Feeding::start(daemon.kafka(), daemon.fed, self.arguments.labels)?;
        let begun = daemon.progress()?;
        wait_until("something learned", DEADLINE, || (daemon.progress().ok()? > begun).then_some(()))?;
        let mut turn = self.asked(&daemon.server, load, pace, self.arguments.turn())?;
        let fed = feeding.end()?;
        let after = daemon.changes()?;
        daemon.server.freeze()?;
        turn.changes = Some([0, 1].map(|at| after[at] - before[at]));
        self.daemons[at].fed += fed;
        Ok(turn)
    }

    /// Far more than can be answered, and then as much as before.
    fn overload(&self, load: Load, capacity: f64, report: &mut Report) -> Result<()> {
        let server = &self.daemons[0].server;
        let (mut overloaded, mut recovered) = (Vec::new(), Vec::new());
        for _ in 0..self.arguments.rounds {
            server.thaw()?;
            let pace = Pace::RateOrNever(self.arguments.overload * capacity, PATIENCE);
            overloaded.push(self.timed(server, load, pace, self.arguments.turn(), CALLERS_OVERLOAD)?);
            let pace = Pace::Rate(self.arguments.share * capacity);
            recovered.push(self.timed(server, load, pace, self.arguments.turn(), CALLERS)?);
            server.freeze()?;
        }
        for (phase, turns) in [("overload", &overloaded), ("recovered", &recovered)] {
            report.lines.push(Line::of(server.name, &load.name(), phase, turns));
        }
        Ok(())
    }

    fn turn(&self, server: &Server, load: Load, pace: Pace, length: Duration) -> Result<Turn> {
        server.thaw()?;
        let turn = self.asked(server, load, pace, length)?;
        server.freeze()?;
        Ok(turn)
    }

    fn asked(&self, server: &Server, load: Load, pace: Pace, length: Duration) -> Result<Turn> {
        let warm_up = self.timed(server, load, pace, WARM_UP, CALLERS)?;
        let mut turn = self.timed(server, load, pace, length, CALLERS)?;
        turn.tally.failed += warm_up.tally.failed;
        Ok(turn)
    }

    fn timed(
        &self,
        server: &Server,
        load: Load,
        pace: Pace,
        length: Duration,
        callers: usize,
    ) -> Result<Turn> {
        let before = server.processor_seconds()?;
        let tally = self.runtime.block_on(async {
            let (asked, callers) = connected(server, load, callers).await?;
            drive(callers, Rc::new(asked), pace, length).await
        })?;
        let processor = server.processor_seconds()? - before;
        Ok(Turn { tally, processor, changes: None, resident: Some(server.resident()?) })
    }
}

/// What is asked, and so many to ask it.
async fn connected(server: &Server, load: Load, callers: usize) -> Result<(Asked, Vec<Caller>)> {
    if load.road != Road::Grpc {
        let all = (0..callers).map(|_| Caller::http(&server.http)).collect();
        return Ok((Asked::Http(load.over_http(&server.model)), all));
    }
    let address = server.grpc.as_deref().context("it speaks gRPC")?;
    let mut connections = Vec::new();
    for _ in 0..GRPC_CONNECTIONS {
        connections.push(Caller::grpc(address).await?);
    }
    let all = (0..callers).filter_map(|at| connections[at % GRPC_CONNECTIONS].another()).collect();
    Ok((Asked::Grpc(load.over_grpc(&server.model)), all))
}
