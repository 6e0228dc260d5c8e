"""
usage: table.py text ROWS
       table.py page ROWS ROOT
       table.py compare ROWS ROOT PAGE

The rows that inside.py wrote: as a table for a terminal, with the count of its cells; as the page
docs/servers.md; or as a TAP line that says whether such a page tells what these rows do. Versions,
and the line that says when it was, may differ.
"""
import datetime
import difflib
import json
import platform
import re
import sys

COLUMNS = ('high', 'tree', 'redirected', 'says', 'reload')
PLAIN_CELLS = ('yes', 'no', '-')

HEAD = '''# Does it work with my server?

<!-- Written by 'make servers', from a run. Do not edit: see tests/servers. -->

Each server below is Debian's package, or one of npm, started by an ordinary user without a capability, on a privileged port, first without
libremap, when it was refused that port, and then with `LD_PRELOAD=libremap.so` and no table (80 is 8080), or with `remap run` where the engine
is notify. Each answer was had by a real client of its protocol, over IPv4 and IPv6 where the server speaks both: a page was
fetched, a mail delivered or read, a login made. Ports from 1024 up must be left untouched.

| column | what was seen to hold |
|---|---|
| high | a client that knows nothing of libremap reaches it on the actual port (8080) |
| tree | a client in the tree reaches it on the asked port (80), where one outside finds nothing |
| redirected | a client of another host reaches it on port 80, after `remap-redirect up --owner` |
| says | what the server says of its port, in its log, banner or variables, is the asked one, and never the actual one |
| reload | after the server's own reload, restart or change of its binary, the first two hold again |

"-": there is no such thing, as a server that never tells its port. The recipe of each, with its configuration, is the folder of that name in
`tests/servers/`.

'''


def read(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def count(rows):
    """Cells that hold, those that cannot and say why, and failures."""
    cells = [row[column] for row in rows for column in COLUMNS if row[column] != '-']
    good, bad = cells.count('yes'), cells.count('no')
    servers = len({row['server'] for row in rows})
    return f'{len(cells)} cells of {servers} servers: {good} yes, {len(cells) - good - bad} with a reason, {bad} no'


def text(rows):
    lines = [('server', 'version', 'port', 'engine', *COLUMNS)]
    for row in rows:
        cells = [row[column] if row[column] in PLAIN_CELLS else 'see below' for column in COLUMNS]
        lines.append((row['server'], row['version'], row['door'], row['engine'], *cells))
    widths = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        yield '  '.join(word.ljust(width) for word, width in zip(line, widths)).rstrip()
    for row in rows:
        for column in COLUMNS:
            if row[column] not in PLAIN_CELLS:
                yield f'{row["server"]} {row["door"]}: {column}: {row[column]}'
    yield count(rows)


def table_line(*words):
    return '| ' + ' | '.join(word.replace('|', '\\|') for word in words) + ' |'


def page(rows, root):
    working = [row for row in rows if not row['stops']]
    with open(f'{root}/etc/debian_version') as file:
        debian = file.read().strip()
    yield from HEAD.splitlines()
    kernel = '.'.join(platform.release().split('.')[:2])
    yield f'Seen on Debian {debian}, Linux {kernel}, {datetime.date.today()}.'
    yield ''
    yield table_line('server', 'version', 'port', 'engine', 'what a run without root needs', *COLUMNS)
    yield '|---' * 10 + '|'
    for row in working:
        cells = [row[column] if row[column] in PLAIN_CELLS else f'no: {row[column]}' for column in COLUMNS]
        yield table_line(row['server'], row['version'], row['door'], row['engine'], row['config'], *cells)
    stopped = [row for row in rows if row['stops']]
    yield from ('', '## What does not work', '')
    if stopped:
        yield from (table_line('server', 'version', 'port', 'engine', 'what it says'), '|---' * 5 + '|')
        for row in stopped:
            yield table_line(row['server'], row['version'], row['door'], row['engine'], f'`{row["high"]}`')
    else:
        yield 'Nothing of what was tried.'
    yield from ('', count(rows) + '.')


def timeless(lines):
    """Without the versions, and without when and where that was."""
    for line in lines:
        if not line.startswith('Seen on '):
            yield re.sub(r'^(\| [^|]* \|)[^|]*\|', r'\1', line)


def compare(rows, root, path):
    with open(path) as file:
        had = list(timeless(file.read().splitlines()))
    has = list(timeless(page(rows, root)))
    yield 'ok - docs/servers.md tells what was seen' if had == has else 'not ok - docs/servers.md tells what was seen'
    yield from (f'#   {line}' for line in difflib.unified_diff(had, has, 'docs/servers.md', 'seen', lineterm='', n=0))


for line in {'text': text, 'page': page, 'compare': compare}[sys.argv[1]](read(sys.argv[2]), *sys.argv[3:]):
    print(line)
