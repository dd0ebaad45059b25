# SPDX-License-Identifier: Apache-2.0
"""The wheel: its own contents, and life in every Python that this machine has."""
import base64
import csv
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import unittest
import zipfile

from packages import DEPS, ROOT, STAGE, Case, environment, files, run

SCRIPT = """\
import sys
import metacall
lib = metacall.metacall_load_from_file_export('node', [sys.argv[1]])
print(lib.add(20, 22), lib.back(lambda x: x + 1), metacall.__file__)
"""
GUEST = """\
const { metacall_inspect } = require('metacall');
module.exports = {
  add: (a, b) => a + b,
  back: (f) => f(typeof metacall_inspect === 'function' ? 1 : 0),
};
"""


def pythons():
    """The programs, one for each version and kind of build."""
    found = []
    for path in [pathlib.Path("/usr/bin/python3.11"),
                 *sorted(pathlib.Path.home().glob(".pyenv/versions/3.*/bin/python3")),
                 *sorted((DEPS / "hosts").glob("python3.*/bin/python3.*"))]:
        told = run(path, "-c", "import sys\nif 't' not in sys.abiflags: "
                               "print(*sys.version_info[:2])").stdout.split()
        if len(told) == 2 and (3, 9) <= tuple(map(int, told)) < (3, 16):
            found.append(path)
    return found


def some(pythons):
    """The system's, one of pyenv, the newest; all of them in the slow test."""
    if os.environ.get("METACALL_TEST_ALL"):
        return pythons
    homes = [path for path in pythons if ".pyenv" in path.parts]
    return [path for path in pythons if path in pythons[:1] + homes[:1] or
            "python3.14-static" in path.parts]


def newest_pip():
    """Pip as Python carries it, a wheel that runs as it is; some of Debian's have none."""
    found = [(tuple(map(int, re.findall(r"\d+", path.name)[:3])), path) for pattern in
             ("/usr/share/python-wheels/pip-*.whl",
              f"{pathlib.Path.home()}/.pyenv/versions/3.*/lib/python3.*/ensurepip/_bundled/pip-*.whl")
             for path in pathlib.Path("/").glob(pattern[1:])]
    return max(found)[1] / "pip" if found else None


class Contents(Case):
    @classmethod
    def setUpClass(cls):
        cls.wheel = cls.make("wheel")
        cls.zip = zipfile.ZipFile(cls.wheel)
        cls.addClassCleanup(cls.zip.close)
        cls.info = next(name for name in cls.zip.namelist() if name.endswith("/WHEEL"))[:-len("WHEEL")]

    def test_the_name_says_what_the_files_need(self):
        match = re.fullmatch(r"metacall-([\d.]+)-(cp39-abi3-manylinux_2_(\d+)_\w+)\.whl",
                             self.wheel.name)
        self.assertTrue(match, self.wheel.name)
        self.assertEqual(self.info, f"metacall-{match[1]}.dist-info/")
        self.assertIn(f"\nTag: {match[2]}\n", self.zip.read(self.info + "WHEEL").decode())
        folder = self.folder()
        self.zip.extractall(folder)
        newest = 0
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.read_bytes()[:4] == b"\x7fELF":
                told = self.good("readelf", "-VW", path)
                newest = max([newest, *(int(minor) for minor in re.findall(r"GLIBC_2\.(\d+)", told))])
        self.assertLessEqual(newest, int(match[3]))
        self.assertGreater(newest, 16)

    def test_nothing_is_needed_that_it_neither_carries_nor_finds(self):
        folder = self.folder()
        self.zip.extractall(folder)
        own = {path.name for path in folder.rglob("*.so*")}
        allowed = re.compile(r"(libc|libm|libdl|libpthread|libstdc\+\+|libgcc_s|ld-linux.*)\.so\.\d+"
                             r"|libnode\.so\.\d+|libpython3\.so")
        for path in sorted(folder.rglob("*.so*")):
            for needed in re.findall(r"NEEDED.*\[(.*)\]", self.good("readelf", "-dW", path)):
                self.assertTrue(needed in own or allowed.fullmatch(needed), f"{path.name}: {needed}")

    def test_record(self):
        rows = list(csv.reader(io.StringIO(self.zip.read(self.info + "RECORD").decode())))
        self.assertEqual(sorted(row[0] for row in rows), sorted(self.zip.namelist()))
        for name, digest, size in rows:
            if name == self.info + "RECORD":
                self.assertEqual((digest, size), ("", ""))
                continue
            data = self.zip.read(name)
            made = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            self.assertEqual((digest, size), (f"sha256={made}", str(len(data))), name)

    def test_the_same_tree_gives_the_same_bytes(self):
        once = self.make("wheel", SOURCE_DATE_EPOCH="1700000000").read_bytes()
        self.assertEqual(once, self.make("wheel", SOURCE_DATE_EPOCH="1700000000").read_bytes())
        self.assertNotEqual(once, self.wheel.read_bytes())

    def test_no_text_names_the_build_and_no_test_is_in_it(self):
        for name in self.zip.namelist():
            self.assertNotRegex(name, r"mock|__pycache__|runtimes")
            data = self.zip.read(name)
            for place in (str(STAGE), str(ROOT) + "/"):
                self.assertNotIn(place.encode(), data, name)

    def test_licences(self):
        names = [name[len(self.info):] for name in self.zip.namelist() if name.startswith(self.info)]
        self.assertIn("LICENSE", names)
        carried = [name for name in self.zip.namelist() if "/libcjson.so" in name]
        self.assertEqual("LICENSE.libcjson1" in names, bool(carried), names)


