"""The chart, checked: what is written from elsewhere, lint, every values file of helm/driftform/ci rendered and looked at, every
one of helm/driftform/ci/bad refused with the words of its first line, the example of a sidecar, and the files for Docker.

Ends like a run of tests: one line for each check, and `test result:` with their numbers. May not: ask a cluster.
"""

import copy
import json
import pathlib
import shutil
import sys
import tempfile
import traceback

import helm_python
import yaml
from helm_python import Chart
from helm_python.errors import HelmError

import images
import kinds
import security
import settings
import written

CHART = written.CHART
EXAMPLE = pathlib.Path("helm/examples/sidecar")
RELEASE, NAMESPACE = "fraud", "ml"
WARNING = 2
BAD_LEAST = 20
# Pods that the check of security has to notice, each by what it does to a pod that breaks nothing.
HARDLY = {
    "hostNetwork is set": lambda pod, box: pod.update(hostNetwork=True),
    "volume host is hostPath": lambda pod, box: pod["volumes"].append({"name": "host", "hostPath": {"path": "/"}}),
    "sysctl kernel.msgmax": lambda pod, box: pod["securityContext"].update(sysctls=[{"name": "kernel.msgmax", "value": "1"}]),
    "seccomp is off": lambda pod, box: pod["securityContext"].update(seccompProfile={"type": "Unconfined"}),
    "has no seccomp profile": lambda pod, box: pod["securityContext"].pop("seccompProfile"),
    "a token of the cluster is mounted": lambda pod, box: pod.pop("automountServiceAccountToken"),
    "may run as root": lambda pod, box: box["securityContext"].update(runAsNonRoot=False),
    "runs as root": lambda pod, box: box["securityContext"].update(runAsUser=0),
    "is privileged": lambda pod, box: box["securityContext"].update(privileged=True),
    "may escalate privileges": lambda pod, box: box["securityContext"].pop("allowPrivilegeEscalation"),
    "keeps capabilities": lambda pod, box: box["securityContext"].pop("capabilities"),
    "adds capabilities": lambda pod, box: box["securityContext"]["capabilities"].update(add=["SYS_TIME"]),
    "sees /proc": lambda pod, box: box["securityContext"].update(procMount="Unmasked"),
    "takes a port of the host": lambda pod, box: box["ports"][0].update(hostPort=80),
    "may write to its image": lambda pod, box: box["securityContext"].pop("readOnlyRootFilesystem"),
    "has an image without a version": lambda pod, box: box.update(image="driftform:latest"),
}
# What a chart of another version may not change: an upgrade would be refused, or restart everybody.
VERSIONS = {"helm.sh/chart", "app.kubernetes.io/version"}


class Tally:
    """Checks by name, and what was wrong with them."""

    def __init__(self):
        self.passed, self.failed = 0, 0

    def check(self, name, find):
        try:
            complaints = list(find())
        except Exception:
            complaints = [traceback.format_exc()]
        self.passed, self.failed = self.passed + (not complaints), self.failed + bool(complaints)
        print(f"test {name} ... {'FAILED' if complaints else 'ok'}", flush=True)
        for complaint in complaints:
            print(f"  {complaint}")

    def end(self):
        verdict = "FAILED" if self.failed else "ok"
        print(f"\ntest result: {verdict}. {self.passed} passed; {self.failed} failed; 0 ignored")
        return 1 if self.failed else 0


def values_of(path):
    return helm_python.values_from_yaml(path.read_text())


def render(chart, values):
    """Every object, by the file that it came from."""
    files = chart.render(values=values, name=RELEASE, namespace=NAMESPACE)
    texts = {path: text for path, text in files.items() if not path.endswith(".txt")}
    return [thing for text in texts.values() for thing in yaml.safe_load_all(text) if thing]


def lint(values=None):
    report = helm_python.lint(str(CHART), values, strict=True, namespace=NAMESPACE, kube_version="v1.34.0")
    return [message["error"] for message in report["messages"] if message["severity"] >= WARNING] + report["errors"]


def looked_at(things):
    """What is wrong with rendered objects."""
    for thing in things:
        yield from (f"{kinds.name(thing)}: {complaint}" for complaint in kinds.wrong_with(thing))
        spec = kinds.pod_spec(thing)
        if spec is not None:
            yield from (f"{kinds.name(thing)}: {complaint}" for complaint in security.broken(spec))
        yield from (f"{kinds.name(thing)}: {complaint}" for complaint in versions_in(thing))
        # Addresses that stand for those of whoever installs.
        if ".invalid" in json.dumps(thing):
            yield f"{kinds.name(thing)}: has an address that leads nowhere"
    yield from kinds.loose_ends(things)


def versions_in(thing):
    """Versions of the chart in what cannot change, or restarts pods."""
    spec = thing.get("spec", {})
    fixed = [spec.get("selector", {}).get("matchLabels", {})] if thing["kind"] in ("StatefulSet", "Deployment") else []
    fixed += [claim["metadata"].get("labels", {}) for claim in spec.get("volumeClaimTemplates", [])]
    fixed += [spec["template"]["metadata"]["labels"]] if "template" in spec else []
    return [f"{label} is where it may not change" for labels in fixed for label in VERSIONS & set(labels)]


