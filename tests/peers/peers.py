#!/usr/bin/env python3
"""Peers beside driftform: other people's learners, from PyPI, on the rows and by the protocol of stream-table.

    tests/peers/peers.py --data FILE... [--label-delay N] [--seeds K] [--limit N] [--drifts A,B] [--peers NAME,...]
                         [--without-table]

Prints one JSON array with the keys of `stream-table --json`: first that table's own entries, then those of the peers.
A peer that cannot run here is named on standard error and left out.

What it needs it installs itself, with the versions of requirements.txt, into a virtual environment outside the clone
(DRIFTFORM_PEERS, else ~/.cache/driftform/peers). It is for people; nothing runs it by itself.

Each peer is a process of its own. Its processor time counts from when its libraries are loaded, so a Java machine's
start is not held against it; its memory is that of the whole process.
"""

import argparse
import collections
import csv
import io
import itertools
import json
import math
import os
import pathlib
import resource
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PEERS = ("arf-10", "hat", "vw-nn", "asml", "evoautoml")
# As in tests/src/table/measures.rs.
WINDOW_ROWS = 500
RECOVERED_WITHIN = 0.02
MISSING = ("", "?", "na", "nan", "null", "none")
GENERATED_DRIFTS = (25_000, 50_000, 75_000)
# Hashed features of the neural network: 2 to the power of this.
VW_BITS = 20


# Each peer: predict(values) gives a class or None; learn(values, truth) learns it. Values are floats, of a column of
# words the number of the word; a missing one is NaN.


class CapyMoa:
    def __init__(self, stream, seed, kind):
        import numpy
        from capymoa.core import Instance, LabeledInstance
        from capymoa.stream import Schema

        names = [f"f{at}" for at in range(len(stream.words))]
        nominal = {name: [str(word) for word in range(len(words))] for name, words in zip(names, stream.words) if words}
        nominal["class"] = [str(at) for at in range(len(stream.classes))]
        self.schema = Schema.from_custom(features=[*names, "class"], target="class", categories=nominal)
        self.array = lambda values: numpy.array(values, dtype=float)
        self.unlabelled, self.labelled = Instance.from_array, LabeledInstance.from_array
        self.learner = kind(self.schema, seed)

    def predict(self, values):
        return self.learner.predict(self.unlabelled(self.schema, self.array(values)))

    def learn(self, values, truth):
        self.learner.train(self.labelled(self.schema, self.array(values), truth))


def forest(schema, seed):
    from capymoa.classifier import AdaptiveRandomForestClassifier

    return AdaptiveRandomForestClassifier(schema=schema, ensemble_size=10, random_seed=seed + 1)


def adaptive_tree(schema, seed):
    from capymoa.classifier import HoeffdingAdaptiveTree

    return HoeffdingAdaptiveTree(schema=schema, random_seed=seed)


class VowpalWabbit:
    def __init__(self, stream, seed):
        import vowpalwabbit

        self.words = stream.words
        line = f"--oaa {len(stream.classes)} --nn 16 --random_seed {seed + 1} -b {VW_BITS} --quiet"
        self.workspace = vowpalwabbit.Workspace(line)

    def text(self, values, label=""):
        def feature(at, value):
            return f"f{at}={int(value)}" if self.words[at] else f"f{at}:{value:.7g}"

        known = (feature(at, value) for at, value in enumerate(values) if not math.isnan(value))
        return f"{label} | {' '.join(known)}"

    def predict(self, values):
        return self.workspace.predict(self.text(values)) - 1

    def learn(self, values, truth):
        self.workspace.learn(self.text(values, truth + 1))


class Samlb:
    def __init__(self, stream, seed, kind):
        import samlb.framework.classification as classification

        self.names = [f"f{at}" for at in range(len(stream.words))]
        self.learner = getattr(classification, kind)(seed=seed)

    def row(self, values):
        return {name: 0.0 if math.isnan(value) else value for name, value in zip(self.names, values)}

    def predict(self, values):
        return self.learner.predict_one(self.row(values))

    def learn(self, values, truth):
        self.learner.learn_one(self.row(values), truth)


def make(peer, stream, seed):
    if peer == "arf-10":
        return CapyMoa(stream, seed, forest)
    if peer == "hat":
        return CapyMoa(stream, seed, adaptive_tree)
    if peer == "vw-nn":
        return VowpalWabbit(stream, seed)
    return Samlb(stream, seed, {"asml": "AutoStreamClassifier", "evoautoml": "EvolutionaryBaggingClassifier"}[peer])


class Stream:
    """A CSV with a header whose last column is the class, read twice: once for its words, once for its rows."""

    def __init__(self, path):
        self.path = path
        columns, classes = None, set()
        for cells in self.cells():
            columns = columns or [None] * (len(cells) - 1)
            classes.add(cells[-1])
            for at, cell in enumerate(cells[:-1]):
                if columns[at] is not None or not is_number(cell):
                    columns[at] = columns[at] or set()
        words = [None if column is None else {} for column in columns]
        for cells in self.cells() if any(column is not None for column in words) else ():
            for known, cell in zip(words, cells):
                if known is not None and cell.lower() not in MISSING:
                    known.setdefault(cell, len(known))
        self.words = words
        self.classes = sorted(classes, key=lambda name: (not is_number(name), float(name) if is_number(name) else 0, name))

    def cells(self):
        import zstandard

        with open(self.path, "rb") as file:
            raw = zstandard.ZstdDecompressor().stream_reader(file) if self.path.endswith(".zst") else file
            lines = csv.reader(io.TextIOWrapper(raw, encoding="utf-8", newline=""), skipinitialspace=True)
            next(lines)
            yield from lines

    def rows(self):
        place = {name: at for at, name in enumerate(self.classes)}
        for cells in self.cells():
            yield [number(cell, known) for cell, known in zip(cells, self.words)], place[cells[-1]]


