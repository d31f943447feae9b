#!/usr/bin/env python3
"""Where river's detectors alarm, for the tests of ours.

    python3 -m venv DIRECTORY && DIRECTORY/bin/pip install river==0.26.1
    DIRECTORY/bin/python tests/peers/river_detectors.py > policies/src/detect/fixtures/river.json

It is for people; nothing runs it by itself. River is BSD-3-Clause; nothing of it is in the file but the positions at
which it alarmed on numbers that are drawn here. Sequences are stored as they were seen: zeros and ones as text, real
numbers with three decimals.
"""

import importlib.metadata
import json
import math
import random
import sys

from river import drift
from scipy import stats

BINARY = {
    "adwin": drift.ADWIN,
    "page_hinkley": drift.PageHinkley,
    "page_hinkley_12": lambda: drift.PageHinkley(threshold=12.0),
    "page_hinkley_up_8": lambda: drift.PageHinkley(threshold=8.0, mode="up", delta=0.01, alpha=0.999),
    "hddm_a": drift.binary.HDDMA,
    "hddm_w": drift.binary.HDDMW,
}


def levels(rng, parts):
    return [float(rng.random() < share) for share, length in parts for _ in range(length)]


def clustered(rng, share, memory, length):
    """Errors of a two-state chain with this share of errors and this correlation of neighbours."""
    x, values = 0.0, []
    for _ in range(length):
        x = x if rng.random() < memory else float(rng.random() < share)
        values.append(x)
    return values


def smooth(rng, parts):
    """Losses that are neither zero nor one: a bell around a level, cut to 0..=1."""
    draw = lambda level: min(1.0, max(0.0, rng.gauss(level, 0.12)))
    return [round(draw(level), 3) for level, length in parts for _ in range(length)]


def sequences():
    rng = random.Random(20)
    yield "doubles", levels(rng, [(0.1, 3000), (0.2, 2000)])
    yield "triples_and_back", levels(rng, [(0.1, 2000), (0.3, 1500), (0.1, 1500)])
    yield "steps", levels(rng, [(0.05, 1000), (0.1, 1000), (0.2, 1000), (0.4, 1000), (0.8, 1000)])
    yield "falls", levels(rng, [(0.5, 2000), (0.2, 2000), (0.05, 1000)])
    yield "gradual", [float(rng.random() < 0.1 + 0.2 * min(1.0, max(0.0, (at - 2000) / 1000))) for at in range(5000)]
    yield "coin", levels(rng, [(0.5, 5000)])
    yield "rare", levels(rng, [(0.002, 4000), (0.02, 2000)])
    yield "never_then_always", levels(rng, [(0.0, 700), (1.0, 300), (0.0, 500)])
    yield "clustered", clustered(rng, 0.1, 0.9, 5000)
    yield "waves", [float(rng.random() < 0.3 + 0.25 * math.sin(at / 200)) for at in range(5000)]
    yield "smooth_rises", smooth(rng, [(0.3, 1200), (0.4, 800), (0.6, 500)])
    yield "smooth_falls", smooth(rng, [(0.7, 1000), (0.5, 1000)])
    yield "smooth", smooth(rng, [(0.5, 2000)])


def alarms(detector, values):
    found = []
    for at, value in enumerate(values):
        detector.update(value)
        if detector.drift_detected:
            found.append(at)
    return found


def stored(values):
    return "".join("01"[int(x)] for x in values) if all(x in (0.0, 1.0) for x in values) else values


def kswin():
    """Where every draw from the older part is the same, and what its test says of two samples."""
    rng = random.Random(21)
    parts = [(0.25, 150), (0.75, 131), (0.25, 99), (0.5, 180), (0.5, 100)]
    steps = [level for level, length in parts for _ in range(length)]
    yield "steps", {"values": steps, "alarms": alarms(drift.KSWIN(seed=1), steps)}
    yield "tails", [stats.ks_2samp([0.0] * 30, [1.0] * k + [0.0] * (30 - k), method="auto").pvalue for k in range(31)]
    samples = []
    for _ in range(12):
        shift = rng.random()
        a, b = ([round(rng.gauss(mean, 0.5), 1) for _ in range(30)] for mean in (0.0, shift))
        test = stats.ks_2samp(a, b, method="auto")
        samples.append({"a": a, "b": b, "distance": test.statistic, "p": test.pvalue})
    yield "samples", samples


def main():
    found = []
    for name, values in sequences():
        entry = {name: alarms(make(), values) for name, make in BINARY.items()}
        found.append({"name": name, "values": stored(values), "alarms": entry})
    version = importlib.metadata.version("river")
    made = {"source": f"river {version}, BSD-3-Clause", "made_by": "tests/peers/river_detectors.py"}
    json.dump({**made, "sequences": found, "kswin": dict(kswin())}, sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
