"""What of the chart is written from elsewhere: the README's table from the comments of values.yaml, the schema of `config`
from config/default.toml, copies of dashboards and rules (Helm reads nothing outside a chart, and not every tool follows
links). Run as a program it writes them; `stale` says which are not as they would be written.
"""

import json
import pathlib
import re
import tomllib

import yaml

CHART = pathlib.Path("helm/driftform")
TABLE = re.compile(r"(<!-- values: .*? -->\n).*?(<!-- end of values -->)", re.DOTALL)
KEY = re.compile(r"^( *)([A-Za-z][A-Za-z0-9]*):")
COMMENT = re.compile(r"^ *# -- (.*)$")
COPIES = {"dashboards/*.json": "files/dashboards", "dashboards/rules/*.yaml": "files/rules"}
# What a list or a table of the configuration holds, where its default does not show it.
ITEMS = {
    "schema.classes": {"items": {"type": "string"}},
    "schema.features": {
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name", "kind"],
            "properties": {
                "name": {"type": "string", "minLength": 1},
                "kind": {"enum": ["numeric", "boolean", "categorical"]},
                "buckets": {"type": "integer", "minimum": 1},
            },
        }
    },
    "codec.features": {"additionalProperties": {"type": "string"}},
    "kafka.properties": {"additionalProperties": {"type": "string"}},
    "mixture.members": {"items": {"type": "object"}},
    "budget.watch": {"items": {"type": "object", "required": ["name", "kind", "limit"]}},
}


def documented(text):
    """Paths of values and what is said of them, in order."""
    said, path, found = None, [], []
    for line in text.splitlines():
        if comment := COMMENT.match(line):
            said = comment[1]
        elif key := KEY.match(line):
            path = path[: len(key[1]) // 2] + [key[2]]
            if said is not None:
                found.append((".".join(path), said))
                said = None
    return found


def at(values, path):
    for part in path.split("."):
        values = values[part]
    return values


def leaves(values, path=""):
    for key, value in values.items():
        here = f"{path}{key}"
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{here}.")
        else:
            yield here, value


def undocumented(text):
    """Values of which nothing is said, nor of what they are in."""
    said = {path for path, _ in documented(text)}
    prefixes = lambda path: {path.rsplit(".", count)[0] for count in range(path.count(".") + 1)}
    return [path for path, _ in leaves(yaml.safe_load(text)) if not prefixes(path) & said]


def table(text):
    values = yaml.safe_load(text)
    rows = ["| value | default | |", "|---|---|---|"]
    for path, said in documented(text):
        default = json.dumps(at(values, path), ensure_ascii=False).replace("|", "\\|")
        rows.append(f"| `{path}` | `{default}` | {said.replace('|', chr(92) + '|')} |")
    return "\n".join(rows) + "\n"


def readme():
    values = (CHART / "values.yaml").read_text()
    text = (CHART / "README.md").read_text()
    return TABLE.sub(lambda found: found[1] + table(values) + found[2], text)


def type_of(default):
    names = [(bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object")]
    return next(name for kind, name in names if isinstance(default, kind))


def schema():
    """The schema with `config` as the defaults have it: every section and key by name, each of its default's type."""
    sections = tomllib.loads(pathlib.Path("config/default.toml").read_text())
    properties = {}
    for section, keys in sections.items():
        kinds = {key: {"type": [type_of(value), "null"], **ITEMS.get(f"{section}.{key}", {})} for key, value in keys.items()}
        properties[section] = {"type": "object", "additionalProperties": False, "properties": kinds}
    whole = json.loads((CHART / "values.schema.json").read_text())
    whole["$defs"]["config"] = {"type": "object", "additionalProperties": False, "properties": properties}
    return json.dumps(whole, indent=2) + "\n"


def wanted():
    """Every written file, and its text."""
    files = {CHART / "README.md": readme(), CHART / "values.schema.json": schema()}
    for pattern, folder in COPIES.items():
        for path in sorted(pathlib.Path().glob(pattern)):
            files[CHART / folder / path.name] = path.read_text()
    return files


def copies():
    return {path for folder in COPIES.values() for path in (CHART / folder).glob("*.*") if path.name != ".gitkeep"}


def stale():
    files = wanted()
    differ = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
    return [f"{path} is not as `.ci/helm write` writes it" for path in sorted({*differ, *(copies() - set(files))})]


def main():
    files = wanted()
    for path in copies() - set(files):
        path.unlink()
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
