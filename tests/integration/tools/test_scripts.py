# SPDX-License-Identifier: Apache-2.0
"""tools/setup, env, format and the arguments of all of them."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
TOOLS = ROOT / "tools"


def run(*command, **options):
    options.setdefault("cwd", "/")
    return subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, **options)


class Setup(unittest.TestCase):
    def test_a_second_run_changes_nothing_and_needs_no_network(self):
        alone = ["unshare", "-n"] if run("unshare", "-n", "true").returncode == 0 else []
        start = time.monotonic()
        done = run(*alone, TOOLS / "setup")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertLess(time.monotonic() - start, 5)  # 0.03 s when nobody else uses the machine

    def test_check_names_what_is_missing_and_installs_nothing(self):
        with tempfile.TemporaryDirectory() as empty:
            done = run(TOOLS / "setup", "--check", env={**os.environ, "METACALL_DEPS_DIR": empty})
            self.assertEqual(done.returncode, 1)
            for name in ("node 16", "node 18", "node 20", "node 22", "node 24", "node 26", "ajv",
                         "Debian's node", "debug build", "python3.13", "python 3.14"):
                self.assertRegex(done.stderr, f"missing, for tests: .*{name}")
            self.assertNotIn("free-threaded", done.stderr)
            asked = run(TOOLS / "setup", "--free-threaded", "--check",
                        env={**os.environ, "METACALL_DEPS_DIR": empty})
            self.assertRegex(asked.stderr, "missing, for tests: .*free-threaded build")
            self.assertEqual(os.listdir(empty), [])

    def test_a_folder_that_cannot_be_written(self):
        done = run(TOOLS / "setup", env={**os.environ, "METACALL_DEPS_DIR": "/proc/no/such"})
        self.assertEqual(done.returncode, 1)
        self.assertIn("METACALL_DEPS_DIR", done.stderr)


class Env(unittest.TestCase):
    def test_the_lines_put_the_stage_first_and_keep_what_was_there(self):
        with tempfile.TemporaryDirectory(prefix="with blanks & $signs ") as folder:
            script = (f'eval "$("{TOOLS}/env" --stage "$1")"\n'
                      'printf "%s\\n" "$PATH" "$PYTHONPATH" "$NODE_PATH" "$MANPATH"')
            done = run("bash", "-euc", script, "bash", folder,
                       env={"PATH": os.environ["PATH"], "PYTHONPATH": "/mine", "HOME": "/"})
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout.splitlines(), [
                f"{folder}/bin:{os.environ['PATH']}", f"{folder}/lib/metacall/ports/python:/mine",
                f"{folder}/lib/metacall/ports/node", f"{folder}/share/man:"])

    def test_no_stage(self):
        done = run(TOOLS / "env", "--stage", "/no/such")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "")


class Arguments(unittest.TestCase):
    SCRIPTS = ("setup", "env", "check", "demo", "bench", "format")

    def test_help(self):
        for name in self.SCRIPTS:
            done = run(TOOLS / name, "--help")
            self.assertEqual(done.returncode, 0, name)
            self.assertIn(f"tools/{name}", done.stdout)
            self.assertNotIn("set -euo", done.stdout)

    def test_an_unknown_argument_is_refused_before_anything_is_done(self):
        for name in self.SCRIPTS:
            done = run(TOOLS / name, "--frobnicate")
            self.assertEqual(done.returncode, 2, name)
            self.assertIn("'--frobnicate'", done.stderr)


class Format(unittest.TestCase):
    def faults(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder)
            (copy / "tools").mkdir()
            for script in ("format", "places.sh"):
                shutil.copy(TOOLS / script, copy / "tools")
            shutil.copy(ROOT / ".clang-format", copy)
            run("git", "init", "-q", folder)
            (copy / name).write_text(text)
            done = run(copy / "tools" / "format", "--check")
            return done.returncode, done.stderr

    def test_each_fault(self):
        head = "/* SPDX-License-Identifier: Apache-2.0 */\n"
        self.assertEqual(self.faults("x.c", head + "int x;\n"), (0, ""))
        for name, text, said in (
                ("x.c", head + "int  x ;\n", "x.c: not formatted"),
                ("x.c", "int x;\n", "x.c: no SPDX"),
                ("x.py", "# SPDX-License-Identifier: Apache-2.0\nx = 1 \n", "x.py: blanks"),
                ("tools/x", "#!/bin/bash\nif\n", "tools/x: not a bash script")):
            code, err = self.faults(name, text)
            self.assertEqual(code, 1, said)
            self.assertIn(said, err)


unittest.main()
