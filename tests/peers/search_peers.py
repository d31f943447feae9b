#!/usr/bin/env python3
"""Other people's searches, from PyPI, beside ours: the look-up of search-table, on HPOBench.

    tests/peers/search_peers.py --tables FILE... [--budget N] [--runs N] [--peers NAME,...] [--ours NAME,...]
                                [--kept FILE]

Prints a JSON line for each table and each search: regret's mean, its standard deviation over runs, a 95 % interval of
the mean (Student's), the share of runs that found the best row, and the seconds of a query. `--ours` names proposers of
search-table that are run too. `--kept` names a file that keeps each run as it ends; what is in it is not run again, so
that a long measurement can be broken off.

The protocol is that of tests/src/search_table/search.rs. A run begins with a member drawn uniformly from the table, its
first trial; the peer is told of it as its own first. Members are asked for one at a time. What was tried before is told
again and not charged; a peer that answers so ten times in a row is handed a member that it has not tried. Each peer runs
with its own defaults. All but one gene of HPOBench are even steps of a logarithm, so a peer is offered the index of the
choice as an integer: the scale that suits it best, and the one that ours sees.

What it needs it installs itself, with the versions of requirements-search.txt, into a virtual environment outside the
clone (DRIFTFORM_SEARCH_PEERS, else ~/.cache/driftform/search-peers). It is for people; nothing runs it by itself. Peers
think on one thread.
"""

import argparse
import csv
import gzip
import json
import logging
import math
import os
import pathlib
import random
import statistics
import subprocess
import sys
import time
import warnings

import peers

GENES = ("alpha", "batch_size", "depth", "learning_rate_init", "width")
SEEDS = tuple(f"val_acc_s{seed}" for seed in range(5))
FOUND = "accuracy"
# Answers in a row that were tried before, after which a peer is helped on.
REPEATS_MAX = 10
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}


class Table:
    """Members and their mean validation accuracy, which is what a search sees and what it is scored by."""

    def __init__(self, path):
        with gzip.open(path, "rt") if path.endswith(".gz") else open(path) as file:
            lines = list(csv.DictReader(file))
        self.rows = {tuple(map(int, line["code"])): sum(float(line[seed]) for seed in SEEDS) / 5 for line in lines}
        self.members = sorted(self.rows)
        self.best = max(self.rows.values())
        self.choices = [1 + max(member[at] for member in self.members) for at in range(len(GENES))]


def named(member):
    return dict(zip(GENES, member))


def member_of(parameters):
    return tuple(int(parameters[gene]) for gene in GENES)


# Each peer: ask() gives a member, or the given one as if it were its own idea; tell(value) says what became of it.


class Random:
    def __init__(self, table, seed):
        self.members, self.rng = table.members, random.Random(seed)

    def ask(self, given=None):
        return given or self.rng.choice(self.members)

    def tell(self, value):
        pass


class Optuna:
    def __init__(self, table, seed, sampler, **options):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = getattr(optuna.samplers, sampler)(seed=seed, **options)
        self.study = optuna.create_study(direction="maximize", sampler=sampler)
        ranges = [optuna.distributions.IntDistribution(0, choices - 1) for choices in table.choices]
        self.ranges = named(ranges)

    def ask(self, given=None):
        if given:
            self.study.enqueue_trial(named(given))
        self.trial = self.study.ask(self.ranges)
        return member_of(self.trial.params)

    def tell(self, value):
        self.study.tell(self.trial, value)


class Ax:
    def __init__(self, table, seed):
        from ax.api.client import Client
        from ax.api.configs import RangeParameterConfig

        ranges = [(0, choices - 1) for choices in table.choices]
        parameter = lambda gene, bounds: RangeParameterConfig(name=gene, parameter_type="int", bounds=bounds)
        self.client = Client(random_seed=seed)
        self.client.configure_experiment(parameters=[parameter(*each) for each in named(ranges).items()])
        self.client.configure_optimization(objective=FOUND)

    def ask(self, given=None):
        if given:
            self.trial = self.client.attach_trial(named(given))
            return given
        [(self.trial, parameters)] = self.client.get_next_trials(max_trials=1).items()
        return member_of(parameters)

    def tell(self, value):
        self.client.complete_trial(self.trial, raw_data={FOUND: value})


class SyneTune:
    def __init__(self, table, seed, baseline):
        from syne_tune.config_space import randint
        from syne_tune.optimizer import baselines
        from syne_tune.optimizer.schedulers.ask_tell_scheduler import AskTellScheduler

        ranges = named([randint(0, choices - 1) for choices in table.choices])
        # What it draws from besides the seed it is given.
        import numpy

        numpy.random.seed(seed)
        make = getattr(baselines, baseline)
        self.scheduler = AskTellScheduler(make(ranges, metric=FOUND, do_minimize=False, random_seed=seed))

    def ask(self, given=None):
        self.trial = self.scheduler.ask()
        if given:
            self.trial.config = named(given)
        return member_of(self.trial.config)

    def tell(self, value):
        self.scheduler.tell(self.trial, {FOUND: value})


