"""The examples of the manuals and the pages: run, and searched for what has none.

    examples.py run FOLDER AS-USER yes|no PAGE...
                        runs each example in a folder below FOLDER, as root of namespaces, who becomes a
                        user by the command AS-USER; with no, not those that need root
    examples.py check REMAP VARIABLES MANUAL...
                        each option of 'remap help' and each variable has an entry and an example, and
                        each file that has an entry has an example

An example is a literal block with a line that begins with "$ ", of a user, or with "# ", of root: of
mdoc(7), or ```console of Markdown. What follows such a line is its output, where "..." stands for any
text, or for lines if it is a line. A command whose output is not shown must succeed. An example has a
network and a /tmp to itself, and root's has an /etc and a /run. A block with the name of a file behind
its fence is that file for the examples up to the next heading.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

SECONDS = 30
USER = 65534
TUN = "/dev/net/tun"
FOLDERS = ("/run", "/var/log/nginx", "/var/lib/nginx")  # which an example of root may write to
PROGRAMS = ("server", "other", "resolver", "client")


class Command:
    def __init__(self, line):
        self.is_root, self.text, self.output = line[0] == "#", line[2:], []

    def add(self, line):
        """A line goes on behind a backslash, or an open quote."""
        if self.text.endswith("\\") or self.text.count("'") % 2:
            self.text += "\n" + line
        else:
            self.output.append(line)


def plain(line):
    """Of roff: the characters that a literal block needs."""
    for escape, character in ((r"\e", "\\"), (r"\-", "-"), (r"\&", ""), (r"\(aq", "'"), (r"\(ti", "~"), (r"\(ha", "^")):
        line = line.replace(escape, character)
    return line


def blocks(page):
    """The lines of each block, with the number of its first line and the name of its file, if any."""
    block = None
    with open(page, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if block is None and line.startswith((".Bd -literal", "```")):
                begin, block = number + 1, []
                named = re.fullmatch(r"```\w+ (\S+\.\S+)", line)
                is_example = line == "```console" or line.startswith(".Bd")
            elif line in (".Ed", "```"):
                if block and (named or is_example):
                    yield begin, named[1] if named else None, block
                block = None
            elif block is not None:
                block.append(plain(line) if not page.endswith(".md") else line)
            elif line.startswith("#"):
                yield number, None, []


def examples(page):
    """The commands of each example, with the number of its first line and its files."""
    files = {}
    for begin, name, lines in blocks(page):
        commands = []
        for line in lines:
            if line[:2] in ("$ ", "# ") and not name:
                commands.append(Command(line))
            elif commands:
                commands[-1].add(line)
        if not lines:
            files = {}
        elif name:
            files = {**files, name: "\n".join(lines) + "\n"}
        elif commands:
            yield begin, commands, files


# ---- to run them ----


def needs_root(commands):
    return any(command.is_root or command.text.startswith("sudo ") for command in commands)


def names(commands, word):
    return any(word in command.text for command in commands)


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def script(commands, as_user):
    """One shell for all: of the user, or of root if a command needs that."""
    lines, has_root = [], needs_root(commands)
    for number, command in enumerate(commands):
        text = command.text
        if has_root and text.startswith("sudo "):
            text = f"SUDO_UID={USER} {text[5:]}"
        elif has_root and not command.is_root:
            text = f"{as_user} sh -c {quoted(text)}"
        lines += [f"{{ {text}\n}} > out.{number} 2>&1", f"echo $? > status.{number}"]
    begin = "ip link set lo up && mount -t tmpfs -o mode=1777 tmpfs /tmp"
    if names(commands, "pasta"):
        begin += " && ip link add eth0 type veth peer name cable && ip link set cable up && ip link set eth0 up"
        begin += " && ip addr add 192.0.2.1/24 dev eth0 && ip route add default via 192.0.2.254"
    if names(commands, "/etc"):
        begin += " && cp -R /etc etc && mount --bind etc /etc"
    if has_root:
        begin += "".join(f" && mount -t tmpfs -o mode=755 tmpfs {each}" for each in FOLDERS if os.path.isdir(each))
    return f"{begin} && exec {'' if has_root else as_user} sh -c {quoted(chr(10).join(lines))}"


def matches(expected, got):
    pattern = "".join(
        r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + "\n" for line in expected
    )
    return re.fullmatch(pattern, got) is not None


def end_all(folder):
    """What works in the folder. Another run of this test has folders of the same names."""
    own = os.stat(folder)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.path.samestat(os.stat(f"/proc/{pid}/cwd"), own):
                os.kill(int(pid), signal.SIGKILL)
        except OSError:
            pass


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return "none: the example was ended before"


def faults(folder, commands):
    for number, command in enumerate(commands):
        status, output = read(f"{folder}/status.{number}").strip(), read(f"{folder}/out.{number}")
        if not matches(command.output, output) if command.output else status != "0":
            yield f"#   {command.text}\n#   ends with {status}, and says:\n" + re.sub("^", "#     ", output, flags=re.M)


def lacks(commands, has_users):
    """Why the example cannot be run here, or None."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        is_real_root = file.read().split() == ["0", "0", "4294967295"]
    if needs_root(commands) and not has_users:
        return "this user has one user id only (see uidmap)"
    if names(commands, "authbind") and not is_real_root:
        return "programs of root are not set-user-ID in a user namespace"
    if names(commands, "pasta") and not (os.path.exists(TUN) and os.stat(TUN).st_mode & 0o002):
        return f"this user cannot open {TUN}"
    if names(commands, "pasta") and subprocess.run(["unshare", "--user", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        return "no user namespace can be had here"
    if names(commands, "remap grant") and needs_root(commands):
        done = subprocess.run(["remap", "grant", "80", "true"], stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            return done.stderr.strip()
    for program in ("authbind", "pasta", "systemd-analyze", "systemd-socket-activate"):
        if names(commands, program) and not shutil.which(program):
            return f"no {program} here"
    return None


def run(name, commands, files, folder, as_user, has_users):
    """Returns the lines of TAP."""
    os.mkdir(folder)
    if has_users:
        os.chown(folder, USER, USER)
    for program in PROGRAMS:
        shutil.copy("serve", f"{folder}/{program}")
    for file, text in files.items():
        with open(f"{folder}/{file}", "w", encoding="utf-8") as stream:
            stream.write(text)
    command = ["unshare", "-n", "./mounts", "sh", "-c", f"cd {folder} && {script(commands, as_user)}"]
    try:
        subprocess.run(command, env={**os.environ, "HOME": folder}, stdin=subprocess.DEVNULL, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        pass
    end_all(folder)
    found = list(faults(folder, commands))
    shutil.rmtree(folder)
    return "\n".join([f"not ok - {name}", *found] if found else [f"ok - {name}"])


def run_all(folder, as_user, users, *pages):
    has_users = users == "yes"

    def one(example):
        name, commands, files = example
        why = lacks(commands, has_users)
        if why:
            return f"ok - {name} # SKIP {why}"
        return run(name, commands, files, f"{folder}/{name.replace(':', '-')}", as_user, has_users)

    every = [
        (f"{os.path.basename(page)}:{number}", commands, files)
        for page in pages
        for number, commands, files in examples(page)
    ]
    with ThreadPoolExecutor(2) as pool:
        for lines in pool.map(one, every):
            print(lines, flush=True)
    return 0


# ---- to look for what has none ----


def texts(manuals):
    for manual in manuals:
        for _, commands, _ in examples(manual):
            yield from (command.text for command in commands)


def options(remap, command):
    """The names of each option of a command: ["-r", "--rules"], for example."""
    done = subprocess.run([remap, "help", command], stdout=subprocess.PIPE, text=True, check=True)
    for line in done.stdout.splitlines():
        found = re.match(r" +((?:-\w, )?)(--[\w-]+)|  (-\w)\b", line)
        if found:
            yield [name for name in ((found[1] or "").rstrip(", "), found[2], found[3]) if name]


def commands_of(remap):
    done = subprocess.run([remap, "--help"], stdout=subprocess.PIPE, text=True, check=True)
    return re.findall(r"^  (\w+) ", done.stdout, re.M)


def entries(manuals, macro):
    """The words of the tags with that macro, as Fl."""
    for manual in manuals:
        with open(manual, encoding="utf-8") as file:
            for line in re.findall(r"^\.It (.*)", plain(file.read()), re.M):
                if re.search(rf"\b{macro} ", line):
                    yield line


# Commands with the same options.
ALIKE = ("redirect|export", "run|env|check")


def check(remap, variables, *manuals):
    variables = variables.split()
    lines, lacking = list(texts(manuals)), []
    flags = " ".join(entries(manuals, "Fl"))
    for command in commands_of(remap):
        if not any(re.search(rf"\bremap(-redirect)? (.*)\b{command}\b|remap-(?={command})", line) for line in lines):
            lacking.append(f"no example: remap {command}")
        for names in options(remap, command):
            pattern = "|".join(rf"\bremap\b.* {re.escape(name)}(?![\w-])" for name in names)
            if not any(re.search(pattern, line) for line in lines):
                lacking.append(f"no example: remap {command} {names[-1]}")
            for name in names:
                if not re.search(rf"(?<![\w-]){re.escape(name[1:])}(?![\w-])", flags):
                    lacking.append(f"no entry: remap {command} {name}")
    for variable in variables:
        if not re.search(rf"\b{variable}\b", " ".join(entries(manuals, "Ev"))):
            lacking.append(f"no entry: {variable}")
    for macro in ("Ev", "Pa"):
        for entry in entries(manuals, macro):
            # The scratch folder of remap-redirect is there only while that runs.
            for word in re.findall(r"[$~/]?[\w/.-]{3,}", entry.split(" ", 1)[1]):
                words = word.replace("UID", "$(id -u)").replace("NUMBER", "*")
                if not words.endswith(".scratch.") and not any(words in line for line in lines):
                    lacking.append(f"no example: {word}")
    print(*dict.fromkeys(lacking), sep="\n", end="")
    return 1 if lacking else 0


def main(verb, *arguments):
    return {"run": run_all, "check": check}[verb](*arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
