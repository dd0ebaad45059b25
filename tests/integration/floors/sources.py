# SPDX-License-Identifier: Apache-2.0
"""What must hold for the text of the sources: no include leaves its folder by a relative path, no
language is named below the loaders, no file or line grows past what one can read, and no name of a
file says nothing."""
import pathlib
import re
import sys

ROOMS = ["core", "host_variants", "registry", "ports", "loaders", "tools"]
LANGUAGE_FREE = ["core", "host_variants", "registry"]
# Words that name a language or a runtime in code: identifiers and strings, not comments. A `node`
# outside of a string is one of a tree; `node_modules` is a folder of the search path
# (manifests/README.md).
LANGUAGES = re.compile(
    r"python|javascript|nodejs|libnode|napi_|\bPy[_A-Z]|\bpy\b|\bpy_|\bnode_(?:api|loader)"
    r"|ruby|\blua|\bperl|\bphp|\btcl|guile|\bjvm|\bJNI_|\bv8\b", re.IGNORECASE)
LANGUAGE_IN_STRING = re.compile(r"\bnode\b", re.IGNORECASE)
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
SAYS_NOTHING = re.compile(r"^(utils?|helpers?|common|misc)\.(c|h|cc|py|js|sh)$")
LONGEST_FILE, WIDEST_LINE = 600, 100


def without_comments(text):
    """The text with comments blanked, every line where it was."""
    def blank(match):
        found = match.group()
        return re.sub(r"[^\n]", " ", found) if found.startswith("/") else found
    return COMMENT_OR_STRING.sub(blank, text)


def faults(root, path):
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    room = path.relative_to(root).parts[0]
    if SAYS_NOTHING.match(path.name):
        yield 0, "a name that says nothing"
    if len(lines) > LONGEST_FILE:
        yield len(lines), f"longer than {LONGEST_FILE} lines"
    for number, line in enumerate(lines, 1):
        if len(line) > WIDEST_LINE:
            yield number, f"wider than {WIDEST_LINE} columns"
        include = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        if include and ".." in include.group(1).split("/"):
            yield number, f"leaves its folder: {line.strip()}"
        if include and "/" not in include.group(1) and not list(path.parent.glob(include.group(1))):
            yield number, f"not in its own folder: {line.strip()}"
    if room in LANGUAGE_FREE:
        for number, line in enumerate(without_comments(text).splitlines(), 1):
            word = LANGUAGES.search(line) or LANGUAGE_IN_STRING.search(
                " ".join(STRING.findall(line)))
            if word:
                yield number, f"names a language ('{word.group()}'): {line.strip()}"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    found = seen = 0
    for room in ROOMS:
        for path in sorted((root / room).rglob("*")):
            if path.suffix not in (".c", ".h", ".cc") or not path.is_file():
                continue
            seen += 1
            for number, fault in faults(root, path):
                print(f"{path.relative_to(root)}:{number}: {fault}")
                found += 1
    print(f"{seen} sources read, {found} faults")
    return 1 if found or not seen else 0


sys.exit(main())
