"""Formats of remap export that are data.

    export.py json RULES.TSV    the table of all valid rules, and back
    export.py containers        kubernetes and compose: the names of their fields, and whether the server
                                in the container has the ports that are published
    export.py while FOLDER      what others see of -o FILE before the end, and what a signal leaves
"""
import json
import os
import re
import signal
import subprocess
import sys
import time

import yaml

TABLE_MAX = 256


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return done.stdout


def report(name, *faults):
    print(("not ok - " if faults else "ok - ") + name)
    for fault in faults:
        print("#   " + str(fault).replace("\n", "\n#   "))


# ---- json ----


def normal_forms(path):
    """Those of all valid cases, a rule each."""
    rules = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            columns = line.rstrip("\n").split("\t")
            if len(columns) > 2 and not columns[1].startswith(("error", "#")):
                rules += columns[1].split(",")
    return rules


def check_rule(rule):
    """The parts of a rule make its text."""
    def end(address, first, last):
        address = address and (f"[{address}]" if ":" in address else address)
        ports = f"{first}-{last}" if last != first else f"{first}"
        return f"{address}:{ports}" if address else ports

    proto = rule["protocol"] + " " if rule["protocol"] else ""
    left = proto + end(rule["address"], rule["first"], rule["last"])
    if rule["target"] in ("auto", "keep", "deny", "drop", "systemd"):
        detail = rule["socket"] or (rule["error"] if rule["error"] != "EACCES" else None)
        return f"{left}={rule['target']}" + (f":{detail}" if detail else "")
    right = end(rule["target_address"], rule["target_first"], rule["target_last"])
    if rule["target"] == "offset":
        offset = f"{rule['target_first'] - rule['first']:+d}"
        right = f"{end(rule['target_address'], 0, 0)[:-1]}{offset}"
    return f"{left}={right}"


def check_json(path):
    all_rules, faults = normal_forms(path), []
    for begin in range(0, len(all_rules), TABLE_MAX):
        rules = all_rules[begin : begin + TABLE_MAX]
        expected = run("remap", "check", "-r", ",".join(rules))
        text = run("remap", "export", "json", "-r", ",".join(rules))
        back = run("remap", "check", "-f", "-", text=run("jq", "-r", ".rules", text=text))
        data = json.loads(text)
        if not rules or back != expected or expected.split("\n")[:-1] != rules:
            faults.append(f"{rules}\nbecame {back}")
        faults += [f"{r}" for r in data["table"] if check_rule(r) != r["rule"]]
        if [r["rule"] for r in data["table"]] != rules:
            faults.append("the table has other rules")
    report(f"json: {len(all_rules)} rules, and back", *faults)
    empty = json.loads(run("remap", "export", "json", "-f", "-", text=""))
    report("json: an empty table", *([] if empty["table"] == [] else [empty]))


# ---- containers ----

# Of the APIs: a type, a list of one shape, a table of fields, which may be left out; or words.
PROTOCOL = ("TCP", "UDP")
META = {"name": str, "labels": {"app": str}}
SERVICE = {
    "apiVersion": ("v1",),
    "kind": ("Service",),
    "metadata": META,
    "spec": {
        "selector": {"app": str},
        "ports": [{"name": str, "protocol": PROTOCOL, "port": int, "targetPort": int}],
    },
}
DEPLOYMENT = {
    "apiVersion": ("apps/v1",),
    "kind": ("Deployment",),
    "metadata": META,
    "spec": {
        "selector": {"matchLabels": {"app": str}},
        "template": {
            "metadata": META,
            "spec": {
                "securityContext": {"runAsNonRoot": (True,), "seccompProfile": {"type": ("RuntimeDefault",)}},
                "containers": [
                    {
                        "name": str,
                        "image": str,
                        "securityContext": {"allowPrivilegeEscalation": (False,), "capabilities": {"drop": [("ALL",)]}},
                        "env": [{"name": str, "value": str}],
                        "volumeMounts": [{"name": str, "mountPath": str}],
                        "ports": [{"name": str, "protocol": PROTOCOL, "containerPort": int}],
                    }
                ],
                "volumes": [{"name": str, "emptyDir": {}}],
            },
        },
    },
}
COMPOSE = {"services": {"server": {"image": str, "environment": {"LD_PRELOAD": str, "REMAP": str}, "ports": [str]}}}
PUBLISHED = re.compile(r"(?:(?P<host>\[[0-9a-f:]+\]|[0-9.]+):)?([0-9-]+):([0-9-]+)(?P<udp>/udp)?")


