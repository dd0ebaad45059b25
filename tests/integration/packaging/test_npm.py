# SPDX-License-Identifier: Apache-2.0
"""The npm tarball: its own contents, and life in every Node that this machine has."""
import json
import re
import shutil
import sys
import tarfile
import unittest

from packages import DEPS, ROOT, STAGE, Case, environment, files, run

if not shutil.which("npm"):
    print("SKIP: npm is not installed")
    sys.exit(77)

GUEST = "def add(a, b):\n    return a + b\n\ndef back(f):\n    return f(1)\n"
REQUIRES = """\
const { metacall_load_from_file_export } = require('metacall');
const lib = metacall_load_from_file_export('py', [`${__dirname}/guest.py`]);
console.log(lib.add(20, 22), lib.back((x) => x + 1), require('./guest.py').add(1, 2),
  require.resolve('metacall'));
"""
IMPORTS = """\
import metacall, { metacall_load_from_file_export as load } from 'metacall';
import { fileURLToPath } from 'url';
const lib = load('py', [fileURLToPath(new URL('./guest.py', import.meta.url))]);
console.log(lib.add(20, 22), typeof metacall.metacall_inspect);
"""
IMPORTS_PY = "import { add } from './guest.py';\nconsole.log(add(20, 22));\n"
WORKER = """\
const { Worker, isMainThread } = require('worker_threads');
if (isMainThread) new Worker(__filename);
else console.log(require('metacall').metacall_load_from_file_export('py',
  [`${__dirname}/guest.py`]).add(20, 22));
"""


def nodes():
    found = {path.parent.parent.name: path for path in sorted((DEPS / "hosts").glob("node-*/bin/node"))}
    system = shutil.which("node")
    return {**found, **({"node": system} if system else {})}


class Contents(Case):
    @classmethod
    def setUpClass(cls):
        cls.tarball = cls.make("npm")

    def test_contents(self):
        with tarfile.open(self.tarball) as packed:
            members = {member.name: member for member in packed}
            described = json.load(packed.extractfile("package/package.json"))
        self.assertEqual(next(iter(members)), "package/package.json")
        for name in ("index.js", "native.js", "index.mjs", "index.d.ts", "register.js",
                     "metacall.node", "LICENSE", "_prefix/lib/libmetacall.so.1",
                     "_prefix/lib/metacall/loaders/libpy_loader.so",
                     "_prefix/lib/metacall/loaders.d/py.loader.json",
                     "_prefix/lib/metacall/ports/python/metacall/__init__.py"):
            self.assertIn(f"package/{name}", members)
        for name, member in members.items():
            self.assertTrue(member.isfile(), name)
            self.assertEqual((member.uid, member.gid, member.uname), (0, 0, ""))
            self.assertNotRegex(name, r"mock|__pycache__|runtimes")
        self.assertEqual((described["name"], described["os"]), ("metacall", ["linux"]))
        for command in described["bin"].values():
            self.assertTrue(members[f"package/{command}"].mode & 0o111, command)
        self.assertNotIn("scripts", described)  # nothing runs at installation

    def test_the_same_tree_gives_the_same_bytes(self):
        once = self.make("npm", SOURCE_DATE_EPOCH="1700000000").read_bytes()
        self.assertEqual(once, self.make("npm", SOURCE_DATE_EPOCH="1700000000").read_bytes())
        self.assertNotEqual(once, self.tarball.read_bytes())

    def test_no_text_names_the_build(self):
        with tarfile.open(self.tarball) as packed:
            for member in packed:
                data = packed.extractfile(member).read()
                for place in (str(STAGE), str(ROOT) + "/"):
                    self.assertNotIn(place.encode(), data, member.name)


class Installed(Case):
    @classmethod
    def setUpClass(cls):
        cls.tarball = cls.make("npm")

    def npm(self, folder, *arguments):
        """npm without a network, with a cache and settings of its own."""
        return self.good("npm", *arguments, "--offline", "--no-audit", "--no-fund", cwd=folder,
                         env=environment(npm_config_cache=str(folder / ".cache"),
                                         npm_config_userconfig=str(folder / ".npmrc")))

    def project(self):
        folder = self.folder()
        (folder / "package.json").write_text('{ "name": "project", "version": "1.0.0" }\n')
        for name, text in (("guest.py", GUEST), ("requires.js", REQUIRES), ("imports.mjs", IMPORTS),
                           ("imports_py.mjs", IMPORTS_PY), ("worker.js", WORKER)):
            (folder / name).write_text(text)
        return folder

    def test_in_every_node(self):
        folder = self.project()
        self.npm(folder, "install", self.tarball)
        package = folder / "node_modules/metacall"
        found = nodes()
        self.assertGreater(len(found), 0)
        for name, node in found.items():
            with self.subTest(node=name):
                major = int(self.good(node, "-p", "parseInt(process.versions.node)"))

                def prints(expected, *arguments):
                    self.assertEqual(self.good(node, *arguments, cwd="/"), expected)

                prints(f"42 2 3 {package}/index.js\n", folder / "requires.js")
                prints("42 function\n", folder / "imports.mjs")
                prints("42\n", folder / "worker.js")
                prints(f"42 2 3 {package}/index.js\n", package / "cli.js", folder / "requires.js")
                if major >= 20:
                    prints("42\n", "--import", package / "register.js", folder / "imports_py.mjs")
                if major >= 18:
                    prints("42\n", package / "cli.js", folder / "imports_py.mjs")

    def test_the_commands(self):
        folder = self.project()
        self.npm(folder, "install", self.tarball)
        commands = folder / "node_modules/.bin"
        self.assertRegex(self.good(commands / "metacall", "--version"), r"^metacall \d+\.\d+\.\d+\n$")
        self.assertEqual(run(commands / "metacall").returncode, 2)
        done = run(commands / "metacall", folder / "none.js")
        self.assertEqual(done.returncode, 1)
        self.assertIn("none.js", done.stderr)
        told = json.loads(self.good(commands / "metacall-registry", "list", "--json"))["loaders"]
        self.assertLessEqual({"py", "node"}, {row["tag"] for row in told})
        for row in told:
            self.assertTrue(row["manifest"].startswith(str(folder)), row)
        (folder / "main.py").write_text(
            "import sys, metacall\nprint(__name__ != '', metacall.metacall_host(), sys.argv[1:])\n")
        self.assertRegex(self.good(commands / "metacall", folder / "main.py", "a"), "^True .*node")

    def test_nothing_is_left(self):
        folder = self.project()
        before = files(folder)
        self.npm(folder, "install", "--no-save", self.tarball)
        self.assertIn("node_modules/metacall/metacall.node", files(folder))
        self.npm(folder, "uninstall", "metacall")
        left = {name for name in files(folder) - before if not re.match(r"\.cache|\.npmrc", name)}
        self.assertLessEqual(left, {"node_modules", "node_modules/.bin", "package-lock.json",
                                    "node_modules/.package-lock.json"})
        self.assertEqual(list((folder / "node_modules/.bin").glob("*")), [])


if __name__ == "__main__":
    unittest.main()
