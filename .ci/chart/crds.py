"""Schemas of the operators' objects that the chart makes, without their descriptions, as JSON Schema.

Both operators are under Apache-2.0. Written once for each version that .ci/helm names; read by kinds.py.
"""

import json
import pathlib
import sys

import yaml

HERE = pathlib.Path(__file__).parent / "crds"
FOLDERS = ["example/prometheus-operator-crd", "config/crd/bases"]
FILES = {
    "ServiceMonitor": "monitoring.coreos.com_servicemonitors.yaml",
    "PodMonitor": "monitoring.coreos.com_podmonitors.yaml",
    "PrometheusRule": "monitoring.coreos.com_prometheusrules.yaml",
    "ScaledObject": "keda.sh_scaledobjects.yaml",
    "TriggerAuthentication": "keda.sh_triggerauthentications.yaml",
}


def closed(schema):
    """A structural schema as the API server takes it with strict fields: what is not named is refused."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: closed(part) for key, part in schema.items() if not is_prose(key, part)}
    if "properties" in kept and not kept.get("x-kubernetes-preserve-unknown-fields"):
        kept.setdefault("additionalProperties", False)
    if kept.pop("x-kubernetes-int-or-string", False):
        kept.pop("anyOf", None)
        kept["type"] = ["integer", "string"]
    return kept


def is_prose(key, part):
    return (key == "description" and isinstance(part, str)) or (key == "format" and part in ("int32", "int64"))


def main(modules):
    HERE.mkdir(exist_ok=True)
    for kind, name in FILES.items():
        paths = [pathlib.Path(module) / folder / name for module in modules for folder in FOLDERS]
        definition = yaml.safe_load(next(path for path in paths if path.exists()).read_text())
        (version,) = [version for version in definition["spec"]["versions"] if version["served"]]
        schema = closed(version["schema"]["openAPIV3Schema"])
        # The API server knows what is in there; the definition does not say.
        schema["properties"]["metadata"] = {"type": "object"}
        schema["$id"] = f"{definition['spec']['group']}/{version['name']}/{kind}"
        (HERE / f"{kind}.json").write_text(json.dumps(schema, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
