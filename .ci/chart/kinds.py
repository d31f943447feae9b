"""Kubernetes' types: whether an object is one that an API server would take.

Kubernetes' own kinds are held against its published schemas, the operators' against those in crds/. May not: render.
"""

import functools
import json
import pathlib

import jsonschema
from kubernetes_validate import utils

# The oldest that the chart allows, one between, and the newest that there are schemas of.
VERSIONS = ["1.30.0", "1.34.0", "1.37.0"]
CRDS = pathlib.Path(__file__).parent / "crds"
# The schemas are read for every object otherwise.
utils.schema_contents = functools.lru_cache(maxsize=None)(utils.schema_contents)


@functools.lru_cache(maxsize=None)
def operators_kind(kind):
    path = CRDS / f"{kind}.json"
    return json.loads(path.read_text()) if path.exists() else None


def wrong_with(thing):
    """One sentence for each way in which this is not what it says it is."""
    schema = operators_kind(thing["kind"])
    if schema is not None:
        if schema["$id"] != f"{thing['apiVersion']}/{thing['kind']}":
            return [f"{thing['apiVersion']} is not the version of {thing['kind']} that there is a schema of"]
        errors = jsonschema.Draft202012Validator(schema).iter_errors(thing)
        return [f"{error.json_path}: {error.message}" for error in errors]
    complaints = []
    for version in VERSIONS:
        try:
            utils.validate(thing, version, strict=True)
        except (utils.ValidationError, utils.SchemaNotFoundError) as error:
            where = ".".join(str(part) for part in getattr(error, "path", []))
            complaints.append(f"Kubernetes {version}: {where}: {error.message}")
    return complaints


def loose_ends(things):
    """Names that point at nothing: volumes, ports, claims and ConfigMaps of the same release."""
    complaints = []
    have = {(thing["kind"], thing["metadata"]["name"]) for thing in things}
    if len(have) != len(things):
        complaints.append("two objects have one kind and name")
    pods = [(thing, spec) for thing in things if (spec := pod_spec(thing)) is not None]
    for thing, spec in pods:
        templates = thing["spec"].get("volumeClaimTemplates", [])
        volumes = {volume["name"] for volume in spec.get("volumes", [])}
        volumes |= {claim["metadata"]["name"] for claim in templates}
        for container in containers(spec):
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes:
                    complaints.append(f"{name(thing)}: there is no volume {mount['name']}")
            complaints += [f"{name(thing)}: {loose}" for loose in loose_probes(container)]
        for volume in spec.get("volumes", []):
            wanted = volume.get("configMap", {}).get("name")
            if volume["name"].startswith("driftform-") and wanted and ("ConfigMap", wanted) not in have:
                complaints.append(f"{name(thing)}: there is no ConfigMap {wanted}")
    for thing in things:
        complaints += [f"{name(thing)}: {loose}" for loose in loose_selector(thing, pods)]
    return complaints


def loose_probes(container):
    ports = {port["name"] for port in container.get("ports", [])}
    probes = [container[key] for key in ("startupProbe", "livenessProbe", "readinessProbe") if key in container]
    asked = {probe["httpGet"]["port"] for probe in probes if "httpGet" in probe}
    return [f"a probe asks port {port}, which the container lacks" for port in asked - ports]


def loose_selector(thing, pods):
    """A service, policy or controller that selects no pod of the release, or a port that none of them has."""
    spec = thing.get("spec", {})
    if thing["kind"] == "Service":
        wanted = spec["selector"]
    elif thing["kind"] in ("StatefulSet", "Deployment", "PodDisruptionBudget", "PodMonitor"):
        wanted = spec["selector"]["matchLabels"]
    else:
        return []
    found = [template(owner) for owner, _ in pods if wanted.items() <= template(owner)["metadata"]["labels"].items()]
    if not found:
        return ["selects no pod"]
    ports = {port["name"] for pod in found for box in pod["spec"]["containers"] for port in box.get("ports", [])}
    targets = {port["targetPort"] for port in spec.get("ports", [])}
    return [f"no pod has port {port}" for port in targets - ports]


def template(thing):
    return thing if thing["kind"] == "Pod" else thing["spec"]["template"]


def pod_spec(thing):
    """The pod in it, if there is one."""
    if thing["kind"] in ("Pod", "Deployment", "StatefulSet"):
        return template(thing)["spec"]
    return None


def containers(spec):
    return spec.get("initContainers", []) + spec["containers"]


def name(thing):
    return f"{thing['kind']}/{thing['metadata']['name']}"
