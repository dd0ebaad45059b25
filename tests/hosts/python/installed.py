# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Where the tests find what they test when nobody says so: the metacall that this Python imports,
the prefix that it belongs to, and the guest in C, compiled against that prefix's headers."""

import atexit
import glob
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PLUGIN = os.path.join('lib', 'metacall', 'loaders', 'libpy_loader_host.so')


def package():
    spec = importlib.util.find_spec('metacall')
    if spec is None or not spec.submodule_search_locations:
        sys.exit('%s has no metacall to be tested: install it, or set PYTHONPATH' % sys.executable)
    return os.path.realpath(list(spec.submodule_search_locations)[0])


def prefix():
    """The prefix of the package: inside of it (a wheel), or somewhere above (an installation)."""
    folder = package()
    candidates = [os.path.join(folder, '_prefix')]
    while os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
        candidates.append(folder)
    for candidate in candidates + ['/usr/local', '/usr']:
        if os.path.exists(os.path.join(candidate, PLUGIN)):
            return candidate
    sys.exit('no %s inside of or above %s: set METACALL_STAGE_DIR' % (PLUGIN, package()))


def compile_guest(stage):
    """The path of the guest; empty where it cannot be compiled: what needs it is skipped."""
    compiler = shutil.which(os.environ.get('CC', 'cc'))
    header = os.path.join(stage, 'include', 'metacall', 'metacall.h')
    if compiler is None or not os.path.exists(header):
        print('no C compiler or no %s: what needs the guest in C is skipped' % header)
        return ''
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, True)
    path = os.path.join(folder, 'libguest.so')
    library = os.path.join(stage, 'lib')
    subprocess.check_call(
        [compiler, '-shared', '-fPIC', '-O1', '-D_GNU_SOURCE', '-pthread',
         '-I' + os.path.join(stage, 'include'), '-o', path,
         *sorted(glob.glob(os.path.join(HERE, 'guest*.c'))),
         os.path.join(library, 'libmetacall.so.1'), '-Wl,-rpath,' + library])
    return path


def prepare():
    if 'METACALL_STAGE_DIR' not in os.environ:
        os.environ['METACALL_STAGE_DIR'] = prefix()
    if 'METACALL_TEST_GUEST' not in os.environ:
        os.environ['METACALL_TEST_GUEST'] = compile_guest(os.environ['METACALL_STAGE_DIR'])
