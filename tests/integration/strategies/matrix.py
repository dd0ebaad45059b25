#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""matrix.py LIST BUILD: whether each of the 48 cases has its tests (see the head of matrix.list)."""

import json
import pathlib
import re
import subprocess
import sys

listed, build = sys.argv[1:]
shown = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True,
                       stdout=subprocess.PIPE).stdout
tests = {test["name"] for test in json.loads(shown)["tests"]}
rows, wrong, lacking = {}, [], []
for line in pathlib.Path(listed).read_text(encoding="utf-8").splitlines():
    if line.startswith("#"):
        continue
    number, what, names = re.fullmatch(r"(\d\d) ([^:]+): (.+)", line).groups()
    if number in rows:
        wrong.append(f"{number} stands twice")
    rows[number] = names.split()
    present = [name for name in rows[number] if name.lstrip("?") in tests]
    wrong += [f"{number} ({what}): no test {name}" for name in rows[number]
              if not name.startswith("?") and name not in tests]
    if not present:
        lacking.append(f"{number} ({what})")
numbers = {f"{number:02}" for number in range(1, 49)}
wrong += [f"{number} is not listed" for number in sorted(numbers - set(rows))]
wrong += [f"{number} is no case" for number in sorted(set(rows) - numbers)]
named = {name.lstrip("?") for names in rows.values() for name in names}
wrong += [f"{name} is not listed" for name in sorted(tests)
          if re.match(r"strategies\.\d\d\.", name) and name not in named]
for one in wrong:
    print(one)
if wrong:
    sys.exit(1)
print(f"{len(rows)} cases, {len(named & tests)} tests")
if lacking:
    print("SKIP: nothing on this machine to try", "; ".join(lacking))
    sys.exit(77)