def is_number(cell):
    if cell.lower() in MISSING:
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return True


def number(cell, known):
    if cell.lower() in MISSING:
        return math.nan
    return float(cell) if known is None else float(known[cell])


def judge(task, peer):
    """The protocol: predict, keep what was said, learn when the label has arrived; every row counts."""
    stream = Stream(task.data)
    learner = make(peer, stream, task.seed)
    before = cpu_seconds()
    right, truths, said = bytearray(), collections.Counter(), collections.Counter()
    waiting = collections.deque()

    def labelled():
        values, truth, answer = waiting.popleft()
        right.append(answer == truth)
        truths[truth] += 1
        said[answer] += 1
        learner.learn(values, truth)

    for values, truth in itertools.islice(stream.rows(), task.limit):
        answer = learner.predict(values)
        # Whoever cannot tell yet says the first class, as everybody does in stream-table.
        waiting.append((values, truth, 0 if answer is None else int(answer)))
        if len(waiting) > task.label_delay:
            labelled()
    while waiting:
        labelled()
    used = max(cpu_seconds() - before, 0.01)
    by_chance = sum(truths[one] * said[one] for one in truths) / max(len(right), 1) ** 2
    accuracy = share(right)
    return {
        "data": task.data,
        "delay": task.label_delay,
        "seed": task.seed,
        "learner": peer,
        "accuracy": accuracy,
        "kappa": 0.0 if by_chance >= 1 else (accuracy - by_chance) / (1 - by_chance),
        "worst_window": worst_window(right, task.label_delay),
        "recover_rows": recovery(right, [row for row in task.drifts if row < len(right)]),
        "rows_per_cpu_second": len(right) / used,
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def cpu_seconds():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def share(right):
    return sum(right) / max(len(right), 1)


def worst_window(right, delay):
    counted = right[delay + WINDOW_ROWS :]
    if len(counted) < WINDOW_ROWS:
        return share(right)
    good = worst = sum(counted[:WINDOW_ROWS])
    for entering, leaving in zip(counted[WINDOW_ROWS:], counted):
        good += entering - leaving
        worst = min(worst, good)
    return worst / WINDOW_ROWS


def recovery(right, drifts):
    if not drifts:
        return None
    return [recovered_after(right[since:until]) for since, until in zip(drifts, [*drifts[1:], len(right)])]


def recovered_after(stretch):
    level = share(stretch[len(stretch) // 2 :])
    for end in range(WINDOW_ROWS, len(stretch) + 1, WINDOW_ROWS):
        if share(stretch[end - WINDOW_ROWS : end]) >= level - RECOVERED_WITHIN:
            return end
    return len(stretch)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--label-delay", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--drifts", type=lambda text: [int(row) for row in text.split(",")])
    parser.add_argument("--peers", type=lambda text: text.split(","), default=PEERS)
    parser.add_argument("--without-table", action="store_true")
    parser.add_argument("--peer", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if unknown := set(given.peers) - set(PEERS):
        parser.error(f"{', '.join(sorted(unknown))}: no such peer; there are {', '.join(PEERS)}")
    return given


def known_drifts(path):
    stem = os.path.basename(path).split(".")[0]
    return list(GENERATED_DRIFTS) if stem.endswith(("_a", "_g")) else []


def environment(requirements="requirements.txt", kept="peers", variable="DRIFTFORM_PEERS"):
    """The Python of the virtual environment, made and filled if it is not there yet or not what is asked for."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    folder = pathlib.Path(os.environ.get(variable) or cache / "driftform" / kept)
    python, wanted = folder / "bin" / "python", (HERE / requirements).read_text()
    installed = folder / "installed.txt"
    if not installed.exists() or installed.read_text() != wanted:
        print(f"installing the peers into {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "-r", HERE / requirements]
        subprocess.run(pip, check=True, stdout=sys.stderr)
        installed.write_text(wanted)
    return python


def passed_on(given):
    line = ["--label-delay", str(given.label_delay)]
    line += [] if given.limit is None else ["--limit", str(given.limit)]
    return line + ([] if given.drifts is None else ["--drifts", ",".join(map(str, given.drifts))])


def table(given, data):
    cargo = "cargo run --release --quiet -p tests --bin stream-table -- --json".split()
    line = [*cargo, "--data", data, "--seeds", str(given.seeds), *passed_on(given)]
    return json.loads(subprocess.run(line, cwd=HERE, check=True, stdout=subprocess.PIPE).stdout)


def main():
    given = arguments()
    if given.peer:
        given.data = given.data[0]
        given.drifts = known_drifts(given.data) if given.drifts is None else given.drifts
        # Libraries may speak on standard output while they load; the entry is the last line.
        print(json.dumps(judge(given, given.peer)))
        return
    python, entries = environment(), []
    for data in map(os.path.abspath, given.data):
        entries += [] if given.without_table else table(given, data)
        for seed, peer in itertools.product(range(given.seeds), given.peers):
            line = [python, __file__, "--data", data, "--peer", peer, "--seed", str(seed), *passed_on(given)]
            ran = subprocess.run(line, stdout=subprocess.PIPE, text=True)
            if ran.returncode == 0:
                entries.append(json.loads(ran.stdout.splitlines()[-1]))
            else:
                print(f"{peer} cannot be run here on {data}: exit {ran.returncode}", file=sys.stderr)
    print("[\n  " + ",\n  ".join(map(json.dumps, entries)) + "\n]")


if __name__ == "__main__":
    main()
