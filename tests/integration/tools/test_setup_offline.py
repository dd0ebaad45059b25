# SPDX-License-Identifier: Apache-2.0
"""tools/setup where nothing can be fetched: most of its time is spent in waiting for answers."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SETUP = pathlib.Path(sys.argv.pop(1)).resolve() / "tools/setup"


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd="/",
                          stdin=subprocess.DEVNULL, **options)


class Offline(unittest.TestCase):
    def test_each_missing_thing_is_one_line_and_what_building_needs_is_fatal(self):
        if run("unshare", "-n", "true").returncode != 0:
            self.skipTest("no right to take the network away")
        with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryDirectory() as cache:
            done = run("unshare", "-n", SETUP,
                       env={**os.environ, "METACALL_DEPS_DIR": empty, "npm_config_cache": cache})
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(done.stderr, r"(?m)^tools/setup: 1 thing\(s\) missing that building")
            self.assertRegex(done.stderr, r"(?m)^missing: libnode ")
            missing = [line for line in done.stderr.splitlines() if line.startswith("missing, for")]
            self.assertEqual(len(missing), len(set(missing)))
            for name in ("node 16", "node 26", "debug build", "trixie", "forky", "npm package ajv"):
                self.assertEqual(sum(name in line for line in missing), 1, done.stderr)
            # what needs no network came all the same, and nothing half done is left
            self.assertLessEqual(set(os.listdir(empty)), {".lock", "hosts", "npm"})


if __name__ == "__main__":
    unittest.main()
