#!/usr/bin/env python3
"""A learning step beside PyTorch's: networks of one shape, the same rows a step, one thread each.

    tests/peers/torch_step.py [--rounds N] [--python FILE]

Prints one JSON array: for each width and batch the median microseconds of a step over the rounds, ours
(`cargo bench -p model --bench step -- steps`) and PyTorch's with AdamW, and the least and the most of them. Ours and
theirs take turns, so that a busy machine is busy for both. `fused` says whether that PyTorch has the fused optimiser
on the processor (2.4 and later); where it has not, the fastest of the others is taken. `torch_passes_us` is
forward and backward alone, less than which no optimiser can take.

Wants PyTorch in the Python that is named, or in this one; it is for people, and no step of the gate.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
# As in model/benches/step.rs.
INPUTS, OUTPUTS, DEPTH, STEP_SIZE = 16, 2, 2, 0.003
WIDTHS, BATCHES = (32, 128, 256), (1, 32)
RUNS, STEPS = 21, 50
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")}


def median_us(call):
    for _ in range(STEPS):
        call()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        for _ in range(STEPS):
            call()
        times.append((time.perf_counter() - start) / STEPS * 1e6)
    return statistics.median(times)


def optimisers(torch, parameters):
    """Each way this PyTorch can step; only the fused one where there is one."""
    try:
        fused = torch.optim.AdamW(parameters(), lr=STEP_SIZE, fused=True)
        return True, [fused]
    except (RuntimeError, TypeError):
        kinds = [{}, {"foreach": True}]
        return False, [torch.optim.AdamW(parameters(), lr=STEP_SIZE, **kind) for kind in kinds]


def theirs():
    """What this process's PyTorch takes, as a JSON line each."""
    import torch

    torch.set_num_threads(1)
    for width in WIDTHS:
        for batch in BATCHES:
            torch.manual_seed(7)
            layers = []
            for fan_in in [INPUTS] + [width] * (DEPTH - 1):
                layers += [torch.nn.Linear(fan_in, width), torch.nn.ReLU()]
            deep = torch.nn.Sequential(*layers, torch.nn.Linear(width, OUTPUTS, bias=False))
            # Ours keep a linear path beside the blocks.
            linear = torch.nn.Linear(INPUTS, OUTPUTS)
            rows, goals = torch.randn(batch, INPUTS), torch.randint(0, OUTPUTS, (batch,))
            parameters = lambda: [*deep.parameters(), *linear.parameters()]
            loss = torch.nn.CrossEntropyLoss()

            def passes():
                for parameter in parameters_now:
                    parameter.grad = None
                loss(deep(rows) + linear(rows), goals).backward()

            parameters_now = parameters()
            fused, candidates = optimisers(torch, parameters)

            def step(optimiser):
                passes()
                optimiser.step()

            figures = {
                "torch": torch.__version__,
                "fused": fused,
                "width": width,
                "batch": batch,
                "torch_passes_us": median_us(passes),
                "torch_step_us": min(median_us(lambda: step(optimiser)) for optimiser in candidates),
            }
            print(json.dumps(figures), flush=True)


def lines(command):
    done = subprocess.run(command, cwd=ROOT, env=os.environ | ONE_THREAD, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--theirs", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.theirs:
        return theirs()
    found = {}
    for _ in range(arguments.rounds):
        ours = lines(["cargo", "bench", "-q", "-p", "model", "--bench", "step", "--", "steps"])
        for entry in lines([arguments.python, __file__, "--theirs"]):
            place = (entry["width"], entry["batch"])
            own = next(
                own for own in ours if (own["width"], own["batch"], own["optimiser"]) == (*place, "adamw")
            )
            entry |= {"passes_us": own["forward_backward_us"], "step_us": own["step_us"]}
            found.setdefault(place, []).append(entry)
    table = []
    for entries in found.values():
        row = {name: entries[0][name] for name in ("torch", "fused", "width", "batch")}
        for name in ("passes_us", "step_us", "torch_passes_us", "torch_step_us"):
            values = sorted(entry[name] for entry in entries)
            row[name] = [round(value, 2) for value in (statistics.median(values), values[0], values[-1])]
        table.append(row)
    print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
