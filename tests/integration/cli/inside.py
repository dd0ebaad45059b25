# SPDX-License-Identifier: Apache-2.0
"""`explain` asked inside of real hosts: each loader is chosen as that process needs it."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

STAGE = pathlib.Path(os.environ["METACALL_STAGE_DIR"])
DEPS = pathlib.Path(os.environ["METACALL_DEPS_DIR"])

# Runs in a Python, be it the host or a guest.
EXPLAIN = """\
import ctypes
def explain(tag):
    library = ctypes.CDLL('libmetacall.so.1')  # the one that is here already
    tell = library.metacall_registry_explain_json
    tell.restype, tell.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p]
    registry = ctypes.c_void_p()
    assert library.metacall_registry_open(None, ctypes.byref(registry)) == 0
    text = ctypes.string_at(tell(registry, tag.encode())).decode()
    library.metacall_registry_close(registry)
    return text
"""
IN_PYTHON = EXPLAIN + """
import metacall, sys
for tag in sys.argv[1:]:
    print(explain(tag).replace('\\n', ' '))
"""
IN_NODE = """\
const { metacall, metacall_load_from_file } = require('metacall');
metacall_load_from_file('py', [process.argv[2]]);
for (const tag of process.argv.slice(3)) console.log(metacall('explain', tag).replace(/\\n/g, ' '));
"""


def pythons():
    found = [pathlib.Path("/usr/bin/python3.11"),
             *sorted(pathlib.Path.home().glob(".pyenv/versions/3.1[0-9].*/bin/python3")),
             *sorted((DEPS / "hosts").glob("python3.1*/bin/python3.1?"))]
    return [path for path in found if path.exists()]


def nodes():
    found = [path for path in (DEPS / "hosts").glob("node-*/bin/node")]
    return sorted(found) or [path for path in (shutil.which("node"),) if path]


class Inside(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "explain.py").write_text(EXPLAIN)
        (self.folder / "main.py").write_text(IN_PYTHON)
        (self.folder / "main.js").write_text(IN_NODE)

    def told(self, *command, **environment):
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, timeout=60,
            stdin=subprocess.DEVNULL, env={
                **os.environ, "PYTHONPATH": str(STAGE / "lib/metacall/ports/python"),
                "NODE_PATH": str(STAGE / "lib/metacall/ports/node"), **environment})
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def rejected(self, told):
        return {step["subject"]: step["reason"] for step in told["steps"]
                if step["stage"] == "variant" and step["verdict"] == "rejected"}

    def test_in_every_python(self):
        self.assertGreater(len(pythons()), 0)
        for python in pythons():
            with self.subTest(python=str(python)):
                py, node = self.told(python, self.folder / "main.py", "py", "node")
                out = py["outcome"]
                self.assertEqual((out["strategy"], out["is_host"], out["runtime_source"]),
                                 ("host-unresolved", True, "this process"))
                self.assertTrue(any(step["stage"] == "host" and step["verdict"] == "taken" and
                                    "Py_IsInitialized" in step["reason"] for step in py["steps"]))
                self.assertEqual(node["outcome"]["strategy"], "linked")
                self.assertIn("host-unresolved", self.rejected(node))

    def test_a_pinned_strategy(self):
        for python in pythons():
            with self.subTest(python=str(python)):
                (py,) = self.told(python, self.folder / "main.py", "py",
                                  METACALL_REGISTRY_STRATEGY="py=interposed")
                self.assertEqual(py["outcome"]["strategy"], "interposed")
                self.assertIn("host-unresolved", self.rejected(py))

    def test_in_every_node(self):
        self.assertGreater(len(nodes()), 0)
        for program in nodes():
            if "-debian2" in str(program):
                continue  # another C library: the guest Python is this system's
            with self.subTest(node=str(program)):
                node, py = self.told(program, self.folder / "main.js", self.folder / "explain.py",
                                     "node", "py")
                self.assertEqual((node["outcome"]["strategy"], node["outcome"]["is_host"]),
                                 ("host-unresolved", True))
                # The guest that this process started is no host of it.
                self.assertEqual((py["outcome"]["strategy"], py["outcome"]["is_host"]),
                                 ("linked", False), py)
                self.assertIn("guest", self.rejected(py)["host-unresolved"])


if __name__ == "__main__":
    unittest.main()