class Installed(Case):
    @classmethod
    def setUpClass(cls):
        cls.wheel = cls.make("wheel")

    def guest(self, folder):
        (folder / "guest.js").write_text(GUEST)
        (folder / "main.py").write_text(SCRIPT)
        return folder / "main.py", folder / "guest.js"

    def works(self, python, folder, where):
        """py -> node -> py from this Python, with what lies below `where`."""
        script, guest = self.guest(folder)
        out = self.good(python, script, guest, cwd=folder)
        self.assertRegex(out, rf"^42 2 {re.escape(str(where))}/.*/metacall/__init__\.py\n$")

    def commands(self, folder):
        """The console scripts beside this Python."""
        told = json.loads(self.good(folder / "bin/metacall-registry", "list", "--json"))["loaders"]
        self.assertLessEqual({"py", "node"}, {row["tag"] for row in told})
        for row in told:
            self.assertTrue(row["manifest"].startswith(str(folder)), row)
        script, guest = self.guest(folder)
        out = self.good(folder / "bin/metacall", script, guest)
        self.assertTrue(out.startswith("42 2 "), out)

    def test_in_a_venv_of_every_python(self):
        pip = newest_pip()
        self.assertTrue(pip and pythons())
        for python in some(pythons()):
            with self.subTest(python=str(python)):
                folder = self.folder() / "venv"
                self.good(python, "-m", "venv", "--without-pip", folder)
                before = files(folder)
                here = (folder / "bin/python", pip, "--disable-pip-version-check")
                if run(*here, "--version").returncode != 0:
                    self.skipTest("no pip here is new enough for this Python")
                self.good(*here, "install", "--no-index", "--no-cache-dir", self.wheel)
                self.works(folder / "bin/python", folder, folder)
                self.commands(folder)
                self.good(*here, "uninstall", "-y", "metacall")
                self.assertEqual(files(folder), before | {"guest.js", "main.py"})

    def test_the_runner_in_a_venv_starts_that_venvs_python(self):
        folder = self.folder() / "venv"
        self.good("/usr/bin/python3.11", "-m", "venv", folder)
        self.good(folder / "bin/pip", "install", "--no-index", "--no-cache-dir", self.wheel)
        script = folder / "x.py"
        script.write_text("import metacall, sys; print(sys.prefix, metacall.__file__)\n")
        runner = next(folder.glob("lib/python3.*/site-packages/metacall/_prefix/bin/metacall"))
        out = self.good(runner, script, env=environment(VIRTUAL_ENV=str(folder)))
        prefix, file = out.rstrip("\n").split(" /", 1)[0], out.rstrip("\n")
        self.assertTrue(out.startswith(f"{folder} {folder}/lib/"), (prefix, file))

    def test_a_loader_of_another_package_is_found_without_activation(self):
        folder = self.folder() / "venv"
        self.good("/usr/bin/python3.11", "-m", "venv", folder)
        self.good(folder / "bin/pip", "install", "--no-index", "--no-cache-dir", self.wheel)
        prefix = next(folder.glob("lib/python3.*/site-packages/metacall/_prefix"))
        shared = folder / "share/metacall/loaders.d"
        shared.mkdir(parents=True)
        text = (prefix / "lib/metacall/loaders.d/lua.loader.json").read_text()
        (shared / "other.loader.json").write_text(text.replace('"tag": "lua"', '"tag": "other"'))
        told = json.loads(self.good(prefix / "bin/metacall-registry", "list", "--json"))["loaders"]
        self.assertIn(str(shared / "other.loader.json"), [row["manifest"] for row in told])

    def test_in_a_prefix_that_was_moved(self):
        """As conda makes them: copied, and found by $ORIGIN and CONDA_PREFIX."""
        if not shutil.which("patchelf"):
            self.skipTest("no patchelf to make a relocatable prefix")
        sources = sorted(pathlib.Path.home().glob(".pyenv/versions/3.1?.*/bin/python3"))
        shared = [path for path in sources if list(path.parent.parent.glob("lib/libpython3.1?.so.1.0"))]
        if not shared:
            self.skipTest("no shared Python to copy")
        source = shared[-1].resolve().parent.parent
        version = shared[-1].resolve().name  # python3.13
        first, prefix = self.folder() / "first", self.folder() / "moved prefix"
        (first / "bin").mkdir(parents=True)
        shutil.copy2(source / "bin" / version, first / "bin/python3")
        shutil.copytree(source / "lib" / version, first / "lib" / version, symlinks=True,
                        ignore=shutil.ignore_patterns("test", "site-packages", "__pycache__",
                                                      "config-*", "idlelib", "tkinter"))
        shutil.copy2(source / "lib" / f"lib{version}.so.1.0", first / "lib")
        self.good("patchelf", "--set-rpath", "$ORIGIN/../lib", first / "bin/python3")
        shutil.move(first, prefix)
        python = prefix / "bin/python3"
        self.good(python, "-m", "ensurepip")
        self.good(python, "-m", "pip", "install", "--no-index", "--no-cache-dir", self.wheel)
        self.works(python, prefix, prefix)
        script = prefix / "x.py"
        script.write_text("import metacall, sys; print(sys.prefix, metacall.metacall_host())\n")
        runner = next(prefix.glob("lib/python3.*/site-packages/metacall/_prefix/bin/metacall"))
        out = self.good(runner, script, env=environment(CONDA_PREFIX=str(prefix)))
        self.assertTrue(out.startswith(f"{prefix} "), out)


if __name__ == "__main__":
    unittest.main()
