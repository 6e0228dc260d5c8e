"""Types the lines of a table into a shell on a terminal, each with a tab at its end.

    completions.py SHELL TABLE
"""
import os
import pty
import re
import select
import signal
import sys
import time

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "PS1='ready> '; source completions/remap.bash"),
    "zsh": (
        ["zsh", "-f", "-i"],
        "unset zle_bracketed_paste; PS1='ready> '; fpath=($PWD/completions $fpath); autoload -Uz compinit; compinit -u -D",
    ),
    "fish": (
        ["fish", "--no-config", "-i"],
        "function fish_prompt; echo -n 'ready> '; end; set -g fish_autosuggestion_enabled 0; source completions/remap.fish",
    ),
}
LIMIT = 10  # seconds


class Terminal:
    def __init__(self, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="vt100", HOME=os.getcwd(), COLUMNS="120")
            os.execvp(command[0], command)
        self.seen = ""

    def type(self, text):
        self.seen = ""
        os.write(self.fd, text.encode())

    def wait_for(self, text):
        """Whether the text has come, without what moves the cursor."""
        end = time.monotonic() + LIMIT
        while text not in re.sub(r"\x1b\[[0-9;?=>]*[A-Za-z]|\x1b[()=>][AB012]?|[\x0e\x0f\x07\x08]", "", self.seen):
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                return False
            try:
                self.seen += os.read(self.fd, 65536).decode(errors="replace")
            except OSError:
                return False
        return True


def main(shell, table):
    command, setting = SHELLS[shell]
    terminal = Terminal(command)
    terminal.type(setting + "; echo set''up\n")
    if not terminal.wait_for("setup"):
        sys.exit(f"{shell} does not start: {terminal.seen!r}")
    for line in open(table, encoding="utf-8"):
        typed, expected = line.rstrip("\n").split("|")
        terminal.type("\x15" + typed + "\t")  # the first clears the line
        ok = terminal.wait_for(expected)
        print(f"{'ok' if ok else 'not ok'} - {shell}: {typed}")
        if not ok:
            print(f"#   expected: {expected}\n#   got:      {terminal.seen!r}")
    os.kill(terminal.pid, signal.SIGKILL)
    os.waitpid(terminal.pid, 0)


main(*sys.argv[1:])
