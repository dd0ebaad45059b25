# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""python -m metacall [--tag TAG] FILE [ARGUMENT...]: runs a script of any language in this Python.

A Python script runs as the main program; a script of another language is the main program of its
own runtime, which is started in this process, and its `metacall` is this Python's. The exit code is
the script's own; 1 after an exception that nobody caught; 2 when FILE cannot be read or the usage
is wrong.

  --tag TAG   the loader to use, whatever the extension of FILE says
  -h, --help  show this text
  --version   show the version of the library
"""

import os
import sys


def _usage_error(message):
    print('metacall: %s\nTry: python -m metacall --help' % message, file=sys.stderr)
    return 2


def _options(arguments):
    """(tag or None, what begins with the script); the exit code where the options say it all."""
    tag = None
    while arguments and arguments[0].startswith('-') and arguments[0] != '-':
        option = arguments.pop(0)
        if option == '--':
            break
        if option in ('-h', '--help'):
            print(__doc__.rstrip())
            return 0
        if option == '--version':
            from . import _metacall
            print('metacall %s' % _metacall.version())
            return 0
        if option != '--tag':
            return _usage_error('unknown option %r' % option)
        if not arguments:
            return _usage_error("--tag needs a loader's tag")
        tag = arguments.pop(0)
    if not arguments:
        return _usage_error('no script given')
    return tag, arguments


def _hide_own_frames(runpy):
    """A traceback begins where the script does."""
    show = sys.excepthook

    def hook(kind, error, traceback):
        while traceback is not None and (
                traceback.tb_frame.f_code.co_filename == __file__ or
                traceback.tb_frame.f_globals.get('__name__') == runpy.__name__):
            traceback = traceback.tb_next
        error.__traceback__ = traceback
        show(kind, error, traceback)
    sys.excepthook = hook


def _run_python(arguments):
    import runpy
    _hide_own_frames(runpy)
    sys.argv[:] = arguments
    sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
    runpy.run_path(arguments[0], run_name='__main__')


def _let_signals_end():
    """SIGINT as any program of another language has it: Python would look at it only when that
    program is over."""
    import signal
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _run_other(tag, arguments):
    from . import _metacall
    sys.argv[:] = arguments
    if tag is not None:
        _let_signals_end()
    try:
        code, text = _metacall.run_main(tag, [os.fsencode(each) for each in arguments])
    except KeyboardInterrupt:
        code, text = None, ''
    if text:
        sys.stdout.flush()
        print(text.rstrip('\n'), file=sys.stderr)
    if code is None:  # the shell must see that it was the signal
        import signal
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    return code


def main():
    """The console script; returns the exit code."""
    chosen = _options(sys.argv[1:])
    if isinstance(chosen, int):
        return chosen
    tag, arguments = chosen
    script = arguments[0]
    try:
        with open(script, 'rb'):
            pass
    except OSError as error:
        print('metacall: %s: %s' % (script, error.strerror), file=sys.stderr)
        return 2
    deployment = tag is None and script.endswith('.json')
    if tag is None and not deployment:
        from . import _metacall
        tag = _metacall.tag_for(script)
        if tag is None:
            print('metacall: no loader knows the kind of file that %r is' % script,
                  file=sys.stderr)
            return 1
    if tag == 'py':
        return _run_python(arguments)
    return _run_other(tag, arguments)


if __name__ == '__main__':
    sys.exit(main())
