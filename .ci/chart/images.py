"""Dockerfile and compose.yaml, read and held against the rest of the repository. Nothing is built or started: that takes a
daemon. May not: know the chart.
"""

import json
import pathlib
import shlex
import subprocess
import tempfile
import tomllib

import yaml
from compose_spec import PyCompose
from dockerfile_parse import DockerfileParser

import settings

SETTINGS = pathlib.Path("config/examples/compose.toml")
STREAM = pathlib.Path("config/examples/compose.awk")
SECONDS_MAX = 60
# As many payments as the first label waits for, and some more.
PAYMENTS, DELAY = 400, 300


def dockerfile():
    """What of the images is not as it should be."""
    steps = [(step["instruction"], step["value"]) for step in DockerfileParser(path=".").structure]
    stages, arguments = stages_of(steps)
    wanted = tomllib.loads(pathlib.Path("Cargo.toml").read_text())["workspace"]["package"]["rust-version"]
    if arguments["RUST"] != wanted:
        yield f"Rust {arguments['RUST']}, but Cargo.toml says {wanted}"
    for name, (base, within) in stages.items():
        if base not in stages and (":" not in base or base.endswith(":latest")):
            yield f"{name} is from {base}, which is of no version"
    if list(stages)[-1] != "cpu" or "cuda" not in stages:
        yield "the last stage is cpu, and one is cuda"
    for name in ("cpu", "cuda"):
        _, within = stages[name]
        if ("USER", "${NOBODY}:${NOBODY}") not in within or int(arguments["NOBODY"]) == 0:
            yield f"{name} runs as root"
        if ("ENTRYPOINT", '["/usr/local/bin/driftform"]') not in within:
            yield f"{name} does not run driftform"


def stages_of(steps):
    """Stages by name, each with what it is from and its steps; arguments before the first."""
    stages, arguments, name = {}, {}, None
    for instruction, value in steps:
        if instruction == "FROM":
            base, _, name = value.rpartition(" AS ")
            stages[name] = (base, [])
        elif name is not None:
            stages[name][1].append((instruction, value))
        elif instruction == "ARG":
            key, _, default = value.partition("=")
            arguments[key] = default
    return stages, arguments


def compose():
    """What of compose.yaml is not as the specification has it, or names what is not there."""
    whole = yaml.safe_load(pathlib.Path("compose.yaml").read_text())
    parsed = PyCompose.from_json(json.dumps(whole))
    parsed.validate()
    for name, service in whole["services"].items():
        for port in service.get("ports", []):
            if not port.startswith("127.0.0.1:"):
                yield f"{name} shows {port} to everybody"
        for volume in service.get("volumes", []):
            source = pathlib.Path(volume.split(":")[0])
            if source.suffix and not source.exists():
                yield f"{name} mounts {source}, which is not there"
        for config in service.get("configs", []):
            if not yaml.safe_load(whole["configs"][config["source"]]["content"]):
                yield f"{config['source']} of {name} is empty"
        if "build" not in service and ":" not in service["image"]:
            yield f"{name} is an image of no version"
    refusal = settings.refusal_of(SETTINGS, {})
    if refusal:
        yield refusal


def stream():
    """What of the example's messages is not as its configuration has it."""
    schema = tomllib.loads(SETTINGS.read_text())["schema"]
    with tempfile.TemporaryDirectory() as folder:
        files = {role: pathlib.Path(folder) / role for role in ("events", "labels")}
        sends = [f"-v{role}=cat > {shlex.quote(str(file))}" for role, file in files.items()]
        command = ["awk", *sends, f"-vcount={PAYMENTS}", f"-vdelay={DELAY}", "-f", str(STREAM)]
        subprocess.run(command, check=True, timeout=SECONDS_MAX)
        events, labels = ([json.loads(line) for line in file.read_text().splitlines()] for file in files.values())
    declared = {feature["name"] for feature in schema["features"]}
    if any(set(event["features"]) != declared for event in events):
        yield "an event has other features than are declared"
    if {label["label"] for label in labels} != set(schema["classes"]):
        yield "labels are not of the declared classes"
    if [label["id"] for label in labels] != [event["id"] for event in events[: PAYMENTS - DELAY]]:
        yield "labels are not of the first payments"
