# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""run.py [MODULE...]: the suite of the Python port under this Python. One module runs right here,
as CTest has it, and 77 means that it was skipped as a whole; several, or all, run each in a process
of its own, and a table says how they ended. README.md says what can be set."""

import glob
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import installed

ELSEWHERE = ('test_embed', 'test_guest', 'test_free_threaded') # CTest sets them up: another Python


def run_here(module):
    try:
        suite = unittest.defaultTestLoader.loadTestsFromName(module)
    except unittest.SkipTest as reason:
        print('SKIP: %s' % reason)
        return 77
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if result.testsRun and len(result.skipped) == result.testsRun:
        print('SKIP: %s' % result.skipped[0][1])
        return 77
    return 0 if result.wasSuccessful() and result.testsRun else 1


def run_each(modules):
    ended = {}
    for module in modules:
        print('==== %s' % module, flush=True)
        status = subprocess.call([sys.executable, os.path.join(HERE, 'run.py'), module])
        ended[module] = {0: 'passed', 77: 'skipped'}.get(status, 'FAILED (%d)' % status)
    print('\n%s with the metacall of %s' % (sys.version.split()[0], installed.package()))
    for module, how in ended.items():
        print('%-20s %s' % (module, how))
    return int(any(how.startswith('FAILED') for how in ended.values()))


def main(modules):
    installed.prepare()
    if len(modules) == 1:
        return run_here(modules[0])
    if not modules:
        modules = sorted(os.path.basename(path)[:-3]
                         for path in glob.glob(os.path.join(HERE, 'test_*.py')))
        modules = [module for module in modules if module not in ELSEWHERE]
    return run_each(modules)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
