"""Compares the messages of the code with those of docs/troubleshooting.md.

    messages.py PAGE SOURCE...          prints what the page lacks, and what the code lacks
    messages.py list SOURCE...          prints the messages of the code

A message is a string of two words or more, of a C source, or what some functions of a shell script are
given. It is in the page if an entry has its words: a word in capitals, as NAME, stands for what a format
prints. An entry begins a line of a list in the section Messages, "- `TEXT`". It may be made of several
messages, and has nothing else.
"""
import re
import sys

SCANNER = re.compile(
    r"""(?P<comment> /\*.*?\*/ | //[^\n]*)
      | (?P<include> \#\s*include[^\n]*)
      | (?P<assertion> _Static_assert\(.*?\);)
      | (?P<help> const\ struct\ (?:option_spec|command|format)\ \w+(?:\[\])?\ =\ *\s\{.*?\};
                | \#define\ OPTION(?:[^\n]*\\\n)*[^\n]* | complete_word\(.*?;)
      | (?P<assembly> \b(?:__)?asm(?:__)?\b.*?; | \#define\ SYSCALL_(?:[^\n]*\\\n)*[^\n]*)
      | (?P<string> "(?:[^"\\\n]|\\.)*")
      | (?P<character> '(?:[^'\\\n]|\\.)+')
      | (?P<blank> \s+)
      | (?P<other> .)""",
    re.X | re.S,
)
FORMAT = re.compile(r"%(?:[-+ #0]*[\d*]*(?:\.[\d*]+)?(?:hh?|ll?|z|j|t)?[a-zA-Z]|%)")
ANYTHING = "\0"


def strings_of_c(text):
    """Neighbours are one string. What options and commands say of themselves is help."""
    strings, is_open = [], False
    for token in SCANNER.finditer(text):
        kind = token.lastgroup
        if kind == "string":
            value = re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), token[0][1:-1])
            if is_open:
                strings[-1] += value
            else:
                strings.append(value)
            is_open = True
        elif kind not in ("blank", "comment"):
            is_open = False
    return [FORMAT.sub(lambda m: "%" if m[0] == "%%" else ANYTHING, string) for string in strings]


def strings_of_shell(text, functions):
    """What follows one of the functions. A variable is anything, and so is what a command prints."""
    text = re.sub(r"^\s*#.*", "", text, flags=re.M).replace("\\\n", " ")
    text = re.sub(r"(?<!\\)\$+(?:\((?:[^()]|\([^()]*\))*\)|\{[^}]*\}|\w+)", ANYTHING, text)
    strings = re.findall(rf"""\b(?:{functions})\s+["']([^"'\n]*(?:'[^'\n]*'[^"'\n]*)*)["'\n]""", text)
    return [re.sub(r"\\\$+", "$", string) for string in strings]


def is_message(string):
    """A text of several lines, or with tabs, is output."""
    words = re.findall(r"(?<![-\w])[A-Za-z]{2,}", string)
    return len(words) > 1 and " " in string.strip() and not re.search(r"[\n\t]", string)


def read(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if path.endswith((".c", ".h")):
        return strings_of_c(text)
    return strings_of_shell(text, "echo" if path == "Makefile" else r"die\s+\S+|usage|differs|roll_back|say")


def expression(string, anything):
    """Of the string without the blanks and marks around it, which other strings complete."""
    words = re.sub(" +", " ", string.strip(" ,;:" + ANYTHING)).split(ANYTHING)
    return anything.join(re.escape(part) for part in words)


def is_in(message, entries):
    pattern = re.compile(expression(message, ".*?"))
    return any(pattern.search(entry) for entry in entries)


def part(string):
    """What a format prints is a word, or has no small letters."""
    pattern = expression(string, r"(?:\S+|[^a-z]*?)")
    before, after = r"(?<!\w)" if pattern[0].isalnum() else "", r"(?!\w)" if pattern[-1].isalnum() else ""
    return re.compile(before + pattern + after)


def rest_of(entry, parts):
    """The entry without the strings of the code."""
    for each in parts:
        entry = each.sub(ANYTHING, entry)
    return entry


def main(page, *sources):
    strings = sorted({string for path in sources for string in read(path)})
    messages = [string for string in strings if is_message(string)]
    if page == "list":
        print(*[message.replace(ANYTHING, "...") for message in messages], sep="\n")
        return 0
    with open(page, encoding="utf-8") as file:
        section = re.search(r"^## Messages\n.*?(?=^## )", file.read(), re.M | re.S)
    entries = [" ".join(entry.split()) for entry in re.findall(r"^- `([^`]+)`", section[0], re.M)]
    longest_first = sorted(strings, key=lambda string: -len(string.replace(ANYTHING, "")))
    parts = [part(string) for string in longest_first if re.search("[a-z]", string)]
    lacking = [f"not in the page: {m.replace(ANYTHING, '...')}" for m in messages if not is_in(m, entries)]
    lacking += [f"not in the code: {entry}" for entry in entries if re.search("[a-z]", rest_of(entry, parts))]
    for line in lacking:
        print(line)
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
