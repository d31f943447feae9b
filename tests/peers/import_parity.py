#!/usr/bin/env python3
"""Networks of others beside driftform: does it say of an imported file what its own library says?

    tests/peers/import_parity.py [--seeds 5]

Trains classifiers and regressors of scikit-learn on random streams, writes them with skl2onnx, and has `import-answers` import each
and answer rows of the stream; where PyTorch is installed, its networks, too. ONNX Runtime and the library itself say what is
expected. Prints one JSON object with the largest differences; ends with 1 if one from ONNX Runtime is above 1e-5, or one was refused
that should not be. Those that should be are listed with what was said. Numbers are judged in the unit of their spread.

Wants Python with venv, and PyPI at first; what is installed stays in a cache outside the clone. PyTorch is not among it: for its
networks, install it there. IMPORT_ANSWERS may name the binary where it is built already.
"""

import argparse
import filecmp
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
REQUIREMENTS = HERE / "import_requirements.txt"
TOLERANCE = 1e-5
ROWS = 500


def in_its_environment():
    """Starts this script again in a virtual environment of its own, which is made if need be."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    folder = cache / "driftform" / "import"
    installed = folder / "installed"
    if not installed.exists() or not filecmp.cmp(REQUIREMENTS, installed, shallow=False):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "-q", "-r", REQUIREMENTS], check=True)
        shutil.copy(REQUIREMENTS, installed)
    if pathlib.Path(sys.prefix) != folder:
        python = folder / "bin" / "python"
        os.execv(python, [str(python), __file__, *sys.argv[1:]])


def stream(seed):
    """Rows of features on different scales, with two classes, three, and a number."""
    import numpy

    rng = numpy.random.default_rng(seed)
    standard = rng.normal(size=(ROWS, 3))
    rows = (standard * [100, 0.1, 3] + [500, 0, -2]).astype("float32")
    two = (standard[:, 0] * standard[:, 1] > 0).astype(int)
    three = numpy.digitize(standard[:, 2], [-0.4, 0.4])
    number = (standard[:, 0] * 3 + standard[:, 2] ** 2).astype("float32")
    return rows, two, three, number


def of_scikit_learn(seed):
    """Name, whether it is a plain network, classes (0 for a number), the trained model, its rows."""
    from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    rows, two, three, number = stream(seed)
    usual = dict(max_iter=40, random_state=seed)
    cases = []
    for activation in ["relu", "tanh", "logistic", "identity"]:
        for classes, truth in [(2, two), (3, three)]:
            network = MLPClassifier((12, 6), activation=activation, **usual)
            cases.append((f"mlp {activation} {classes}", True, classes, make_pipeline(StandardScaler(), network), truth))
        network = MLPRegressor(hidden_layer_sizes=(9,), activation=activation, **usual)
        cases.append((f"mlp {activation} number", True, 0, make_pipeline(StandardScaler(), network), number))
    for scaler in [MinMaxScaler(), RobustScaler()]:
        name = type(scaler).__name__
        cases.append((name, True, 2, make_pipeline(scaler, MLPClassifier((8,), **usual)), two))
    cases.append(("logistic 2", True, 2, make_pipeline(StandardScaler(), LogisticRegression()), two))
    cases.append(("logistic 3", True, 3, make_pipeline(StandardScaler(), LogisticRegression()), three))
    cases.append(("linear", True, 0, make_pipeline(StandardScaler(), LinearRegression()), number))
    cases.append(("ridge", True, 0, make_pipeline(StandardScaler(), Ridge()), number))
    cases.append(("tree", False, 2, DecisionTreeClassifier(max_depth=3), two))
    one_against_rest = make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss"))
    cases.append(("one against the rest", False, 3, one_against_rest, three))
    return [(name, plain, classes, model.fit(rows, truth), rows) for name, plain, classes, model, truth in cases]


def write_scikit_learn(folder, seed):
    from skl2onnx import to_onnx

    for name, plain, classes, model, rows in of_scikit_learn(seed):
        for zipped in [True, False] if classes else [None]:
            options = None if zipped is None else {id(model): {"zipmap": zipped}}
            path = folder / f"{name.replace(' ', '-')}-{seed}-{zipped}.onnx"
            path.write_bytes(to_onnx(model, rows[:1], options=options).SerializeToString())
            said = model.predict_proba(rows) if classes else model.predict(rows)
            yield f"{name} (seed {seed}, zipmap {zipped})", plain, classes, path, rows, said


def write_torch(folder, seed):
    """The same for networks of PyTorch; none where it is not installed."""
    try:
        import torch
    except ImportError:
        return
    from torch import nn

    torch.manual_seed(seed)
    rows, *_ = stream(seed)
    rows = ((rows - rows.mean(0)) / rows.std(0)).astype("float32")
    norm = lambda width: nn.LayerNorm(width, elementwise_affine=False)
    bends = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "silu": nn.SiLU, "leaky": nn.LeakyReLU, "sigmoid": nn.Sigmoid}
    nets = {name: [nn.Linear(3, 16), bend(), nn.Linear(16, 8), bend()] for name, bend in bends.items()}
    nets["batch norm, dropout"] = [nn.BatchNorm1d(3), nn.Linear(3, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 8), nn.ReLU()]
    nets["layer norm"] = [nn.Linear(3, 16), norm(16), nn.GELU(), nn.Linear(16, 8), norm(8), nn.ReLU()]
    ends = [("softmax", 3, [nn.Linear(8, 3), nn.Softmax(dim=1)]), ("logits", 3, [nn.Linear(8, 3)]),
            ("sigmoid", 2, [nn.Linear(8, 1), nn.Sigmoid()]), ("number", 0, [nn.Linear(8, 1)])]
    for name, layers in nets.items():
        for end, classes, last in ends:
            model = nn.Sequential(*layers, *last)
            for _ in range(3):
                model(torch.from_numpy(rows))
            model.eval()
            path = folder / f"torch-{name.replace(', ', '-').replace(' ', '-')}-{end}-{seed}.onnx"
            torch.onnx.export(model, (torch.from_numpy(rows[:2]),), str(path), dynamo=False, opset_version=17,
                              input_names=["x"], dynamic_axes={"x": {0: "rows"}})
            said = model(torch.from_numpy(rows)).detach()
            said = torch.softmax(said, 1) if end == "logits" else said
            yield f"torch {name}, {end} (seed {seed})", True, classes, path, rows, both(said.numpy(), classes)


def both(said, classes):
    """Of one number for the second of two classes, both."""
    import numpy

    said = numpy.asarray(said).reshape(len(said), -1)
    return numpy.hstack([1 - said, said]) if classes == 2 and said.shape[1] == 1 else said


def of_runtime(path, rows, classes):
    """What ONNX Runtime says of the file."""
    import numpy
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    said = session.run(None, {session.get_inputs()[0].name: rows})[-1]
    if isinstance(said, list):
        said = [[row[key] for key in sorted(row)] for row in said]
    said = numpy.asarray(said, "float64").reshape(len(rows), -1)
    if classes > 2 and abs(said.sum(1) - 1).max() > 1e-3:
        raised = numpy.exp(said - said.max(1, keepdims=True))
        said = raised / raised.sum(1, keepdims=True)
    return both(said, classes)


def config(path, classes):
    features = ", ".join(f'{{ name = "{name}", kind = "numeric" }}' for name in ["a", "b", "c"])
    names = ", ".join(f'"{name}"' for name in range(classes))
    target = f"classes = [{names}]" if classes else 'task = "regression"'
    return f'cold_start = {{ model = "{path}" }}\n[schema]\n{target}\nfeatures = [{features}]\n'


def asked(cases):
    command = ["cargo", "run", "--quiet", "--workspace", "--bin", "import-answers"]
    lines = [json.dumps({"config": config(path, classes), "rows": rows.tolist()}) for _, _, classes, path, rows, _ in cases]
    told = subprocess.run([os.environ["IMPORT_ANSWERS"]] if "IMPORT_ANSWERS" in os.environ else command, input="\n".join(lines), check=True,
                          stdout=subprocess.PIPE, text=True, cwd=ROOT)
    return [json.loads(line) for line in told.stdout.splitlines()]


def difference(said, expected, unit):
    import numpy

    said, expected = (numpy.asarray(numbers, "float64").reshape(-1) for numbers in (said, expected))
    if said.shape != expected.shape or not numpy.isfinite(said).all():
        return float("inf")
    return float((abs(said - expected) / numpy.maximum(unit, abs(expected))).max())


def judged(cases):
    """Of each case, how far driftform is from ONNX Runtime and from the library; and what was refused."""
    apart, refused, wrong = {}, {}, []
    for (name, plain, classes, path, rows, said), answer in zip(cases, asked(cases)):
        if "refused" in answer:
            refused[name] = answer["refused"].replace(str(path), path.name)
        else:
            given = answer["answers"]
            runtime = difference(given["said"], of_runtime(path, rows, classes), given["unit"])
            apart[name] = (runtime, difference(given["said"], said, given["unit"]))
        if plain == ("refused" in answer) or (name in apart and apart[name][0] > TOLERANCE):
            wrong.append(name)
    return apart, refused, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    in_its_environment()
    warnings.filterwarnings("ignore")
    import onnxruntime
    import skl2onnx
    import sklearn

    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        cases = []
        for seed in range(arguments.seeds):
            cases += [*write_scikit_learn(folder, seed), *write_torch(folder, seed)]
        apart, refused, wrong = judged(cases)
    worst = sorted(apart, key=apart.get, reverse=True)[:5]
    versions = {"scikit-learn": sklearn.__version__, "skl2onnx": skl2onnx.__version__, "onnxruntime": onnxruntime.__version__}
    if "torch" in sys.modules:
        versions["torch"] = sys.modules["torch"].__version__
    report = {
        "versions": versions,
        "imported": len(apart),
        "largest_from_onnxruntime": max(own for own, _ in apart.values()),
        "largest_from_library": max(library for _, library in apart.values()),
        "above_1e-5": sum(own > 1e-5 for own, _ in apart.values()),
        "worst": {name: apart[name] for name in worst},
        "refused": refused,
        "wrong": wrong,
    }
    print(json.dumps(report, indent=1))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
