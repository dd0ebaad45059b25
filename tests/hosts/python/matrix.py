# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Tests that are a table: each cell is one test, cells run side by side, and the table is printed
when all have run."""

import concurrent.futures
import os
import sys
import time
import unittest


class Table:
    """Runs `cell(row, column)` for every pair; a cell returns what the table shows, raises
    unittest.SkipTest, or fails."""

    def __init__(self, title, rows, columns, cell):
        self.title = title
        self.rows = list(rows)
        self.columns = list(columns)
        self.cell = cell
        self.shown = {}
        self.futures = {}

    def add_tests(self, case):
        """One test for each cell in `case`, and the table at its end."""
        for row in self.rows:
            for column in self.columns:
                def test(case, row=row, column=column):
                    self.wait(case, row, column)
                setattr(case, 'test_%s: %s' % (column, row), test)
        case.tearDownClass = classmethod(lambda _: self.show())

    def start(self):
        # Children sleep now and then: more of them than cores.
        pool = concurrent.futures.ThreadPoolExecutor((os.cpu_count() or 1) + 1)
        for row in self.rows:
            for column in self.columns:
                self.futures[row, column] = pool.submit(self.cell, row, column)
        pool.shutdown(wait=False)

    def wait(self, case, row, column):
        if not self.futures:
            self.start()
        began = time.monotonic()
        try:
            self.shown[row, column] = self.futures[row, column].result()
        except unittest.SkipTest as reason:
            self.shown[row, column] = 'skipped'
            case.skipTest(str(reason))
        except BaseException:
            self.shown[row, column] = 'FAILED'
            raise
        finally:
            case.seconds = time.monotonic() - began

    def show(self):
        for future in self.futures.values():
            future.cancel()
        widths = [max(len(str(text)) for text in [column] + [
            self.shown.get((row, column), '-') for row in self.rows]) for column in self.columns]
        first = max(len(row) for row in self.rows + [self.title])
        lines = ['', ' | '.join([self.title.ljust(first)] + [
            column.ljust(width) for column, width in zip(self.columns, widths)])]
        lines.append('-|-'.join(['-' * first] + ['-' * width for width in widths]))
        for row in self.rows:
            lines.append(' | '.join([row.ljust(first)] + [
                str(self.shown.get((row, column), '-')).ljust(width)
                for column, width in zip(self.columns, widths)]))
        print('\n'.join(line.rstrip() for line in lines), file=sys.stderr, flush=True)
