# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""python -m metacall SCRIPT [ARGUMENT...]: runs a script of any language in this Python.

A Python script runs as the main program; a script of another language is loaded into this
process, where it may call Python.
"""

import os
import sys

USAGE = 'usage: python -m metacall SCRIPT [ARGUMENT...]'


def _run(script):
    from . import _metacall, metacall_load_from_file
    tag = _metacall.tag_for(script)
    if tag is None:
        sys.exit('metacall: no loader knows the kind of file that %r is' % script)
    if tag == 'py':
        import runpy
        sys.path[0] = os.path.dirname(os.path.abspath(script))
        runpy.run_path(script, run_name='__main__')
    else:
        metacall_load_from_file(tag, [script])


def main():
    if len(sys.argv) < 2:
        sys.exit(USAGE)
    if sys.argv[1] in ('-h', '--help'):
        print(__doc__.strip() + '\n\n' + USAGE)
        return
    del sys.argv[0]
    _run(sys.argv[0])


main()
