#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""corpus.py PRINT_FINDINGS FIXTURES [CASE...]

Every folder of the corpus holds one manifest and a file `expect`: "valid" or "invalid", then the
ids and JSON pointers of all findings that must be made, and none other. The place (line, column)
of each finding is checked by another reader: what stands there must be the value, or the key, that
the pointer names."""
import json
import pathlib
import subprocess
import sys

SPOT_KEY = {"manifest.key.unknown", "json.duplicate_key"}


def expected(folder):
    lines = [line for line in (folder / "expect").read_text().splitlines()
             if line and not line.startswith("schema ")]
    return lines[0], sorted(line.rstrip() for line in lines[1:])


def offset_of(data, line, column):
    rows = data.split(b"\n")
    return sum(len(row) + 1 for row in rows[:line - 1]) + column - 1


def check_place(data, pointer, spot, line, column):
    """What is wrong with the place, or None. Only asked where the text is JSON."""
    value = json.loads(data.decode("utf-8-sig"))
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        value = value[int(part)] if isinstance(value, list) else value[part]
        key = part
    at = offset_of(data, line, column)
    text = data[at:].decode("utf-8", "replace")
    found = json.JSONDecoder().raw_decode(text)[0]
    wanted = key if spot == "key" else value
    return None if found == wanted else f"at {line}:{column} stands {found!r}, not {wanted!r}"


def is_json(data):
    try:
        json.loads(data.decode("utf-8-sig"))
        return True
    except (ValueError, UnicodeDecodeError, RecursionError):
        return False


def main():
    program, fixtures = sys.argv[1], pathlib.Path(sys.argv[2])
    folders = sorted(folder for folder in fixtures.iterdir() if (folder / "expect").exists())
    if sys.argv[3:]:
        folders = [folder for folder in folders if folder.name in sys.argv[3:]]
    files = {str(next(folder.glob("*.loader.json"))): folder for folder in folders}
    run = subprocess.run([program, *files], capture_output=True, check=False)
    if run.returncode != 0:
        sys.exit(f"{program} ended with {run.returncode}: {run.stderr.decode()}")
    found = {path: [] for path in files}
    for row in run.stdout.decode("utf-8", "replace").splitlines():
        fields = row.split("\t")
        if fields[0] in found:
            found[fields[0]].append(fields[1:])
    faults = places = 0
    for path, folder in files.items():
        verdict, ids = expected(folder)
        rows = [row for row in found[path] if row[0] != "-"]
        data = pathlib.Path(path).read_bytes()
        told = sorted(f"{row[0]} {row[4]}".rstrip() for row in rows)
        is_invalid = any(row[1] == "error" for row in rows)
        if told != ids or (verdict == "invalid") != is_invalid:
            faults += 1
            print(f"{folder.name}: wanted {verdict} {ids}, got {told}")
        for row in rows:
            if row[2] == "0":
                faults += 1
                print(f"{folder.name}: no line: {row}")
            elif is_json(data) and b"\\u0000" not in data and row[4]:
                spot = "key" if row[0] in SPOT_KEY else "value"
                wrong = check_place(data, row[4], spot, int(row[2]), int(row[3]))
                if row[0] == "manifest.version" and wrong:
                    wrong = check_place(data, row[4], "key", int(row[2]), int(row[3]))
                places += 1
                if wrong and row[0] != "json.duplicate_key":
                    faults += 1
                    print(f"{folder.name}: {row[0]}: {wrong}")
    valid = sum(expected(folder)[0] == "valid" for folder in folders)
    print(f"{len(folders)} manifests, {valid} of them valid, {places} places checked, "
          f"{faults} faults")
    sys.exit(faults != 0 or len(folders) == 0)


if __name__ == "__main__":
    main()
