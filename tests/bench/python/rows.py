# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""What the benchmark scripts of Python share: samples in turn, medians, a JSON line a row."""

import json
import os
import statistics
import subprocess
import time

SAMPLES = 9
CHUNKS = 10
PIECE = 10000
PAGE = os.sysconf('SC_PAGESIZE')
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


def resident():
    with open('/proc/self/statm', encoding='ascii') as statm:
        return int(statm.read().split()[1]) * PAGE


def settled(live):
    """What `live()` says once nobody has anything to let go of any more: finalizers run a while
    later, in a loop of their own."""
    least, calm = live(), 0
    for _ in range(50):
        time.sleep(0.01)
        now = live()
        calm = calm + 1 if now > least - 1024 else 0
        least = now
        if calm == 2:
            break
    return least


def in_pieces(work, count, live):
    """Collects garbage often: what a runtime keeps of references is as large as there ever were
    references at a time, and how much garbage holds some before a collection is its whim."""
    for done in range(0, count, PIECE):
        work(min(PIECE, count - done))
        live()
        time.sleep(0.001)


def leak(identifier, work, live, calls, pages):
    """A leak row (see table.py): `work(n)` does a call n times, `live()` collects garbage and says
    how many bytes are in use, `pages()` how much of what is resident is to be left out. Two chunks
    come first, to fill caches and free lists."""
    if not wanted(identifier):
        return
    chunk = max(1, int(os.environ.get('METACALL_BENCH_CALLS', calls)) // CHUNKS)
    in_pieces(work, 2 * chunk, live)
    series = {'live': [settled(live)], 'resident': [resident() - pages()]}
    for _ in range(CHUNKS):
        in_pieces(work, chunk, live)
        series['live'].append(settled(live))
        series['resident'].append(resident() - pages())
    print(json.dumps({'id': identifier, 'chunk': chunk, **series}), flush=True)


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
