# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""What the benchmark scripts of Python share: samples in turn, medians, a JSON line a row."""

import json
import os
import statistics
import subprocess
import time

SAMPLES = 9
BUILD = os.environ['METACALL_BUILD_DIR']
FLOOR_NODE = os.path.join(BUILD, 'bench', 'floor_node')


def wanted(identifier):
    return identifier.startswith(os.environ.get('METACALL_BENCH_ONLY', ''))


def row(identifier, value, floor, unit, limit):
    """A row; floor None: the limit is in the unit of the value."""
    print(json.dumps({'id': identifier, 'value': round(value, 3),
                      'floor': None if floor is None else round(floor, 3), 'unit': unit,
                      'ratio': None if floor is None else round(value / floor, 4),
                      'limit': limit}), flush=True)


def compare(identifier, value, floor, unit, limit, samples=SAMPLES):
    """`value` and `floor` give one sample each; they are taken in turn."""
    if not wanted(identifier):
        return
    values, floors = [], []
    value(), floor()
    for _ in range(samples):
        floors.append(floor())
        values.append(value())
    row(identifier, statistics.median(values), statistics.median(floors), unit, limit)


def per_call(function, *args, count=100000):
    """A sampler of nanoseconds a call, what the loop costs included."""
    def sample():
        numbers = range(count)
        start = time.perf_counter_ns()
        for _ in numbers:
            function(*args)
        return (time.perf_counter_ns() - start) / count
    return sample


def process(*command, environment=None):
    """A sampler of milliseconds a run of a whole process."""
    def sample():
        start = time.perf_counter_ns()
        subprocess.run(command, check=True, env=environment)
        return (time.perf_counter_ns() - start) / 1e6
    return sample


def node_floor(what):
    """A sampler of the bare embedder: one run is one sample."""
    def sample():
        return float(subprocess.check_output([FLOOR_NODE, what], text=True))
    return sample


def until_ready(*command):
    """A sampler of milliseconds from the start of a process to its first line."""
    def sample():
        start = time.perf_counter_ns()
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            if not child.stdout.readline():
                raise RuntimeError('%s says nothing' % command[0])
            return (time.perf_counter_ns() - start) / 1e6
    return sample
