# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Wherever the package lies, its door finds the library, and that the loaders: a virtual
environment, a prefix as conda has them, a tree that was moved, a link, folders with awkward names.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import installed
import support

PROGRAM = '''
import sys, metacall
def main_function(a): return a + 1
assert metacall.metacall('main_function', 1) == 2
assert metacall.metacall_load_from_memory_export('py', 'def f(): return 1').f() == 1
try:
    mock = metacall.metacall_load_from_memory_export('mock', 'long twice(long n) = n * 2')
except metacall.LoaderError as error:
    if 'mock' not in str(error): raise
else:
    assert mock.twice(2) == 4
with open('/proc/self/maps') as maps:
    libraries = {line.split(None, 5)[5].rstrip() for line in maps
                 if 'libmetacall.so' in line or 'libpy_loader' in line}
print(*sorted(libraries), sep='\\n')
'''
LEFT_OUT = ('runtimes', 'share', 'include', 'man', '__pycache__', 'node')


class Places(unittest.TestCase):
    def setUp(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        self.folder = os.path.realpath(folder)

    def tree(self, name):
        """A copy of the whole tree below a folder of that name; the place of its package."""
        place = os.path.join(self.folder, name)
        shutil.copytree(support.STAGE, place, symlinks=True,
                        ignore=lambda _, names: [each for each in names if each in LEFT_OUT])
        relative = os.path.relpath(installed.package(), os.path.realpath(support.STAGE))
        self.assertFalse(relative.startswith('..'), 'the package lies outside of its prefix')
        return place, os.path.join(place, relative)

    def run_it(self, python, expected, **environment):
        names = {**os.environ, **environment}
        for name in ('PYTHONPATH', 'METACALL_STAGE_DIR', 'METACALL_REGISTRY_PATH'):
            if name not in environment:
                names.pop(name, None)
        script = os.path.join(self.folder, 'program.py')
        with open(script, 'w') as stream:
            stream.write(PROGRAM)
        done = subprocess.run([python, script], env=names, cwd='/', text=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual((done.returncode, done.stderr), (0, ''), done)
        libraries = done.stdout.splitlines()
        self.assertEqual(len(libraries), 2, libraries)
        for library in libraries:
            self.assertTrue(library.startswith(expected + '/'), libraries)

    def environment(self):
        """A new virtual environment: its python and its site-packages."""
        folder = os.path.join(self.folder, 'venv')
        subprocess.run([sys.executable, '-m', 'venv', '--without-pip', folder], check=True,
                       stdout=subprocess.DEVNULL)
        packages = os.path.join(folder, 'lib', 'python%d.%d' % sys.version_info[:2],
                                'site-packages')
        return os.path.join(folder, 'bin', 'python'), packages

    def test_moved(self):
        place, package = self.tree('moved')
        self.run_it(sys.executable, place, PYTHONPATH=os.path.dirname(package))

    def test_awkward_names(self):
        place, package = self.tree('a folder, \u00e9\U0001f600 %s')
        self.run_it(sys.executable, place, PYTHONPATH=os.path.dirname(package))

    def test_virtual_environment_by_path_file(self):
        place, package = self.tree('opt')
        python, packages = self.environment()
        with open(os.path.join(packages, 'metacall.pth'), 'w') as stream:
            stream.write(os.path.dirname(package) + '\n')
        self.run_it(python, place, VIRTUAL_ENV=os.path.dirname(os.path.dirname(python)))

    def test_virtual_environment_by_link(self):
        place, package = self.tree('opt')
        python, packages = self.environment()
        os.symlink(package, os.path.join(packages, 'metacall'))
        self.run_it(python, place)

    def test_prefix_as_conda_has_it(self):
        place, package = self.tree('conda')
        packages = os.path.join(place, 'lib', 'python%d.%d' % sys.version_info[:2], 'site-packages')
        os.makedirs(packages)
        link = os.path.relpath(package, packages)
        os.symlink(link, os.path.join(packages, 'metacall'))
        self.run_it(sys.executable, place, PYTHONPATH=packages, CONDA_PREFIX=place,
                    PATH=os.path.join(place, 'bin') + ':' + os.environ['PATH'])

    def test_two_copies_one_process(self):
        """The second copy of the package is the first one's module again: sys.modules has it."""
        place, package = self.tree('first')
        _, other = self.tree('second')
        self.run_it(sys.executable, place, PYTHONPATH=os.path.dirname(package) + ':' +
                    os.path.dirname(other))


if __name__ == '__main__':
    unittest.main()
