# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmark programs and shows their rows as one table (tools/bench).

A program is <build>/bench/bench_* or an executable script tests/bench/*/bench_*. It prints one
JSON object a line: {"id", "value", "floor", "unit", "ratio", "limit"}. A limit judges the ratio,
or, where ratio is null, the value; limit null = for the record. A row printed more than once
counts with the medians of its values and floors. Exit 77 skips a program.

A leak row is {"id", "chunk", "live", "resident"}: bytes in use and resident bytes, before the first
and after each chunk of so many calls. Its value is what a call leaves behind (see growth)."""
import argparse
import itertools
import json
import os
import pathlib
import selectors
import statistics
import subprocess
import sys

KEYS = {"id", "value", "floor", "unit", "ratio", "limit"}
LEAK_KEYS = {"id", "chunk", "live", "resident"}
LEAK_NOISE = 1000000  # bytes a run: a byte a call over a million calls, more over fewer


def programs(root, build):
    built = sorted((build / "bench").glob("bench_*"))
    scripts = sorted((root / "tests" / "bench").glob("*/bench_*"))
    return [path for path in [*built, *scripts]
            if path.is_file() and os.access(path, os.X_OK)
            and (path in built or path.read_bytes()[:2] == b"#!")]


def rows_of(output):
    """Rows by id, in order of appearance; raises ValueError for a line that is not a row."""
    samples = {}
    for line in output.splitlines():
        if not line.strip():
            continue
        row = json.loads(line)
        if isinstance(row, dict) and set(row) == LEAK_KEYS:
            row = leak_row(row)
        if not isinstance(row, dict) or set(row) != KEYS:
            raise ValueError(f"not a row: {line}")
        samples.setdefault(row["id"], []).append(row)
    return [merge(same) for same in samples.values()]


def slope(samples, chunk):
    """Growth a call: the median of the slopes of all pairs (Theil and Sen), deaf to outliers."""
    return statistics.median(
        (samples[b] - samples[a]) / ((b - a) * chunk)
        for a, b in itertools.combinations(range(len(samples)), 2))


def growth(live, resident, chunk):
    """Bytes a call leaves behind. Live bytes are counted exactly and their slope counts as it is:
    one late table or cache is a few hundred KB, a fraction of a byte a call. Resident memory also
    goes up and down with garbage and in steps that are kept, so there it takes both a slope and
    growth in the median chunk: noise has no slope, a step no median."""
    median = statistics.median(b - a for a, b in itertools.pairwise(resident)) / chunk
    return max(0, slope(live, chunk), min(slope(resident, chunk), median))


def leak_row(row):
    live, resident, chunk = row["live"], row["resident"], row["chunk"]
    if not len(live) == len(resident) > 2:
        raise ValueError(f"too few samples: {row}")
    limit = max(1, LEAK_NOISE / (chunk * (len(live) - 1)))
    return {"id": row["id"], "value": growth(live, resident, chunk), "floor": None, "unit": "B",
            "ratio": None, "limit": limit}


def merge(same):
    row = dict(same[0])
    row["value"] = statistics.median(sample["value"] for sample in same)
    if row["floor"] is not None:
        row["floor"] = statistics.median(sample["floor"] for sample in same)
    if len(same) > 1 and row["ratio"] is not None:
        row["ratio"] = row["value"] / row["floor"]
    judged = row["value"] if row["ratio"] is None else row["ratio"]
    row["over"] = row["limit"] is not None and not judged <= row["limit"]
    return row


# Ladders of units: a figure is shown in the one that leaves it below a thousand.
LADDERS = [["ns", "us", "ms", "s"], ["B", "KB", "MB", "GB"]]


def number(value, unit=""):
    if value is None:
        return "-"
    for ladder in LADDERS:
        while unit in ladder[:-1] and abs(value) >= 1000:
            value, unit = value / 1000, ladder[ladder.index(unit) + 1]
    text = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{text} {unit}".rstrip()


def cells(row):
    ratio = "-" if row["ratio"] is None else f"{row['ratio']:.2f} x"
    limit = "-" if row["limit"] is None else (
        number(row["limit"], row["unit"]) if row["ratio"] is None else f"{row['limit']:g} x")
    return [row["id"], number(row["value"], row["unit"]), number(row["floor"], row["unit"]), ratio,
            limit, "OVER" if row["over"] else "ok"]


def table(rows):
    lines = [["row", "value", "floor", "ratio", "at most", ""], *map(cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join(
        "  ".join(cell.ljust(width) if at in (0, 5) else cell.rjust(width)
                  for at, (cell, width) in enumerate(zip(line, widths))).rstrip()
        for line in lines)


def output_of(program, root, environment, silence):
    """(output, exit code); TimeoutError when nothing came for so many seconds."""
    lines = []
    with subprocess.Popen([program], cwd=root, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE) as child, selectors.DefaultSelector() as ready:
        ready.register(child.stdout, selectors.EVENT_READ)
        while not lines or lines[-1]:
            if not ready.select(silence):
                child.kill()
                raise TimeoutError(f"said nothing for {silence} s")
            lines.append(os.read(child.stdout.fileno(), 65536))
    return b"".join(lines).decode(), child.returncode


def run(program, options):
    """(rows, None), or ([], why there are none)."""
    environment = dict(os.environ)
    if options.only:
        environment["METACALL_BENCH_ONLY"] = options.only
    if options.calls:
        environment["METACALL_BENCH_CALLS"] = str(options.calls)
    output, code = output_of(program, options.root, environment, options.silence)
    if code == 77:
        print(f"{program.name}: {output.strip() or 'skipped'}", file=sys.stderr)
        return [], None
    if code != 0:
        return [], f"{program.name} ended with {code}"
    return [row for row in rows_of(output) if row["id"].startswith(options.only or "")], None


def main():
    parser = argparse.ArgumentParser(prog="tools/bench")
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--only", metavar="ID", help="rows whose id begins so")
    parser.add_argument("--calls", metavar="N", type=int, help="calls of each leak row")
    parser.add_argument("--silence", metavar="SECONDS", type=int, default=900,
                        help="how long a program may print nothing")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    options = parser.parse_args()
    rows, failures = [], []
    for program in programs(options.root, options.build):
        try:
            found, failure = run(program, options)
        except (ValueError, OSError) as error:
            found, failure = [], f"{program.name}: {error}"
        rows += found
        failures += [failure] if failure else []
    if options.json:
        print(json.dumps({"schema_version": 1, "kind": "bench", "rows": rows,
                          "failures": failures}, indent=2))
    else:
        print(table(rows))
    for failure in failures:
        print(f"tools/bench: {failure}", file=sys.stderr)
    over = [row["id"] for row in rows if row["over"]]
    if over:
        print(f"tools/bench: over their limit: {', '.join(over)}", file=sys.stderr)
    if not rows:
        print("tools/bench: no row was measured", file=sys.stderr)
    return 1 if failures or over or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
