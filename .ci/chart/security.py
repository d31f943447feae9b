"""The restricted Pod Security Standard (https://kubernetes.io/docs/concepts/security/pod-security-standards/), control by
control, and what we ask of our own pods beyond it. May not: know the chart.
"""

from kinds import containers

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
}
SELINUX = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}


def broken(spec):
    """One sentence for each control that a pod breaks."""
    complaints = [f"the pod: {complaint}" for complaint in of_pod(spec)]
    for container in containers(spec):
        found = of_container(container, spec.get("securityContext", {}))
        complaints += [f"container {container['name']}: {complaint}" for complaint in found]
    return complaints


def of_pod(spec):
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield f"{key} is set"
    for volume in spec.get("volumes", []):
        kinds = set(volume) - {"name"}
        if not kinds <= VOLUMES:
            yield f"volume {volume['name']} is {', '.join(kinds)}"
    context = spec.get("securityContext", {})
    for sysctl in context.get("sysctls", []):
        if sysctl["name"] not in SYSCTLS:
            yield f"sysctl {sysctl['name']}"
    yield from of_both(context)
    if spec.get("automountServiceAccountToken") is not False:
        yield "a token of the cluster is mounted"


def of_both(context):
    """Controls of fields that pods and containers share."""
    if context.get("runAsUser") == 0:
        yield "runs as root"
    if context.get("runAsNonRoot") is False:
        yield "may run as root"
    if context.get("windowsOptions", {}).get("hostProcess"):
        yield "is a host process"
    selinux = context.get("seLinuxOptions", {})
    if selinux.get("type", "") not in SELINUX or selinux.get("user") or selinux.get("role"):
        yield "SELinux options"
    if context.get("appArmorProfile", {}).get("type", "RuntimeDefault") == "Unconfined":
        yield "AppArmor is off"
    if context.get("seccompProfile", {}).get("type", "RuntimeDefault") not in ("RuntimeDefault", "Localhost"):
        yield "seccomp is off"


def of_container(container, pods):
    context = container.get("securityContext", {})
    capabilities = context.get("capabilities", {})
    yield from of_both(context)
    if context.get("privileged"):
        yield "is privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "may escalate privileges"
    if not (context.get("runAsNonRoot") or (pods.get("runAsNonRoot") and "runAsNonRoot" not in context)):
        yield "may run as root"
    if "seccompProfile" not in context and "seccompProfile" not in pods:
        yield "has no seccomp profile"
    if "ALL" not in capabilities.get("drop", []):
        yield "keeps capabilities"
    if not set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"}:
        yield "adds capabilities"
    if context.get("procMount", "Default") != "Default":
        yield "sees /proc"
    if any(port.get("hostPort") for port in container.get("ports", [])):
        yield "takes a port of the host"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "may write to its image"
    image = container["image"].rsplit("/", 1)[-1]
    if "@" not in image and (":" not in image or image.endswith(":latest")):
        yield "has an image without a version"
