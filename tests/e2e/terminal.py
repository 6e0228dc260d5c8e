"""Runs a command on a terminal.

    terminal.py COLUMNS COMMAND...      prints what it shows
    terminal.py widths COMMAND...       for terminals of several widths, whether it fits, and its first line
    terminal.py interrupt COMMAND...    types Ctrl-C when it has cleared the screen twice, and prints its status
"""
import fcntl
import os
import pty
import re
import struct
import sys
import termios
import unicodedata

LINES = 24


def columns_of(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def run(columns, command, interrupts=False):
    """Returns what it has shown, and its status."""
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
        os.environ["TERM"] = "xterm"
        os.execvp(command[0], command)
    shown = b""
    while True:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        shown += data
        if interrupts and shown.count(b"\033[2J") == 2:
            os.write(fd, b"\x03")
            interrupts = False
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return shown.decode(errors="backslashreplace").replace("\r\n", "\n"), status


what, command = sys.argv[1], sys.argv[2:]
if what == "interrupt":
    print(run(80, command, interrupts=True)[1])
elif what == "widths":
    for columns in 120, 80, 60, 40:
        lines = re.sub(r"\033\[[0-9;]*m", "", run(columns, command)[0]).splitlines()
        fits = max(map(columns_of, lines)) <= columns
        print(columns, "fits:" if fits else "does not fit:", " ".join(lines[0].split()))
else:
    print(run(int(what), command)[0], end="")
