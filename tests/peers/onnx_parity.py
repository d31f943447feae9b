#!/usr/bin/env python3
"""ONNX files beside driftform: does ONNX Runtime say of random models what driftform says?

    tests/peers/onnx_parity.py [--count 200] [--seed 0] [--cases DIR]

Builds `onnx-cases` and has it write that many models, or reads those in DIR. Each is checked by ONNX's own checker, with
shapes inferred, and asked about all its rows at once and about the first few one by one. Prints one JSON object with the
largest difference; ends with 1 if one is above 1e-5. That is in the unit of the answers, which is one for probabilities and
the deviation of the target for numbers, and relative where an answer is larger than its unit.

What it needs tests/peers/onnxruntime installs. It is for people: the gate has `onnx-cases` itself ask ONNX Runtime.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOLERANCE = 1e-5
ALONE = 4


def in_its_environment():
    """Starts this script again in the virtual environment of tests/peers/onnxruntime, which is made if need be."""
    told = subprocess.run([HERE / "onnxruntime"], check=True, stdout=subprocess.PIPE, text=True)
    # .../lib/pythonX/site-packages/onnxruntime/capi/LIBRARY
    folder = pathlib.Path(told.stdout.strip()).parents[5]
    if pathlib.Path(sys.prefix) != folder:
        python = folder / "bin" / "python"
        os.execv(python, [str(python), __file__, *sys.argv[1:]])


def write(folder, arguments):
    command = ["cargo", "run", "--quiet", "-p", "tests", "--bin", "onnx-cases", "--", "--to", folder]
    subprocess.run([*command, f"--count={arguments.count}", f"--seed={arguments.seed}"], check=True, cwd=ROOT)


def difference(said, expected, unit):
    import numpy

    said, expected = said.reshape(-1).astype("float64"), numpy.asarray(expected, "float64")
    if said.shape != expected.shape or not numpy.isfinite(said).all():
        return float("inf")
    return float((abs(said - expected) / numpy.maximum(unit, abs(expected))).max(initial=0.0))


def column(values, each):
    """As many values a row as its input has."""
    import numpy

    if all(isinstance(value, str) for value in values):
        return numpy.array(values, dtype=object).reshape(-1, each)
    return numpy.array([numpy.nan if value is None else value for value in values], dtype="float32").reshape(-1, each)


def judge(path):
    """The largest difference of one file."""
    import onnx
    import onnxruntime

    onnx.checker.check_model(str(path), full_check=True)
    case = json.loads(path.with_suffix(".json").read_text())
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    each = {port.name: port.shape[1] for port in session.get_inputs()}
    inputs = {name: column(values, each[name]) for name, values in case["inputs"].items()}
    rows = len(next(iter(inputs.values())))
    [said] = session.run([case["output"]], inputs)
    largest = difference(said, case["expected"], case["unit"])
    each = len(case["expected"]) // rows
    for row in range(min(ALONE, rows)):
        [alone] = session.run([case["output"]], {name: values[row : row + 1] for name, values in inputs.items()})
        largest = max(largest, difference(alone, case["expected"][row * each : (row + 1) * each], case["unit"]))
    operators = {node.op_type for node in onnx.load(str(path)).graph.node}
    return largest, rows, operators, case


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cases", type=pathlib.Path)
    arguments = parser.parse_args()
    in_its_environment()
    import onnxruntime

    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.cases or pathlib.Path(scratch)
        if arguments.cases is None:
            write(folder, arguments)
        judged = {path.name: judge(path) for path in sorted(folder.glob("case-*.onnx"))}
    worst = max(judged, key=lambda name: judged[name][0])
    apart = sorted(name for name, (largest, *_) in judged.items() if largest > TOLERANCE)
    report = {
        "onnxruntime": onnxruntime.__version__,
        "files": len(judged),
        "rows": sum(rows for _, rows, *_ in judged.values()),
        "operators": sorted(set().union(*(operators for _, _, operators, _ in judged.values()))),
        "largest_difference": judged[worst][0],
        "largest_difference_of_probabilities": max(
            (largest for largest, _, _, case in judged.values() if case["output"] == "probabilities"), default=0.0
        ),
        "worst": {"file": worst, "model": judged[worst][3]["model"]},
        "apart": apart,
    }
    print(json.dumps(report, indent=1))
    sys.exit(1 if apart else 0)


if __name__ == "__main__":
    main()
