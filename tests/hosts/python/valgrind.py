# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""valgrind.py MODULE | -- PROGRAM [ARGUMENT...]: a module of the suite, or a program that embeds
Python, under Valgrind with CPython's suppressions. No error may have one of our objects in its
stack, up to the Python code that called it: no bad read or write, no jump on what was never set, no
memory lost. What CPython does by itself is counted, and no more."""

import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
STAGE = os.environ['METACALL_STAGE_DIR']
SUPPRESSIONS = '/usr/lib/valgrind/python3.supp'
OURS = re.compile(r'(lib(py|mock)_loader(_host)?\.so|libmetacall\.so|_metacall\.abi3\.so|'
                  r'libpython_test_guest\.so|python_test_embed$)')
ITS_OWN = ('_PyEval_EvalFrameDefault', 'Py_InitializeEx', 'Py_FinalizeEx')
# Valgrind knows the functions of a library only if it saw it opened in the ordinary way.
FIRST = ('import ctypes, runpy, sys; ctypes.PyDLL(%r); sys.argv[:] = [%r] + sys.argv[1:]; '
         'sys.path.insert(0, %r); runpy.run_path(sys.argv[0], run_name="__main__")')


def skip(reason):
    print('SKIP: %s' % reason)
    sys.exit(77)


def command(arguments):
    if arguments[0] == '--':
        return arguments[1:]
    plugin = os.path.join(STAGE, 'lib', 'metacall', 'loaders', 'libpy_loader_host.so')
    return [sys.executable, '-c', FIRST % (plugin, os.path.join(HERE, 'run.py'), HERE), *arguments]


def frame_text(frame):
    place = frame.findtext('obj', '?').rpartition('/')[2]
    if frame.findtext('file'):
        place = '%s:%s' % (frame.findtext('file'), frame.findtext('line'))
    return '    %s (%s)' % (frame.findtext('fn', '???'), place)


def is_ours(stacks):
    """Are we in it, between the error and the program in Python or the start or end of the
    interpreter that led there?"""
    for stack in stacks:
        for frame in stack:
            if OURS.search(frame.findtext('obj', '')):
                return True
            if frame.findtext('fn') in ITS_OWN:
                break
    return False


def report(path):
    """Prints what is ours, returns its number."""
    ours, others = 0, collections.Counter()
    for error in ElementTree.parse(path).getroot().findall('error'):
        stacks = error.findall('stack')
        frames = [frame for stack in stacks for frame in stack]
        if is_ours(stacks):
            ours += 1
            print('%s: %s' % (error.findtext('kind'),
                              error.findtext('what') or error.findtext('xwhat/text')))
            print('\n'.join(map(frame_text, frames[:20])))
        else:
            others[error.findtext('kind')] += 1
    print('%d errors with our objects in them; CPython\'s own: %s' % (
        ours, ', '.join('%d %s' % (count, kind) for kind, count in others.items()) or 'none'))
    return ours


def main(arguments):
    valgrind = shutil.which('valgrind')
    if valgrind is None or not os.path.exists(SUPPRESSIONS):
        skip('Valgrind or its suppressions for Python are not installed')
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'errors.xml')
        status = subprocess.call(
            [valgrind, '-q', '--xml=yes', '--xml-file=' + path, '--suppressions=' + SUPPRESSIONS,
             '--leak-check=full', '--show-leak-kinds=definite', '--num-callers=40',
             '--keep-debuginfo=yes', '--'] + command(arguments),
            env={**os.environ, 'PYTHONMALLOC': 'malloc', 'METACALL_TEST_VALGRIND': '1'})
        if status == 77:
            return 77
        ours = report(path)
    if status not in (0, 5): # what the program that embeds ends with
        print('status %d' % status)
        return 1
    return 1 if ours else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
