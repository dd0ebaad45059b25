# SPDX-License-Identifier: Apache-2.0
"""The harness itself: medians, growth, verdicts; programs that fail, that skip, that
hang or that print nonsense."""
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def row(name, value, floor, limit):
    return json.dumps({"id": name, "value": value, "floor": floor, "unit": "ns",
                       "ratio": None if floor is None else value / floor, "limit": limit})


class Table(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        (self.root / "build" / "bench").mkdir(parents=True)
        (self.root / "tests" / "bench" / "x").mkdir(parents=True)

    def program(self, lines, code=0, where="build/bench/bench_a"):
        path = self.root / where
        body = "".join(f"echo '{line}'\n" for line in lines)
        path.write_text(f"#!/bin/sh\n{body}exit {code}\n")
        path.chmod(0o755)

    def run_table(self, *arguments):
        done = subprocess.run(
            [sys.executable, HERE / "table.py", "--root", self.root, "--build",
             self.root / "build", *arguments], capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    def test_within_the_limit(self):
        self.program([row("call.a", 20, 10, 3), row("leak.a", 4, None, 16)])
        code, out, _ = self.run_table()
        self.assertEqual(code, 0)
        self.assertIn("2.00 x", out)
        self.assertIn("16 ns", out)

    def test_figures_are_shown_in_a_unit_that_fits(self):
        self.program([row("start.a", 3827907, 1500, 3000)])
        code, out, _ = self.run_table()
        self.assertEqual(code, 0)
        self.assertIn("3.83 ms  1.5 us", out)

    def test_over_the_limit_is_marked_and_fails(self):
        self.program([row("call.a", 31, 10, 3), row("leak.a", 17, None, 16)])
        code, out, err = self.run_table()
        self.assertEqual(code, 1)
        self.assertEqual(out.count("OVER"), 2)
        self.assertIn("call.a, leak.a", err)

    def test_nan_is_over(self):
        line = row("call.a", 1, 1, 3).replace("1.0", "NaN")
        self.program([line])
        self.assertEqual(self.run_table()[0], 1)

    def test_medians_of_repeated_rows(self):
        self.program([row("call.a", value, 10, 3) for value in (20, 900, 25)],
                     where="tests/bench/x/bench_a")
        code, out, _ = self.run_table("--json")
        self.assertEqual(code, 0)
        self.assertEqual(json.loads(out)["rows"][0]["ratio"], 2.5)

    def growth(self, live, resident, chunk=100000):
        """(exit code, bytes a call) of a leak row."""
        self.program([json.dumps({"id": "leak.a", "chunk": chunk, "live": live,
                                  "resident": resident})])
        code, out, _ = self.run_table("--json")
        return code, json.loads(out)["rows"][0]["value"]

    def test_growth_of_live_bytes_is_a_leak(self):
        code, value = self.growth([200000 * at for at in range(11)], [0] * 11)
        self.assertEqual((code, value), (1, 2))

    def test_growth_of_a_table_that_doubles_is_a_leak(self):
        live = [8 * 10 ** 5 * at for at in (1, 2, 2, 4, 4, 4, 4, 8, 8, 8, 8)]
        self.assertEqual(self.growth(live, [0] * 11)[0], 1)

    def test_growth_once_is_none(self):
        once = [0] * 5 + [500000] * 6
        code, value = self.growth(once, once)
        self.assertEqual(code, 0)
        self.assertLess(value, 1)
        self.assertEqual(self.growth([0] * 11, [0] * 5 + [16000000] * 6), (0, 0))

    def test_growth_that_only_resident_memory_shows(self):
        code, value = self.growth([0] * 11, [300000 * at for at in range(11)])
        self.assertEqual((code, value), (1, 3))

    def test_growth_of_noise_is_none(self):
        noise = [0, 500000, 100000, 450000, 0, 350000, 200000, 500000, 50000, 400000, 100000]
        code, value = self.growth([0] * 11, noise)
        self.assertEqual(code, 0)
        self.assertLess(value, 0.5)

    def test_shrinking_is_no_growth(self):
        falling = [-200000 * at for at in range(11)]
        self.assertEqual(self.growth(falling, falling), (0, 0))

    def test_a_short_run_is_allowed_the_same_noise(self):
        noise = [20000 * at for at in range(11)] # 200 KB
        self.assertEqual(self.growth(noise, noise, 100000), (0, 0.2))
        self.assertEqual(self.growth(noise, noise, 10000), (0, 2))
        self.assertEqual(self.growth([16 * at * 10000 for at in range(11)], noise, 10000)[0], 1)

    def test_growth_needs_as_many_of_both(self):
        self.program([json.dumps({"id": "leak.a", "chunk": 1, "live": [1, 2], "resident": [1]})])
        self.assertEqual(self.run_table()[0], 1)

    def test_calls_reach_the_programs(self):
        path = self.root / "build" / "bench" / "bench_a"
        self.program([], where="build/bench/bench_a")
        line = row("leak.a", 1, None, 2).replace("leak.a", "leak.$METACALL_BENCH_CALLS")
        path.write_text(f"#!/bin/sh\ncat <<END\n{line}\nEND\n")
        self.assertIn("leak.12", self.run_table("--calls", "12")[1])

    def test_a_silent_program_is_ended(self):
        path = self.root / "build" / "bench" / "bench_a"
        self.program([], where="build/bench/bench_a")
        path.write_text("#!/bin/sh\nsleep 0.6; echo; sleep 0.6; echo; exec sleep 60\n")
        began = time.monotonic()
        code, _, err = self.run_table("--silence", "1")
        self.assertEqual(code, 1)
        self.assertIn("bench_a: said nothing for 1 s", err)
        self.assertGreater(time.monotonic() - began, 2)

    def test_only(self):
        self.program([row("call.a", 20, 10, 3), row("leak.a", 99, None, 16)])
        code, out, _ = self.run_table("--only", "call.")
        self.assertEqual(code, 0)
        self.assertNotIn("leak", out)

    def test_failures(self):
        for lines, code in (([row("call.a", 1, 1, 3)], 5), (["nonsense"], 0), (["{}"], 0)):
            self.program(lines, code)
            self.assertEqual(self.run_table()[0], 1, lines)

    def test_nothing_measured_is_a_failure(self):
        self.assertEqual(self.run_table()[0], 1)
        self.program(["SKIP: no such host"], 77)
        code, _, err = self.run_table()
        self.assertEqual(code, 1)
        self.assertIn("SKIP: no such host", err)


unittest.main()
