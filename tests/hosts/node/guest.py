#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Node as a guest, in Python and under the runner: guest.py STAGE [CASE...]. Each program is a
process of its own, without NODE_PATH."""
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

STAGE = sys.argv.pop(1)
RUNNER = os.path.join(STAGE, "bin/metacall")
PYTHON_PORT = os.path.join(STAGE, "lib/metacall/ports/python")


class Guest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="metacall-")
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))
        return path

    def start(self, command, **options):
        environment = dict(os.environ, PYTHONPATH=PYTHON_PORT)
        environment.pop("NODE_PATH", None)
        environment.update(options.pop("environment", {}))
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("timeout", 100)
        return subprocess.run(command, cwd=self.folder, env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def runs(self, script, *args, code=0, **options):
        """Under the runner: gives what it wrote."""
        ran = self.start([RUNNER, script, *args], **options)
        self.assertEqual(ran.returncode, code, ran.stdout + ran.stderr)
        return ran

    def python(self, text, code=0, **options):
        """In Python: gives its standard output."""
        ran = self.start([sys.executable, self.write("program.py", text)], **options)
        self.assertEqual(ran.returncode, code, ran.stdout + ran.stderr)
        return ran.stdout


class Ends(Guest):
    def test_uncaught_in_a_timer_is_exit_1_with_the_stack(self):
        self.write("timer.js", "setTimeout(function tick() { throw new Error('late'); }, 5);\n")
        ran = self.runs("timer.js", code=1)
        self.assertIn("Error: late", ran.stderr)
        self.assertRegex(ran.stderr, r"at .*tick .*timer\.js:1:")
        self.assertEqual(ran.stderr.count("Error: late"), 1)

    def test_uncaught_at_load_is_exit_1_with_the_stack(self):
        self.write("boom.js", "function boom() { throw new TypeError('now'); }\nboom();\n")
        ran = self.runs("boom.js", code=1)
        self.assertRegex(ran.stderr, r"TypeError: now\n\s+at boom .*boom\.js:1:")

    def test_rejection(self):
        self.write("reject.js", "Promise.reject(new RangeError('nobody'));\n")
        self.assertIn("RangeError: nobody", self.runs("reject.js", code=1).stderr)

    def test_exit_codes(self):
        self.write("exit.js", "setTimeout(() => process.exit(3), 1);\n")
        self.runs("exit.js", code=3)
        self.write("code.js", "process.exitCode = 5;\n")
        self.runs("code.js", code=5)

    def test_python_is_told_and_goes_on(self):
        out = self.python("""
            import metacall
            metacall.metacall_load_from_memory('node', '''
                exports.exit = (code) => process.exit(code);
                exports.one = () => 1;''')
            try:
                metacall.metacall('exit', 3)
            except SystemExit as error:
                print('exit', error.code)
            try:
                metacall.metacall('one')
            except SystemExit as error:
                print('over', error.code)
            try:
                metacall.metacall_load_from_memory('node', '1')
            except BaseException as error:
                print('not again', error.code)
            """)
        self.assertEqual(out, "exit 3\nover 3\nnot again 3\n")

    def test_python_is_told_why(self):
        out = self.python("""
            import metacall, time
            metacall.metacall_load_from_memory('node', '''
                exports.later = () => { setTimeout(() => { throw new TypeError('why'); }, 1); };
                exports.one = () => 1;''')
            metacall.metacall('later')
            for _ in range(1000):
                try:
                    metacall.metacall('one')
                except SystemExit as error:
                    cause = error.__cause__
                    print(error.code, cause)
                    break
                time.sleep(.005)
            """)
        self.assertEqual(out, "1 why\n")

    def test_exit_unheard_ends_python_with_it(self):
        self.python("""
            import metacall
            metacall.metacall_load_from_memory('node', 'exports.exit = (c) => process.exit(c);')
            metacall.metacall('exit', 4)
            """, code=4)

    def test_busy_javascript_is_ended(self):
        out = self.python("""
            import metacall, threading, time
            metacall.metacall_load_from_memory('node', 'exports.busy = () => { for (;;); };')
            def work():
                try:
                    metacall.metacall('busy')
                except BaseException as error:
                    pass
            threading.Thread(target=work, daemon=True).start()
            time.sleep(.3)
            print('ends')
            """)
        self.assertEqual(out, "ends\n")


class Scripts(Guest):
    def test_es_module_with_port_files_and_await(self):
        self.write("lib/calc.py", "def double(a):\n    return a * 2\n")
        self.write("lib/node_modules/dep/index.js", "exports.dep = 'dep';\n")
        self.write("lib/node_modules/esdep/package.json",
                   '{"name": "esdep", "type": "module", "exports": "./main.js"}')
        self.write("lib/node_modules/esdep/main.js", "export const esdep = 'esdep';\n")
        self.write("lib/main.mjs", """
            import metacall, { metacall as call } from 'metacall';
            import { double } from './calc.py';
            import html from 'py:html';
            import dep from 'dep';
            import { esdep } from 'esdep';
            import data from './data.cjs';
            const late = await new Promise((resolve) => setTimeout(resolve, 5, 'late'));
            const again = await import('./calc.py');
            console.log(double(4), html.escape('<'), dep.dep, esdep, data.json.a, late,
              again.double === double, typeof call, process.argv.slice(2).join());
            """)
        self.write("lib/data.cjs", "exports.json = require('./data.json');\n")
        self.write("lib/data.json", '{"a": 5}\n')
        ran = self.runs("lib/main.mjs", "x", "y")
        self.assertEqual((ran.stdout, ran.stderr),
                         ("8 &lt; dep esdep 5 late true function x,y\n", ""))

    def test_loads_of_python(self):
        self.write("module.mjs", "export const esm = async (a) => a + 1;\n"
                                 "export const value = await Promise.resolve(3);\n")
        self.write("common.cjs", "exports.cjs = (a) => a + require('./more').more;\n")
        self.write("more.json", '{"more": 7}')
        self.write("node_modules/espkg/package.json",
                   '{"name": "espkg", "type": "module", "exports": "./main.js"}')
        self.write("node_modules/espkg/main.js", "export const packaged = (a) => a * 2;\n")
        out = self.python("""
            import asyncio, metacall
            metacall.metacall_load_from_file('node', ['module.mjs', 'common.cjs'])
            metacall.metacall_load_from_package('node', 'espkg')
            metacall.metacall_load_from_memory('node', 'export const text = (a) => `${a}!`;')
            print(metacall.metacall('cjs', 1), metacall.metacall('packaged', 4),
                  metacall.metacall('text', 'now'))
            """)
        self.assertEqual(out, "8 8 now!\n")

    def test_top_level_await_without_end(self):
        self.write("never.mjs", "await new Promise(() => {});\n")
        ran = self.runs("never.mjs", code=1)
        self.assertIn("top-level await never ends", ran.stderr)

    def test_source_maps(self):
        # One line of JavaScript that came from line 7 of another file.
        mapping = ('{"version":3,"sources":["origin.ts"],"names":[],"mappings":'
                   '"AAMA,SAAS,SAAS,CAAC"}')
        self.write("mapped.js", "exports.fail = function fail() { throw new Error('mapped'); };\n"
                                "exports.fail();\n//# sourceMappingURL=mapped.js.map\n")
        self.write("mapped.js.map", mapping)
        self.assertRegex(self.runs("mapped.js", code=1).stderr, r"origin\.ts:7")

    def test_workers(self):
        self.write("workers.js", """
            const { Worker, isMainThread, parentPort } = require('worker_threads');
            const metacall = require('metacall');
            if (isMainThread) {
              for (let i = 0; i < 3; i++) {
                const worker = new Worker(__filename);
                worker.on('message', (message) => console.log(message));
                worker.on('error', (error) => { console.log(error); });
              }
            } else {
              const { add } = metacall.metacall_load_from_memory_export('py',
                'def add(a, b):\\n    return a + b\\n');
              let sum = 0;
              for (let i = 0; i < 1000; i++) sum = add(sum, 1);
              parentPort.postMessage(sum);
            }
            """)
        self.assertEqual(self.runs("workers.js").stdout, "1000\n" * 3)

    def test_fork(self):
        self.write("fork.js", """
            if (process.argv[2] === 'child') {
              process.send(typeof process.versions.node);
              process.disconnect();
            } else {
              const child = require('child_process').fork(__filename, ['child']);
              child.on('message', (message) => console.log(message));
              child.on('error', (error) => console.log(error.message));
            }
            """)
        if shutil.which("node"):
            self.assertEqual(self.runs("fork.js").stdout, "string\n")
        out = self.runs("fork.js", environment={"PATH": self.folder}).stdout
        self.assertRegex(out, r"spawn .*node.* ENOENT|no Node")


class Preflight(Guest):
    """Debian's libnode aborts without some files: what is missing is said instead."""

    def test_a_missing_file_and_its_package_are_named(self):
        missing = "/usr/share/nodejs/undici"
        hide = ["unshare", "-rm", "sh", "-c", f'mount -t tmpfs none {missing} && exec "$@"', "sh"]
        if not os.path.isdir(missing) or subprocess.call(
                hide + ["true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) != 0:
            self.skipTest("no file to hide, or no mounts of one's own here")
        self.write("script.js", "console.log('runs');\n")
        ran = self.start(hide + [RUNNER, "script.js"])
        self.assertNotIn(ran.returncode, (0, 134, -6))
        self.assertIn(missing + "/undici-fetch.js", ran.stderr)
        self.assertIn("node-undici", ran.stderr)
        self.assertEqual(ran.stdout, "")


class HostUntouched(Guest):
    def test_stdin_is_not_stolen(self):
        out = self.python("""
            import metacall, sys, time
            metacall.metacall_load_from_memory('node', 'exports.one = () => 1;')
            metacall.metacall('one')
            time.sleep(.2)
            print(sys.stdin.read())
            """, stdin=None, input="for Python\n")
        self.assertEqual(out, "for Python\n\n")

    def test_signals_flags_title_arguments(self):
        out = self.python("""
            import fcntl, metacall, signal, sys, threading
            threading.Thread(target=int).start() # the C library's own handler, for any thread
            status = lambda: [line for line in open('/proc/self/status')
                              if line.startswith(('SigBlk', 'SigIgn', 'SigCgt', 'Name'))]
            before = status(), [fcntl.fcntl(n, fcntl.F_GETFL) for n in range(3)], sys.argv[:]
            metacall.metacall_load_from_memory('node', '''
                exports.title = () => { process.title = 'other'; return process.argv.length; };
                exports.print = () => { process.stdout.write('from Node\\\\n'); };''')
            metacall.metacall('title'), metacall.metacall('print')
            after = status(), [fcntl.fcntl(n, fcntl.F_GETFL) for n in range(3)], sys.argv[:]
            print([(a, b) for a, b in zip(before, after) if a != b] or 'same')
            """)
        self.assertEqual(out, "from Node\nsame\n")

    def test_interrupt_reaches_python(self):
        out = self.python("""
            import metacall, os, signal, threading, time
            metacall.metacall_load_from_memory('node', 'exports.one = () => 1;')
            metacall.metacall('one')
            threading.Timer(.2, os.kill, (os.getpid(), signal.SIGINT)).start()
            try:
                time.sleep(10)
            except KeyboardInterrupt:
                print('interrupted')
            """)
        self.assertEqual(out, "interrupted\n")

    def test_idle_costs_nothing(self):
        out = self.python("""
            import metacall, time
            metacall.metacall_load_from_memory('node', 'exports.one = () => 1;')
            metacall.metacall('one')
            time.sleep(.5)
            before = time.process_time()
            time.sleep(2)
            print(time.process_time() - before)
            """)
        self.assertLess(float(out), 0.02)


class Recursion(Guest):
    """As deep as the stacks allow, then an error of the language, whatever the stack's size."""
    SCRIPT = """
        import metacall, sys, threading
        metacall.metacall_load_from_memory('node', '''
            exports.down = (back, depth) => back(exports.down, depth + 1);
            exports.alone = (depth) => exports.alone(depth + 1) + 1;''')
        deepest = 0
        def back(again, depth):
            global deepest
            deepest = depth
            return again(back, depth)
        def go():
            for name in 'down', 'alone':
                try:
                    metacall.metacall(name, back, 0)
                    print('no error')
                except RecursionError:
                    print('recursion')
                except BaseException as error:
                    print('recursion' if 'call stack' in str(error) else repr(error))
        %s
        print(deepest > %d, metacall.metacall('down', lambda again, depth: depth, 1))
        """

    def test_main_thread(self):
        out = self.python(self.SCRIPT % ("go()", 50))
        self.assertEqual(out, "recursion\nrecursion\nTrue 2\n")

    def test_large_recursion_limit(self):
        out = self.python(self.SCRIPT % ("sys.setrecursionlimit(100000); go()", 100))
        self.assertEqual(out, "recursion\nrecursion\nTrue 2\n")

    def test_small_threads(self):
        out = self.python(self.SCRIPT % (
            "threading.stack_size(256 * 1024); sys.setrecursionlimit(100000)\n"
            "        t = threading.Thread(target=go); t.start(); t.join()", 3))
        self.assertEqual(out, "recursion\nrecursion\nTrue 2\n")

    def test_large_threads(self):
        out = self.python(self.SCRIPT % (
            "threading.stack_size(64 << 20)\n"
            "        t = threading.Thread(target=go); t.start(); t.join()", 50))
        self.assertEqual(out, "recursion\nrecursion\nTrue 2\n")


if __name__ == "__main__":
    unittest.main()
