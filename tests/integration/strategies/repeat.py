#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""repeat.py LIST FOLDER ROUNDS [CASE]: every case of the list (or those whose name begins so), that
many times, two processes at a time. Prints whatever failed, with its output."""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

listed, folder, rounds = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
begins = sys.argv[4] if len(sys.argv) > 4 else ""
cases = [match.groups() for line in pathlib.Path(listed).read_text(encoding="utf-8").splitlines()
         if (match := re.fullmatch(r"([a-z0-9_]+) +(\S+)", line)) and match[2].startswith(begins)]
assert cases, "no case"
counts = {"passed": 0, "skipped": 0, "failed": 0}


def run(job):
    number, (host, case) = job
    done = subprocess.run([folder / f"st_host_{host}", case], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    return number, case, done


jobs = ((number, case) for number in range(rounds) for case in cases)
with concurrent.futures.ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
    for number, case, done in pool.map(run, jobs):
        how = {0: "passed", 77: "skipped"}.get(done.returncode, "failed")
        counts[how] += 1
        if how == "failed":
            print(f"round {number}: {case}: status {done.returncode}\n{done.stdout}", flush=True)
print(f"{rounds} times {len(cases)} cases:", counts)
sys.exit(counts["failed"] != 0)
