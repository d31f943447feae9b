"""Configurations: whether driftform takes them, those that the chart renders among them. May not: judge them itself."""

import os
import pathlib
import subprocess
import tempfile

SECONDS_MAX = 60
# Where pods find secrets; here stand-ins are put in their place.
SECRETS = {"/etc/driftform/kafka", "/etc/driftform/prometheus"}


def refused(text, spec):
    """What driftform says against a rendered configuration, if anything."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for place in SECRETS:
            text = text.replace(place, f"{root}{place}")
        for path in secret_files(spec):
            file = pathlib.Path(f"{root}{path}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(authorities() if path.endswith("ca.crt") else "stand-in\n")
        file = root / "driftform.toml"
        file.write_text(text)
        return refusal_of(file, overrides(spec))


def refusal_of(file, environment):
    """What driftform says against a configuration file, if anything."""
    command = [os.environ["DRIFTFORM_BIN"], "check", "--config", str(file)]
    # Of the environment only what every program needs: the caller's own settings are not the file's.
    environment = {"PATH": os.environ["PATH"], **environment}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX)
    return said.stderr.strip() if said.returncode else None


def secret_files(spec):
    """Files of secrets that a pod has."""
    mounted = {mount["name"]: mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"]}
    for volume in spec["volumes"]:
        sources = [source["secret"] for source in volume.get("projected", {}).get("sources", [])]
        sources += [volume["secret"]] if "secret" in volume else []
        for source in sources:
            yield from (f"{mounted[volume['name']]}/{item['path']}" for item in source.get("items", []))


def overrides(spec):
    """What the pod sets in its environment, but for a card: this machine may have none."""
    given = {entry["name"]: entry.get("value", "") for entry in spec["containers"][0].get("env", [])}
    return {name: value for name, value in given.items() if name != "DRIFTFORM__MODEL__DEVICE"}


def authorities():
    """Certificates that vouch for something, from this machine."""
    import ssl

    paths = ssl.get_default_verify_paths()
    for path in (paths.cafile, paths.openssl_cafile, "/etc/ssl/certs/ca-certificates.crt"):
        if path and pathlib.Path(path).exists():
            return pathlib.Path(path).read_text()
    raise FileNotFoundError("this machine has no certificates of authorities")
