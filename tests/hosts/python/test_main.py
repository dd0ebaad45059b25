# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""python -m metacall, and deployments."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import metacall


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = os.path.realpath(folder.name)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, 'w') as stream:
            stream.write(text)
        return path


class Runner(Files):
    def runner(self, *arguments):
        return subprocess.run([sys.executable, '-m', 'metacall', *arguments], timeout=60, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder)

    def test_python_script(self):
        self.write('neighbour.py', 'VALUE = 7\n')
        path = self.write('main.py', (
            'import sys, neighbour\nprint(__name__, sys.argv[1:], neighbour.VALUE)\nsys.exit(3)\n'))
        done = self.runner(path, 'one', '--two')
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (3, "__main__ ['one', '--two'] 7\n", ''))

    def test_other_language(self):
        self.write('main.mock', 'long twice(long n) = n * 2\n')
        done = self.runner('main.mock')
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, '', ''))

    def test_failures(self):
        self.assertEqual(self.runner().returncode, 2)
        self.assertEqual(self.runner('none.py').returncode, 2)
        self.write('file.nothing', '')
        done = self.runner('file.nothing')
        self.assertEqual(done.returncode, 1)
        self.assertIn('file.nothing', done.stderr)
        self.assertIn('usage', self.runner('--help').stdout)


class Deployment(Files):
    def test_configuration(self):
        self.write('deployed.py', 'def deployed(): return 11\n')
        path = self.write('metacall.json', json.dumps(
            {'language_id': 'py', 'path': '.', 'scripts': ['deployed.py']}))
        lib = metacall.metacall_load_from_configuration_export(path)
        self.assertEqual(lib.deployed(), 11)
        metacall.metacall_load_from_configuration(path)
        self.assertEqual(metacall.metacall('deployed'), 11)
        with self.assertRaises(metacall.Error):
            metacall.metacall_load_from_configuration(os.path.join(self.folder, 'none.json'))


if __name__ == '__main__':
    unittest.main()