def taken(things):
    """Whether driftform takes the configuration, for every pod that reads it."""
    (text,) = [thing["data"]["driftform.toml"] for thing in things if "driftform.toml" in thing.get("data", {})]
    owners = [thing for thing in things if thing["kind"] in ("StatefulSet", "Deployment")]
    for owner in owners:
        refusal = settings.refused(text, kinds.pod_spec(owner))
        if refusal:
            yield f"{kinds.name(owner)}: {refusal}\n{text}"


def tests_of(tally, chart, path):
    name = path.name.removesuffix("-values.yaml")
    values = values_of(path)
    things = []
    tally.check(f"{name}: lint", lambda: lint(values))
    tally.check(f"{name}: renders", lambda: things.extend(render(chart, values)) or [])
    tally.check(f"{name}: objects are what Kubernetes takes, restricted, and fit together", lambda: looked_at(things))
    tally.check(f"{name}: driftform takes the configuration", lambda: taken(things))


def toggles(chart, paths):
    """Values that are only on or only off in all of these files."""
    merged = [chart.merge_values(values_of(path)) for path in paths]
    for name, default in written.leaves(yaml.safe_load((CHART / "values.yaml").read_text())):
        if isinstance(default, bool) and not name.endswith("SecurityContext") and "SecurityContext." not in name:
            seen = {written.at(values, name) for values in merged}
            if seen != {True, False}:
                yield f"{name} is {seen.pop()} in every file"


def files_are_there(things):
    """Dashboards and rules that the chart has, and does not render."""
    boards = {name for thing in things if thing["kind"] == "ConfigMap" for name in thing["data"]}
    for path in CHART.glob("files/dashboards/*.json"):
        if path.name not in boards:
            yield f"{path.name} is in no ConfigMap"
    rules = [thing["spec"]["groups"] for thing in things if thing["kind"] == "PrometheusRule"]
    groups = {group["name"] for spec in rules for group in spec}
    for path in CHART.glob("files/rules/*.yaml"):
        for group in yaml.safe_load(path.read_text())["groups"]:
            if group["name"] not in groups:
                yield f"the group {group['name']} of {path.name} is in no PrometheusRule"


def refusal(chart, path):
    expected = path.read_text().splitlines()[0].removeprefix("# ")
    try:
        render(chart, values_of(path))
    except HelmError as error:
        if expected not in str(error):
            yield f"refused, but not by `{expected}`: {error}"
    else:
        yield f"not refused; expected `{expected}`"


def noticed(things):
    """What the checks of objects would let pass."""
    (whole,) = [thing for thing in things if thing["kind"] == "StatefulSet"]
    for complaint, spoil in HARDLY.items():
        pod = copy.deepcopy(kinds.pod_spec(whole))
        spoil(pod, pod["containers"][0])
        if not any(said.endswith(complaint) for said in security.broken(pod)):
            yield f"not noticed: {complaint}"
    for thing in things:
        spoilt = copy.deepcopy(thing)
        spoilt["unheardOf"] = True
        if not kinds.wrong_with(spoilt):
            yield f"a field that {kinds.name(thing)} cannot have is not noticed"


def example():
    """A chart of somebody else's with ours in it."""
    with tempfile.TemporaryDirectory() as folder:
        whole = pathlib.Path(folder) / "shop"
        shutil.copytree(EXAMPLE, whole)
        shutil.copytree(CHART, whole / "charts" / "driftform")
        with Chart.load(str(whole)) as chart:
            things = render(chart, None)
    yield from looked_at(things)
    (shop,) = [thing for thing in things if kinds.name(thing) == f"Deployment/{RELEASE}-shop"]
    if "driftform" not in [container["name"] for container in kinds.pod_spec(shop)["initContainers"]]:
        yield "there is no driftform in the shop's pods"


def packaged():
    """A package has what is installed, and not what checks it."""
    with tempfile.TemporaryDirectory() as folder:
        archive = helm_python.package(str(CHART), destination=folder)
        with Chart.load(archive) as chart:
            names = {file["name"] for file in chart.files}
            yield from (f"{name} is in the package" for name in names if name.startswith("ci/"))
            yield from ("the README is not in the package" for _ in [0] if "README.md" not in names)
            yield from (f"{path.name} is not in the package" for path in CHART.glob("files/*/*.*")
                        if path.name != ".gitkeep" and str(path.relative_to(CHART)) not in names)


def main():
    tally = Tally()
    tally.check("what is written from elsewhere is", written.stale)
    tally.check("every value is documented", lambda: written.undocumented((CHART / "values.yaml").read_text()))
    tally.check("the defaults lint", lint)
    paths = sorted((CHART / "ci").glob("*-values.yaml"))
    bad = sorted((CHART / "ci" / "bad").glob("*.yaml"))
    with Chart.load(str(CHART)) as chart:
        for path in paths:
            tests_of(tally, chart, path)
        tally.check("every toggle is on in one file and off in another", lambda: toggles(chart, paths))
        everything = values_of(CHART / "ci" / "everything-values.yaml")
        tally.check("all dashboards and rules come along", lambda: files_are_there(render(chart, everything)))
        tally.check("what is wrong with objects is noticed", lambda: noticed(render(chart, everything)))
        for path in bad:
            tally.check(f"refused: {path.stem}", lambda path=path: refusal(chart, path))
    tally.check("there are enough bad files", lambda: [f"{len(bad)}"] if len(bad) < BAD_LEAST else [])
    tally.check("the example of a sidecar", example)
    tally.check("the package", packaged)
    tally.check("the Dockerfile", images.dockerfile)
    tally.check("compose.yaml", images.compose)
    tally.check("the stream of compose.yaml", images.stream)
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
