#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""run_embed.py CODE ROUNDS STDOUT PROGRAM [ARGUMENT]: runs a program that embeds Node, with its
standard output in a pipe; each round must end with this exit code and this output."""
import subprocess
import sys

code, rounds, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].replace("|", "\n") + "\n"
for number in range(rounds):
    ran = subprocess.run(sys.argv[4:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    if ran.returncode != code or ran.stdout.decode() != out:
        print(f"round {number}: exit code {ran.returncode}, not {code}")
        print(ran.stdout.decode(), ran.stderr.decode())
        sys.exit(1)
