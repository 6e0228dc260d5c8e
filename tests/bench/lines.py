"""What tests/bench/run measures: each line is a call or a start, natively and under libremap, and its limit."""
import collections
import os

PROCESSES = min(16, os.cpu_count())
NOBODY = 65534
AS_NOBODY = f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups"
SOCKET_WRAPPER = "libsocket_wrapper.so"
TRUE = "/bin/true"
LOOP = "/bin/sh -c 'i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i+1)); done'"

# What a line may be at most: a ratio to native, or nanoseconds more than native. A rate is one at least.
Limit = collections.namedtuple("Limit", "kind value", defaults=("none", None))
NONE = Limit()


def ratio(value):
    return Limit("ratio", value)


def added(microseconds):
    return Limit("added", microseconds * 1000)


# `native` and `under` are shell commands in the scratch folder. They print nanoseconds, or with Limit("rate"), a rate.
Line = collections.namedtuple("Line", "group name title native under limit needs", defaults=(NONE, ()))


def calls(what, port=8080, around="", rounds=20, options="", program="calls", sandbox="-n"):
    return f"./sandbox {sandbox} {around} ./{program} {options} {what} {port} {rounds}"


def starts(command, what="start", around="", sandbox="-n"):
    return f"./sandbox {sandbox} {around} ./calls {what} 1 {2 if what == 'command' else 20} {command}"


PRELOAD = "env LD_PRELOAD=$PWD/libremap.so"
NOTIFY = "./remap run -q --engine notify"
GRANT = f"./remap grant 80 --user {NOBODY}"


def of_calls():
    """Those of the preload engine. A bind that is mapped asks the kernel for the protocol: a system call more."""
    for name, title, what, mapped, passed in (
        ("bind", "socket, bind, close", "socket", ratio(1.45), ratio(1.03)),
        ("bind-alone", "bind", "bind", NONE, NONE),
        ("getsockname", "getsockname", "getsockname", ratio(1.05), ratio(1.03)),
        ("datagram", "sendto and recvfrom, twice", "ping-pong", ratio(1.04), ratio(1.02)),
        ("connection", "a connection", "connection", ratio(1.15), ratio(1.01)),
    ):
        yield Line("calls", name, f"{title}, mapped", calls(what), calls(what, 80, PRELOAD), mapped)
        yield Line("calls", f"{name}-passed", f"{title}, passed", calls(what, 5432), calls(what, 5432, PRELOAD), passed)


def fastest_first(command, once="true"):
    """A process has only one first bind: of ten processes, the fastest counts."""
    return f"./sandbox -n sh -c '{once}; for i in 1 2 3 4 5 6 7 8 9 10; do {command}; done | sort -n | head -n 1'"


def of_starts():
    for name, title, what, command, limit in (
        ("load", "/bin/true, beside an empty library", "start", TRUE, added(6)),
        ("loop", "a shell that runs it 1,000 times, the same", "command", LOOP, ratio(1.03)),
    ):
        yield Line("starts", name, title, starts(command, what, "env PRELOAD=$PWD/empty.so"),
                   starts(command, what, "env PRELOAD=$PWD/libremap.so"), limit)
    native, first = fastest_first("./calls first 8080 1"), f"{PRELOAD} ./calls first 80 1"
    yield Line("starts", "first", "the first bind of a process", native,
               fastest_first(first, once=f"{PRELOAD} ./calls bind 81 1 >/dev/null"), added(30))
    yield Line("starts", "first-of-all", "the same, which makes the registry", native, fastest_first(f"rm -rf $REMAP_STATE; {first}"),
               added(300))
    yield Line("starts", "launcher", "/bin/true by env", starts(TRUE), starts(f"/usr/bin/env {TRUE}"))
    yield Line("starts", "run", "/bin/true by remap run", starts(TRUE), starts(f"./remap run -q {TRUE}"), added(400))
    yield Line("starts", "run-notify", "the same by notify", starts(TRUE), starts(f"{NOTIFY} {TRUE}"), added(1500))


def of_history():
    """Records of closed sockets, which past.c puts: beside port 80 and 8080, and of all ports."""
    histories = (
        ("beside", "others of its ports", "1 tcp 81 8080 127.0.0.1 1 udp 80 8080 127.0.0.1 1 tcp 80 8080 127.0.0.2"),
        ("addresses", "250 addresses", "250 tcp 80 8080 127.0.1.1+"),
        ("ports", "3,000 actual ports", "3000 tcp 80 9001-60000 127.0.0.1"),
        ("200", "200 of all ports", "200 tcp 1-1023 8001-60000 127.0.0.1"),
        ("2000", "2,000 of all ports", "2000 tcp 1-1023 8001-60000 127.0.0.1"),
        ("20000", "20,000 of all ports", "20000 tcp 1-1023 8001-60000 127.0.0.1"),
    )
    for what in ("bind 80", "bind 8080", "getsockname 80", "ping-pong 53", "connection 80"):
        under = f"{PRELOAD} ./calls {what} 20"
        for name, title, words in histories:
            yield Line("history", f"history-{what.replace(' ', '-')}-{name}", f"{what}, after {title}", f"./sandbox -n {under}",
                       f"./sandbox -n sh -c './past {words} >/dev/null && {under}'", ratio(1.2))


