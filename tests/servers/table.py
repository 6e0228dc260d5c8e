"""
usage: table.py text|markdown ROWS

Prints the rows that inside.py wrote as a table, and the count of its cells.
"""
import json
import sys

COLUMNS = ('high', 'tree', 'redirected', 'says', 'reload')


def read(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def count(rows):
    """Cells that hold, those that cannot and say why, and failures."""
    cells = [row[column] for row in rows for column in COLUMNS if row[column] != '-']
    good, bad = cells.count('yes'), cells.count('no')
    return f'{len(cells)} cells of {len({row["server"] for row in rows})} servers: {good} yes, {len(cells) - good - bad} with a reason, {bad} no'


def text(rows):
    lines = [('server', 'version', 'door', 'engine', *COLUMNS)]
    for row in rows:
        cells = [row[column] if row[column] in ('yes', 'no', '-') else 'see below' for column in COLUMNS]
        lines.append((row['server'], row['version'], row['door'], row['engine'], *cells))
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    for line in lines:
        print('  '.join(word.ljust(width) for word, width in zip(line, widths)).rstrip())
    for row in rows:
        for column in COLUMNS:
            if row[column] not in ('yes', 'no', '-'):
                print(f'{row["server"]} {row["door"]}: {column}: {row[column]}')
    print(count(rows))


{'text': text}[sys.argv[1]](read(sys.argv[2]))