def shape_faults(data, shape, where):
    if isinstance(shape, dict):
        if not isinstance(data, dict):
            return [f"{where} is no mapping"]
        faults = [f"{where} has {key}" for key in data if key not in shape]
        return faults + [f for key in data if key in shape for f in shape_faults(data[key], shape[key], f"{where}.{key}")]
    if isinstance(shape, list):
        if not isinstance(data, list) or not data:
            return [f"{where} is no list, or empty"]
        return [f for i, each in enumerate(data) for f in shape_faults(each, shape[0], f"{where}[{i}]")]
    fits = data in shape if isinstance(shape, tuple) else type(data) is shape
    return [] if fits else [f"{where} is {data!r}"]


def names_faults(ports, number):
    """Port names are of 15 characters at most, with a letter, and unique; so are ports with protocol."""
    names, keys = [p["name"] for p in ports], [(p[number], p["protocol"]) for p in ports]
    faults = [n for n in names if not re.fullmatch(r"(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?", n)]
    return faults + ([f"not unique: {names} {keys}"] if len(set(names)) + len(set(keys)) < 2 * len(names) else [])


def of_kubernetes(text):
    """Returns faults, the rules and the published ports."""
    service, deployment = yaml.safe_load_all(text)
    faults = shape_faults(service, SERVICE, "Service") + shape_faults(deployment, DEPLOYMENT, "Deployment")
    ports, pod = service["spec"]["ports"], deployment["spec"]["template"]
    container = pod["spec"]["containers"][0]
    faults += names_faults(ports, "port") + names_faults(container["ports"], "containerPort")
    labels = [service["spec"]["selector"], deployment["spec"]["selector"]["matchLabels"], pod["metadata"]["labels"]]
    if labels[0] != labels[1] or labels[0] != labels[2]:
        faults.append(f"selectors: {labels}")
    targets = {(p["targetPort"], p["protocol"]) for p in ports}
    if targets != {(p["containerPort"], p["protocol"]) for p in container["ports"]}:
        faults.append("the ports of Service and container differ")
    env = {e["name"]: e["value"] for e in container["env"]}
    if not env["REMAP_STATE"].startswith(container["volumeMounts"][0]["mountPath"] + "/"):
        faults.append("REMAP_STATE is not in the volume")
    return faults, env["REMAP"], [("", p["protocol"].lower(), p["port"], p["targetPort"]) for p in ports]


def of_compose(text):
    data, published = yaml.safe_load(text), []
    server = data["services"]["server"]
    for port in server["ports"]:
        match = PUBLISHED.fullmatch(port)
        (first, *last), (to, *to_last) = ([int(n) for n in ports.split("-")] for ports in match.group(2, 3))
        if len(last) != len(to_last):
            return [f"{port}: a range and a port"], "", []
        for k in range((last or [first])[0] - first + 1):
            published.append((match["host"] or "", "udp" if match["udp"] else "tcp", first + k, to + k))
    return shape_faults(data, COMPOSE, "compose"), server["environment"]["REMAP"], published


