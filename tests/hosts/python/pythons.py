# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""The Pythons of this machine that can be a guest."""

import glob
import os
import subprocess


def newer(host):
    """The same of a suite of Debian whose libc this node brings along: (library, program)."""
    base = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(host))))
    suite = {'node-debian20': 'trixie', 'node-debian24': 'forky'}.get(
        os.path.basename(os.path.dirname(os.path.dirname(host))))
    found = []
    for library in sorted(glob.glob('%s/%s/usr/lib/*/libpython3.*.so.1.0' % (base, suite))):
        minor = os.path.basename(library)[len('libpython3.'):-len('.so.1.0')]
        program = '%s/%s/usr/bin/python3.%s' % (base, suite, minor)
        if 9 <= int(minor) <= 14 and os.path.exists(program):
            found.append((library, program))
    return found


def shared(host=None):
    """(library, program) of every shared CPython from 3.9 on, oldest first; those too that can be
    a guest of `host` alone."""
    found = []
    for minor in range(9, 15):
        for library in sorted(
                glob.glob('/usr/lib/*/libpython3.%d.so.1.0' % minor)
                + glob.glob(os.path.expanduser(
                    '~/.pyenv/versions/3.%d.*/lib/libpython3.%d.so.1.0' % (minor, minor)))):
            prefix = library.split('/lib/')[0] if '/.pyenv/' in library else '/usr'
            program = '%s/bin/python3.%d' % (prefix, minor)
            if os.path.exists(program):
                found.append((library, program))
    return found + (newer(host) if host else [])


def system():
    """(library, program) of the system's own; its program may be static."""
    for library, program in shared():
        if program.startswith('/usr/bin/') and os.path.samefile(program, '/usr/bin/python3'):
            return library, program
    return None, '/usr/bin/python3'


def shares_libraries(host):
    """Does this node take OpenSSL and the like from the system, as Python does?"""
    if host in ('c', 'runner'):
        return False
    return 'libssl' in subprocess.run(['ldd', host], text=True, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL).stdout or 'debian' in host
