# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""run.py MODULE: one module of the suite under this Python, for CTest. 77 = skipped as a whole."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

if __name__ == '__main__':
    try:
        suite = unittest.defaultTestLoader.loadTestsFromName(sys.argv[1])
    except unittest.SkipTest as reason:
        print('SKIP: %s' % reason)
        sys.exit(77)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if result.testsRun and len(result.skipped) == result.testsRun:
        print('SKIP: %s' % result.skipped[0][1])
        sys.exit(77)
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)
