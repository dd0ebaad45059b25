# SPDX-License-Identifier: Apache-2.0
"""An installed tree works wherever it is moved to: nothing in it knows where it was built."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
BUILD = os.environ["METACALL_BUILD_DIR"]
STAGE = os.environ["METACALL_STAGE_DIR"]


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=120, **options)


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="moved tree ")
        cls.addClassCleanup(cls.folder.cleanup)
        first = pathlib.Path(cls.folder.name, "first")
        cls.prefix = pathlib.Path(cls.folder.name, "second")
        done = run("cmake", "--install", BUILD, "--prefix", first)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        first.rename(cls.prefix)

    def test_what_is_installed(self):
        for name in ("bin/metacall", "bin/metacall-registry", "lib/libmetacall.so.1",
                     "include/metacall/metacall.h", "include/metacall/loader.h",
                     "include/metacall/registry.h", "lib/metacall/loaders.d/py.loader.json",
                     "lib/metacall/loaders/libpy_loader.so", "share/man/man1/metacall.1",
                     "share/man/man1/metacall-registry.1",
                     "lib/metacall/ports/python/metacall/__init__.py",
                     "lib/metacall/ports/node/metacall/package.json"):
            self.assertTrue((self.prefix / name).exists(), name)

    def test_no_search_path_leads_out_of_the_tree(self):
        checked = 0
        for path in self.prefix.rglob("*"):
            if path.is_symlink() or not path.is_file() or path.read_bytes()[:4] != b"\x7fELF":
                continue
            dynamic = run("readelf", "-dW", path).stdout
            for entry in re.findall(r"\((?:RUNPATH|RPATH)\).*\[(.*)\]", dynamic):
                checked += 1
                for folder in entry.split(":"):
                    self.assertTrue(folder.startswith("$ORIGIN"), f"{path.name}: {folder}")
        self.assertGreater(checked, 3)

    def test_no_text_names_the_build(self):
        for path in self.prefix.rglob("*"):
            if path.is_file() and (path.suffix in (".json", ".py", ".js", ".h", ".pc")
                                   or "man" in path.parts):
                text = path.read_text(encoding="utf-8")
                for place in (BUILD, STAGE, str(ROOT) + "/"):
                    self.assertNotIn(place, text, path)

    def test_the_registry_finds_its_own_manifests(self):
        done = run(self.prefix / "bin" / "metacall-registry", "list", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        loaders = json.loads(done.stdout)["loaders"]
        self.assertGreaterEqual({row["tag"] for row in loaders}, {"mock", "node", "py"})
        for row in loaders:
            self.assertTrue(row["manifest"].startswith(str(self.prefix)), row["manifest"])

    def test_the_runner_and_the_ports(self):
        script = pathlib.Path(self.folder.name, "x.py")
        script.write_text("import metacall, sys\nprint(metacall.__file__, *sys.argv[1:])\n")
        python = self.prefix / "lib" / "metacall" / "ports" / "python"
        expected = f"{python}/metacall/__init__.py a b\n"
        self.assertEqual(run(self.prefix / "bin" / "metacall", script, "a", "b").stdout, expected)
        done = run("/usr/bin/python3.11", script, "a", "b",
                   env={**os.environ, "PYTHONPATH": str(python)})
        self.assertEqual((done.stdout, done.stderr), (expected, ""))

    def test_a_c_program_builds_against_it(self):
        program = pathlib.Path(self.folder.name, "both")
        examples = ROOT / "tools" / "examples"
        done = run(os.environ.get("CC", "cc"), examples / "both.c", "-o", program,
                   f"-I{self.prefix}/include", f"-L{self.prefix}/lib", "-lmetacall",
                   f"-Wl,-rpath,{self.prefix}/lib", "-Wall", "-Wextra", "-Werror")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = run(program, examples / "guest.py", examples / "guest.js")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"libpython 1 .*; libnode 1 ")


unittest.main()