PEERS = {
    "random": Random,
    "optuna-tpe": lambda table, seed: Optuna(table, seed, "TPESampler"),
    "optuna-tpe-univariate": lambda table, seed: Optuna(table, seed, "TPESampler", multivariate=False),
    "optuna-gp": lambda table, seed: Optuna(table, seed, "GPSampler"),
    "optuna-gp-deterministic": lambda table, seed: Optuna(table, seed, "GPSampler", deterministic_objective=True),
    "syne-tune-cqr": lambda table, seed: SyneTune(table, seed, "CQR"),
    "syne-tune-bore": lambda table, seed: SyneTune(table, seed, "BORE"),
    "syne-tune-botorch": lambda table, seed: SyneTune(table, seed, "BOTorch"),
    "ax": Ax,
}


def searched(table, peer, budget, seed):
    """One run: its regret, and how it went."""
    rng = random.Random(f"beginning {seed}")
    searcher = PEERS[peer](table, seed)
    given, seen, repeats, helped = rng.choice(table.members), {}, 0, 0
    begun = time.perf_counter()
    while len(seen) < budget:
        member = searcher.ask(given)
        repeats = repeats + 1 if member in seen else 0
        seen[member] = table.rows[member]
        searcher.tell(seen[member])
        given = None
        if repeats >= REPEATS_MAX:
            given = rng.choice([other for other in table.members if other not in seen])
            repeats, helped = 0, helped + 1
    seconds = time.perf_counter() - begun
    return {"regret": table.best - max(seen.values()), "seconds": seconds, "helped": helped}


def summary(table, name, budget, regrets, seconds_per_query, **more):
    mean, deviation, count = statistics.fmean(regrets), statistics.pstdev(regrets), len(regrets)
    said = {"table": table, "peer": name, "budget": budget, "runs": count}
    said |= {"regret_mean": mean, "regret_sd": deviation, "regret_interval": interval(mean, deviation, count)}
    return said | {"seconds_per_query": seconds_per_query} | more


def interval(mean, deviation, count):
    from scipy import stats

    half = stats.t.ppf(0.975, count - 1) * deviation / math.sqrt(count - 1) if count > 1 else math.inf
    return [mean - half, mean + half]


def kept_runs(path, budget):
    """What an earlier call kept, by table, peer and seed."""
    if path is None or not os.path.exists(path):
        return {}
    with open(path) as file:
        runs = [json.loads(line) for line in file]
    return {(run["table"], run["peer"], run["seed"]): run for run in runs if run["budget"] == budget}


def measure(given):
    tables = {os.path.basename(path): Table(path) for path in given.tables}
    runs = kept_runs(given.kept, given.budget)
    for peer in given.peers:
        # A measurement that is broken off has as many runs of each table.
        for seed in range(given.runs):
            for name, table in tables.items():
                if (name, peer, seed) not in runs:
                    run = {"table": name, "peer": peer, "seed": seed, "budget": given.budget}
                    run |= searched(table, peer, given.budget, seed)
                    runs[name, peer, seed] = run
                    if given.kept is not None:
                        with open(given.kept, "a") as file:
                            print(json.dumps(run), file=file)
        for name in tables:
            of = [runs[name, peer, seed] for seed in range(given.runs)]
            regrets, seconds = [run["regret"] for run in of], statistics.fmean(run["seconds"] for run in of)
            more = {
                "optimum_share": sum(regret <= 0.0 for regret in regrets) / len(regrets),
                "helped": sum(run["helped"] for run in of),
            }
            print(json.dumps(summary(name, peer, given.budget, regrets, seconds / given.budget, **more)), flush=True)


def ours(given):
    """The daemon's own proposers by the same protocol, as search-table says it."""
    cargo = "cargo run --release --quiet -p tests --bin search-table -- --json --space hpobench --seed 1".split()
    for proposer in given.ours:
        for path in given.tables:
            line = [*cargo, "--table", path, "--proposer", proposer]
            line += ["--budget", str(given.budget), "--runs", str(given.runs)]
            said = json.loads(subprocess.run(line, cwd=peers.HERE, check=True, stdout=subprocess.PIPE).stdout)
            entry = {"table": said["table"], "peer": f"driftform {proposer}"}
            entry |= {key: said[key] for key in ("budget", "runs", "regret_mean")} | {"regret_sd": said["score_sd"]}
            entry["regret_interval"] = interval(said["regret_mean"], said["score_sd"], said["runs"])
            entry |= {key: said[key] for key in ("seconds_per_query", "optimum_share")}
            print(json.dumps(entry), flush=True)


def arguments():
    names = lambda text: [name for name in text.split(",") if name]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", required=True, type=os.path.abspath)
    parser.add_argument("--budget", type=int, default=50)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--peers", type=names, default=list(PEERS))
    parser.add_argument("--ours", type=names, default=[])
    parser.add_argument("--kept", type=os.path.abspath)
    parser.add_argument("--installed", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if unknown := set(given.peers) - set(PEERS):
        parser.error(f"{', '.join(sorted(unknown))}: no such peer; there are {', '.join(PEERS)}")
    return given


def main():
    given = arguments()
    if not given.installed:
        python = peers.environment("requirements-search.txt", "search-peers", "DRIFTFORM_SEARCH_PEERS")
        line = [python, os.path.abspath(__file__), *sys.argv[1:], "--installed"]
        sys.exit(subprocess.run(line, env=os.environ | ONE_THREAD).returncode)
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    ours(given)
    measure(given)


if __name__ == "__main__":
    main()