def of_processes():
    """Each on a CPU and a port of its own. The limits are shares of native's sum of rates."""
    for count in sorted({1, 2, 4, 8, 16, PROCESSES}):
        if count > PROCESSES:
            continue
        for what, limit in (("socket", 0.95), ("getsockname", 0.97), ("connection", 0.85)):
            once = {"what": what, "options": f"-p {count}", "rounds": 100}
            yield Line("processes", f"processes-{what}-{count}", f"{what}, {count} process{'es' * (count > 1)}", calls(**once),
                       calls(port=80, around=PRELOAD, **once), ratio(1 / limit))


def of_notify():
    for name, title, what, limit in (
        ("bind", "bind", "bind", ratio(10)),
        ("getsockname", "getsockname", "getsockname", ratio(25)),
        ("connection", "a connection", "connection", ratio(1.8)),
    ):
        for kind, native, port in (("", 8080, 80), ("-passed", 5432, 5432)):
            yield Line("notify", f"notify-{name}{kind}", f"{title}, {'passed' if kind else 'mapped'}",
                       calls(what, native, program="calls-static"), calls(what, port, NOTIFY, program="calls-static"), limit)
        yield Line("notify", f"notify-{name}-floor", f"{title}, an empty supervisor", calls(what, program="calls-static"),
                   calls(what, around="./supervisor", program="calls-static"))
    for name, title, port, option in (
        ("datagram", "sendto and recvfrom, twice", 5353, ""),
        ("datagrams-passed", "the same with --datagrams, passed", 5353, "--datagrams"),
        ("datagrams", "the same with --datagrams, mapped", 80, "--datagrams"),
    ):
        yield Line("notify", f"notify-{name}", title, calls("ping-pong", 5353, program="calls-static"),
                   calls("ping-pong", port, f"{NOTIFY} {option}", program="calls-static"))
    yield Line("notify", "notify-http", "HTTP, kept connections", "./sandbox -n sh ./http . 8080 env",
               f"./sandbox -n sh ./http . 80 {NOTIFY}", Limit("rate", 0.98), ("nginx", "wrk"))
    yield Line("notify", "proot-http", "the same by PRoot", "./sandbox -n sh ./http . 8080 env",
               "./sandbox -n sh ./http . 8080 proot", Limit("rate"), ("nginx", "wrk", "proot"))


def of_grant():
    """By root alone. While a cgroup has a program at the hook for bind, the kernel locks each socket twice."""
    native = {"around": AS_NOBODY, "sandbox": "-n -p"}
    yield Line("grant", "grant", "socket, bind, close, remap grant", calls("socket", **native),
               calls("socket", 80, GRANT, sandbox="-n -p"), ratio(1.10), ("root", "grant"))
    yield Line("grant", "grant-bind", "bind, remap grant", calls("bind", **native), calls("bind", 80, GRANT, sandbox="-n -p"),
               ratio(1.10), ("root", "grant"))
    yield Line("grant", "grant-floor", "bind, an empty program at the hook", calls("bind", **native),
               calls("bind", around="./by-empty", sandbox="-n -p"), NONE, ("root", "grant"))
    yield Line("grant", "grant-start", "/bin/true by remap grant", starts(TRUE, **native),
               starts(f"{GRANT} {TRUE}", sandbox="-n -p"), NONE, ("root", "grant"))
    yield Line("grant", "setcap", "bind, setcap", calls("bind", **native),
               calls("bind", 80, AS_NOBODY, program="capable", sandbox="-n -p"), NONE, ("root", "setcap"))


def of_peers():
    """Other ways. PRoot cannot move ports: what it costs with ports moved is more."""
    redirect = "./by-redirect"
    for name, what, port in (("bind", "bind", 8080), ("getsockname", "getsockname", 8080), ("datagram", "ping-pong", 8053),
                             ("connection", "connection", 8080)):
        native = calls(what, port)
        yield Line("peers", f"wrapper-{name}", f"{name}, an empty wrapper", native,
                   calls(what, port, "env LD_PRELOAD=$PWD/forward.so"))
        yield Line("peers", f"socket_wrapper-{name}", f"{name}, socket_wrapper", native,
                   calls(what, port - 8000, f"env LD_PRELOAD={SOCKET_WRAPPER} SOCKET_WRAPPER_DIR=$PWD/wrapper"
                         " SOCKET_WRAPPER_DEFAULT_IFACE=10"), NONE, (SOCKET_WRAPPER,))
        yield Line("peers", f"proot-{name}", f"{name}, PRoot", native, calls(what, port, "proot", rounds=5), NONE, ("proot",))
        if what in ("ping-pong", "connection"):
            yield Line("peers", f"redirect-{name}", f"{name}, iptables REDIRECT", native,
                       calls(what, port, redirect, options=f"-c {port - 8000}", sandbox="-n -p"), NONE, ("root", "iptables"))
    native = calls("bind", around=AS_NOBODY, sandbox="-n -p")
    yield Line("peers", "authbind-bind", "bind, authbind", native,
               calls("bind", 80, "./mounts ./by-authbind", rounds=1, sandbox="-n -p"), NONE, ("root", "authbind"))
    yield Line("peers", "proot-start", "/bin/true by PRoot", starts(TRUE), starts(f"$(command -v proot) {TRUE}"), NONE, ("proot",))


def all_lines():
    for group in (of_calls, of_starts, of_history, of_processes, of_notify, of_grant, of_peers):
        yield from group()
