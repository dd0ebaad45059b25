# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""What the tests of the Python host share: the guest in C, child processes, what is mapped."""

import os
import re
import subprocess
import sys
import tempfile
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
STAGE = os.environ['METACALL_STAGE_DIR']
GUEST = os.environ['METACALL_TEST_GUEST']
ROUNDS = int(os.environ.get('METACALL_TEST_ROUNDS', '20'))


def guest():
    """The C guest, its functions registered: guest_echo, guest_kind, guest_call ..."""
    import ctypes
    import metacall
    if not GUEST:
        import unittest # brings modules that some tests must not find
        raise unittest.SkipTest('the guest in C is not compiled')
    library = ctypes.PyDLL(GUEST)
    library.guest_threads_stop.restype = ctypes.c_long
    library.guest_threads_calls.restype = ctypes.c_long
    library.guest_threads_wrong.restype = ctypes.c_long
    if not getattr(metacall, '_guest_registered', False):
        assert library.guest_register() == 0
        metacall._guest_registered = True
    return library


def has_loader(tag):
    """Is the loader staged? Its runtime may still be missing: then the load says why."""
    plugin = 'lib%s_loader.so' % tag
    return os.path.exists(os.path.join(STAGE, 'lib', 'metacall', 'loaders', plugin))


def load_node(script):
    """What a script of JavaScript exports, its global gc() at hand; skips where there is no Node."""
    import metacall
    import unittest
    if not has_loader('node'):
        raise unittest.SkipTest('the node loader is not built')
    try:
        exports = metacall.metacall_load_from_memory_export('node', script)
        metacall.metacall_load_from_memory('node', '''
            require('v8').setFlagsFromString('--expose_gc');
            globalThis.gc = require('vm').runInNewContext('gc');
            module.exports = {};
        ''')
    except metacall.LoaderError as error:
        raise unittest.SkipTest('node cannot be loaded here: %s' % error)
    return exports


class Child:
    def __init__(self, process, output, errors):
        self.status = process.returncode
        self.output = output
        self.errors = errors

    def __repr__(self):
        return 'status %s\n--- stdout\n%s\n--- stderr\n%s' % (self.status, self.output, self.errors)


def run(code, timeout=60, arguments=(), signal=None, **environment):
    """Runs `code` as the main program of a new interpreter of this kind. `signal` is sent once the
    child has printed its first line."""
    with tempfile.TemporaryDirectory() as folder:
        script = os.path.join(folder, 'main_program.py')
        with open(script, 'w') as stream:
            stream.write('import sys\nsys.path.insert(1, %r)\n' % HERE + textwrap.dedent(code))
        process = subprocess.Popen([sys.executable, '-u', script, *arguments],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, **environment})
        try:
            first = ''
            if signal is not None:
                first = process.stdout.readline()
                process.send_signal(signal)
            output, errors = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
            errors += '\n*** killed after %s s' % timeout
            return Child(process, first + output, errors)
        return Child(process, first + output, errors)


def mapped(pattern):
    """The files mapped into this process whose base name matches, each once."""
    found = set()
    with open('/proc/self/maps') as maps:
        for line in maps:
            path = line.rstrip('\n').partition('/')[2]
            if path and re.match(pattern, os.path.basename(path)):
                found.add('/' + path)
    return sorted(found)
