# SPDX-License-Identifier: Apache-2.0
"""`metacall SCRIPT ARGUMENT...`: the script is the main program of its language, its end is ours."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
STAGE = pathlib.Path(os.environ["METACALL_STAGE_DIR"])
# The command, and what Python says of itself: the same table for both.
RUNNERS = {
    "metacall": [STAGE / "bin" / "metacall"],
    "python -m metacall": ["/usr/bin/python3.11", "-m", "metacall"],
}
NAME = os.environ.get("METACALL_TEST_RUNNER", "metacall")
METACALL = RUNNERS[NAME]
IN_PYTHON = NAME != "metacall"
if IN_PYTHON:
    os.environ["PYTHONPATH"] = str(STAGE / "lib/metacall/ports/python")


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def script(self, name, text):
        path = self.folder / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def metacall(self, *arguments, **options):
        done = subprocess.run([*METACALL, *arguments], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, cwd=self.folder, **options)
        return done.returncode, done.stdout, done.stderr

    def run_script(self, name, text, *arguments):
        return self.metacall(self.script(name, text), *arguments)

    def interrupt(self, name, text, number=signal.SIGINT):
        """Sends the signal once the script has printed `ready`."""
        with subprocess.Popen([*METACALL, self.script(name, text)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            self.addCleanup(process.kill)
            self.assertEqual(process.stdout.readline(), "ready\n")
            time.sleep(0.1)
            process.send_signal(number)
            out, err = process.communicate(timeout=20) # less than what the scripts wait for
        return process.returncode, out, err


class Usage(Case):
    def test_help_and_version(self):
        code, out, err = self.metacall("--help")
        self.assertEqual((code, err), (0, ""))
        self.assertTrue(out.startswith("python -m metacall" if IN_PYTHON else "Examples:"))
        self.assertEqual(self.metacall("-h"), (code, out, err))
        code, out, err = self.metacall("--version")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"^metacall \d+\.\d+\.\d+( \(.*manifest format 1\.\d+\))?\n$")

    def test_wrong_usage_is_2(self):
        for arguments in ((), ("--frobnicate",), ("--tag",), ("--",)):
            code, out, err = self.metacall(*arguments)
            self.assertEqual((code, out), (2, ""), arguments)
            self.assertIn(f"{NAME} --help", err)

    def test_a_script_that_cannot_be_read_is_2(self):
        for name, said in (("none.py", "No such file"), (".", "Is a directory")):
            code, out, err = self.metacall(name)
            self.assertEqual((code, out), (2, ""))
            self.assertIn(f"{name}: {said}", err)

    def test_an_extension_that_nobody_claims(self):
        code, out, err = self.run_script("x.nonesuch", "1\n")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("nonesuch", err)

    def test_an_unknown_tag(self):
        script = self.script("x.py", "1\n")
        code, out, err = self.metacall("--tag", "nonesuch", script)
        self.assertEqual((code, out), (1, ""))
        self.assertIn("nonesuch", err)


class Python(Case):
    def test_it_is_the_main_program(self):
        self.script("beside.py", "value = 7\n")
        code, out, err = self.run_script("x.py", """
            import sys, os, beside
            print(__name__, sys.argv[1:], os.path.basename(sys.argv[0]), beside.value)
            print(os.path.basename(__file__), sys.modules['__main__'].__name__)
            """, "-x", "--help", "é b")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out, "__main__ ['-x', '--help', 'é b'] x.py 7\nx.py __main__\n")

    def test_exit_codes(self):
        for body, expected, said in (
                ("", 0, ""), ("import sys; sys.exit(3)", 3, ""), ("raise SystemExit", 0, ""),
                ("import sys; sys.exit('text')", 1, "text\n"), ("import os; os._exit(7)", 7, ""),
                ("import sys; sys.exit(None)", 0, ""), ("import sys; sys.exit(259)", 3, "")):
            self.assertEqual(self.run_script("x.py", body), (expected, "", said), body)

    def test_an_exception_nobody_caught(self):
        code, out, err = self.run_script("x.py", """
            def inner():
                raise ValueError('so it ends')
            inner()
            """)
        self.assertEqual((code, out), (1, ""))
        self.assertIn("Traceback (most recent call last)", err)
        self.assertRegex(err, r'x\.py", line 3, in inner')
        self.assertTrue(err.endswith("ValueError: so it ends\n"), err)

    def test_a_syntax_error(self):
        code, out, err = self.run_script("x.py", "def (\n")
        self.assertEqual((code, out), (1, ""))
        self.assertRegex(err, r'x\.py", line 1')
        self.assertIn("SyntaxError", err)

    def test_the_end_is_an_ordinary_end(self):
        code, out, err = self.run_script("x.py", """
            import atexit, sys, threading, time
            atexit.register(print, 'atexit')
            threading.Thread(target=lambda: (time.sleep(0.2), print('thread'))).start()
            sys.stdout.write('buffered ')
            """)
        self.assertEqual((code, out, err), (0, "buffered thread\natexit\n", ""))

    def test_interrupt(self):
        self.assertEqual(self.interrupt("x.py", """
            import time
            print('ready', flush=True)
            try:
                time.sleep(30)
            except KeyboardInterrupt:
                print('caught')
            """), (0, "caught\n", ""))
        code, out, err = self.interrupt("x.py", """
            import time
            print('ready', flush=True)
            try:
                time.sleep(30)
            finally:
                print('finally')
            """)
        self.assertEqual((code, out), (-signal.SIGINT, "finally\n"))
        self.assertIn("KeyboardInterrupt", err)

    def test_termination(self):
        self.assertEqual(self.interrupt("x.py", """
            import time
            print('ready', flush=True)
            time.sleep(30)
            """, signal.SIGTERM), (-signal.SIGTERM, "", ""))

    def test_its_own_metacall_is_this_registry(self):
        self.script("f.js", "exports.f = (g) => g(20) + 1;\n")
        self.assertEqual(self.run_script("x.py", """
            from metacall import metacall, metacall_load_from_file
            metacall_load_from_file('node', ['f.js'])
            print(metacall('f', lambda x: 2 * x))
            """), (0, "41\n", ""))

    def test_exit_of_the_guest(self):
        self.script("f.js", "exports.f = () => process.exit(5);\n")
        code, out, _ = self.run_script("x.py", """
            from metacall import metacall, metacall_load_from_file
            metacall_load_from_file('node', ['f.js'])
            metacall('f')
            print('not reached')
            """)
        self.assertEqual((code, out), (5, ""))

    def test_by_tag(self):
        script = self.script("server", "import sys; print(sys.argv[1:])\n")
        self.assertEqual(self.metacall("--tag", "py", script, "--tag", "x"),
                         (0, "['--tag', 'x']\n", ""))


class Node(Case):
    def test_it_is_the_main_program(self):
        self.script("beside.js", "exports.value = 7;\n")
        code, out, err = self.run_script("x.js", """
            const path = require('path');
            console.log(require.main === module, process.argv.slice(2),
              path.basename(process.argv[1]), require('./beside').value);
            """, "-x", "--help", "é b")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out, "true [ '-x', '--help', 'é b' ] x.js 7\n")

    def test_exit_codes(self):
        for body, expected in (("", 0), ("process.exit(3)", 3), ("process.exitCode = 4", 4),
                               ("setTimeout(() => process.exit(5), 10)", 5),
                               ("process.on('exit', () => { process.exitCode = 6; })", 6)):
            self.assertEqual(self.run_script("x.js", body), (expected, "", ""), body)

    def test_an_exception_nobody_caught(self):
        for body in ("function inner() { throw new TypeError('so it ends'); }\ninner();",
                     "setTimeout(function inner() {\n throw new TypeError('so it ends'); }, 5);",
                     "(async function inner() {\n throw new TypeError('so it ends'); })();"):
            code, out, err = self.run_script("x.js", body)
            self.assertEqual((code, out), (1, ""), body)
            self.assertIn("TypeError: so it ends", err)
            self.assertRegex(err, r"at (Timeout\.)?inner .*x\.js:[12]")

    def test_an_es_module(self):
        self.script("beside.mjs", "export const value = 7;\n")
        code, out, err = self.run_script("x.mjs", """
            import { value } from './beside.mjs';
            import { metacall, metacall_load_from_file } from 'metacall';
            await new Promise((resolve) => setTimeout(resolve, 10));
            console.log(process.argv.slice(2), value, typeof metacall, typeof metacall_load_from_file);
            process.exitCode = 4;
            """, "a", "b")
        self.assertEqual((code, out, err), (4, "[ 'a', 'b' ] 7 function function\n", ""))

    def test_an_exception_of_an_es_module(self):
        code, out, err = self.run_script("x.mjs", """
            await null;
            throw new RangeError('so it ends');
            """)
        self.assertEqual((code, out), (1, ""))
        self.assertIn("RangeError: so it ends", err)
        self.assertRegex(err, r"x\.mjs:3")

    def test_its_loop_runs_dry(self):
        self.assertEqual(self.run_script("x.js", """
            process.on('exit', (code) => console.log('exit', code));
            setTimeout(() => setTimeout(() => console.log('later'), 300), 10);
            Promise.resolve().then(() => console.log('soon'));
            console.log('now');
            """), (0, "now\nsoon\nlater\nexit 0\n", ""))

    def test_interrupt(self):
        self.assertEqual(self.interrupt("x.js", """
            setTimeout(() => {}, 30000);
            console.log('ready');
            """), (-signal.SIGINT, "", ""))
        self.assertEqual(self.interrupt("x.js", """
            const timer = setTimeout(() => {}, 30000);
            process.once('SIGINT', () => { console.log('caught'); clearTimeout(timer); });
            console.log('ready');
            """), (0, "caught\n", ""))

    def test_its_own_metacall_is_this_registry(self):
        self.script("f.py", "def f(g):\n    return g(20) + 1\n")
        self.assertEqual(self.run_script("x.js", """
            const { metacall, metacall_load_from_file } = require('metacall');
            metacall_load_from_file('py', ['f.py']);
            setTimeout(() => console.log(metacall('f', (x) => 2 * x)), 10);
            """), (0, "41\n", ""))

    def test_exit_of_the_guest(self):
        self.script("f.py", "import sys\ndef f():\n    sys.exit(5)\n")
        code, out, _ = self.run_script("x.js", """
            const { metacall, metacall_load_from_file } = require('metacall');
            metacall_load_from_file('py', ['f.py']);
            metacall('f');
            """)
        self.assertEqual((code, out), (5, ""))


class Deployment(Case):
    def test_scripts_of_two_languages(self):
        self.script("a.py", "print('a from python', flush=True)\n")
        self.script("b.js", "console.log('b from node');\n"
                            "setTimeout(() => console.log('b later'), 50);\n")
        deployment = self.script("metacall.json", json.dumps([
            {"language_id": "py", "path": ".", "scripts": ["a.py"]},
            {"language_id": "node", "path": ".", "scripts": ["b.js"]}]))
        self.assertEqual(self.metacall(deployment),
                         (0, "a from python\nb from node\nb later\n", ""))

    def test_one_that_is_broken(self):
        deployment = self.script("metacall.json", '{"language_id": "py", "scripts": ["none.py"]}')
        code, out, err = self.metacall(deployment)
        self.assertEqual((code, out), (1, ""))
        self.assertIn("none.py", err)


unittest.main()