# A format, the rules, and what is published of it: host proto/port:actual.
CONTAINERS = (
    ("kubernetes", "80=8080", "tcp/80:8080"),
    ("kubernetes", "80=8080,udp 53=5353", "tcp/80:8080 udp/53:5353"),
    ("kubernetes", "udp 53=5353,53=5300", "tcp/53:5300 udp/53:5353"),
    ("kubernetes", "53=5300,udp 53=5353", "tcp/53:5300"),
    ("kubernetes", "tcp 53=5353,udp 53=5353", "tcp/53:5353 udp/53:5353"),
    ("kubernetes", "20-22=+2000,80=8080,81=8080", "tcp/20:2020 tcp/21:2021 tcp/22:2022 tcp/80:8080 tcp/81:8080"),
    ("kubernetes", "0.0.0.0:80=8080,25=2525", "tcp/25:2525 tcp/80:8080"),
    ("kubernetes", "0.0.0.0:80=8080,[::]:80=8081", "tcp/80:8080"),
    ("kubernetes", "127.0.0.1:80=8080,81=127.0.0.1:8081,82=8082,83=keep", "tcp/82:8082"),
    ("kubernetes", "1-64=+2000,100-164=+3000", " ".join(f"tcp/{p}:{p + 2000}" for p in range(1, 65))),
    ("kubernetes", "22=2000-2009", "tcp/22:2000"),
    ("compose", "80=8080,udp 53=5353", "tcp/80:8080 udp/53:5353"),
    ("compose", "22=22222", "tcp/22:22222"),
    ("compose", "20-22=+2000", "tcp/20:2020 tcp/21:2021 tcp/22:2022"),
    ("compose", "127.0.0.1:80=8080,[::1]:81=8081", "127.0.0.1 tcp/80:8080 [::1] tcp/81:8081"),
    ("compose", "0.0.0.0:80=8080,25=2525", "tcp/25:2525 0.0.0.0 tcp/80:8080"),
    ("compose", "127.0.0.1:80=8080,80=8081,81=127.0.0.1:8082,82=10.0.0.1:8083", "127.0.0.1 tcp/80:8080"),
    ("compose", "1-1000=+8000", " ".join(f"tcp/{p}:{p + 8000}" for p in range(1, 1001))),
)


def container_faults(kind, rules, expected):
    text = run("remap", "export", kind, "-r", rules)
    faults, inside, published = (of_kubernetes if kind == "kubernetes" else of_compose)(text)
    said = " ".join(f"{host} {proto}/{port}:{actual}".strip() for host, proto, port, actual in published)
    if said != expected:
        faults.append(f"published: {said}")
    told = run("remap", "check", "-r", inside, *(f"{proto}/{port}" for _, proto, port, _ in published[:99]))
    becomes = re.findall(r"becomes (\w+)/\*:(\d+)$", told, re.M)
    if becomes != [(proto, str(actual)) for _, proto, _, actual in published[:99]]:
        faults.append(f"in the container, with {inside}:\n{told}")
    return faults + ([] if text.startswith("# ") else ["no comment"])


# ---- before the end ----


def begin(folder, *ignored):
    """Starts an export that waits for its rules, over an old file. Returns it once it has begun to write."""
    def prepare():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)

    for name in os.listdir(folder):
        subprocess.run(["rm", "-r", os.path.join(folder, name)], check=True)
    with open(f"{folder}/f", "w", encoding="utf-8") as file:
        file.write("old")
    export = subprocess.Popen(
        ["remap", "export", "json", "-o", "f"], cwd=folder, stdin=subprocess.PIPE, text=True, preexec_fn=prepare,
        env=dict(os.environ, REMAP_FILE="-"),
    )
    end = time.monotonic() + 10
    while len(os.listdir(folder)) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    return export


def state(folder):
    with open(f"{folder}/f", encoding="utf-8") as file:
        text = file.read()
    return text if text == "old" else json.loads(text)["rules"], len(os.listdir(folder))


def check_while(folder):
    for ignored in ((), (signal.SIGHUP,)):
        export = begin(folder, *ignored)
        before = state(folder)
        for number in ignored:
            export.send_signal(number)
        export.communicate("80=8080", timeout=10)
        got = (before, export.returncode, state(folder))
        report(f"a reader sees the old file or the new one{', and an ignored signal is ignored' * len(ignored)}", *([] if got == (("old", 2), 0, ("80=8080", 1)) else [got]))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        export = begin(folder)
        export.send_signal(number)
        got = (export.wait(timeout=10), state(folder))
        export.stdin.close()
        report(f"{number.name} leaves nothing", *([] if got == (-number, ("old", 1)) else [got]))


if __name__ == "__main__":
    if sys.argv[1] == "json":
        check_json(sys.argv[2])
    elif sys.argv[1] == "while":
        check_while(sys.argv[2])
    else:
        for case in CONTAINERS:
            report(f"{case[0]}: {case[1]}", *container_faults(*case))
