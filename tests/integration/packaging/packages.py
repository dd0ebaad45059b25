# SPDX-License-Identifier: Apache-2.0
"""What the tests of both packages share: making one, running commands, the runtimes that are here."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
STAGE = pathlib.Path(os.environ["METACALL_STAGE_DIR"])
DEPS = pathlib.Path(os.environ["METACALL_DEPS_DIR"])


def environment(**more):
    """That of a user who has no build of ours; libnode is where the machine has it."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("METACALL_", "PYTHON", "NODE_", "npm_"))}
    kept.pop("VIRTUAL_ENV", None)
    kept.pop("CONDA_PREFIX", None)
    for libnode in sorted((DEPS / "libnode").glob("usr/lib/*/libnode.so.*")):
        kept["METACALL_NODE_LIBRARY"] = str(libnode)
    return {**kept, **more}


def run(*command, **options):
    options.setdefault("env", environment())
    return subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=300, **options)


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")
            if "__pycache__" not in path.parts}


class Case(unittest.TestCase):
    def good(self, *command, **options):
        done = run(*command, **options)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="packages ")
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)

    @classmethod
    def make(cls, kind, **more):
        """Runs tools/package; returns the path that it prints."""
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        done = run(sys.executable, ROOT / "tools/package", kind, "--stage", STAGE, "--output",
                   folder.name, env={**os.environ, **more}, cwd="/")
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return pathlib.Path(done.stdout.strip())
