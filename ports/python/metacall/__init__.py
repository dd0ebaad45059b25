# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Call functions of other languages from Python, and Python from them, in one process.

    import metacall
    lib = metacall.metacall_load_from_file_export('node', ['lib.js'])
    lib.add(1, 2)

Everything that fails raises a subclass of metacall.Error; what a function of another language
throws arrives as metacall.ForeignError, with .language, .type, .code and .stack.
"""

import sys as _sys

if 't' in getattr(_sys, 'abiflags', ''):
    raise ImportError(
        'metacall does not support free-threaded builds of CPython, and Python %s (%s) is one: use '
        'the standard build of the same version'
        % (_sys.version.split()[0], _sys.executable), name=__name__)

try:
    from . import _metacall
except ModuleNotFoundError as _error:
    if _error.name != __name__ + '._metacall':
        raise
    raise ImportError(
        'metacall has no binary for this Python (%s): it needs CPython 3.9 or later with the '
        'global interpreter lock' % _sys.version.split()[0]) from None

from ._metacall import (
    Function,
    metacall,
    metacall_execution_path,
    metacall_host,
    metacall_inspect,
    metacall_load_from_configuration,
    metacall_load_from_file,
    metacall_load_from_memory,
    metacall_load_from_package,
    metacall_load_from_package_ex,
    metacall_value_create_ptr,
    metacall_value_dereference,
    metacall_value_reference,
)

__all__ = [
    'Class',
    'Error',
    'Exports',
    'ForeignError',
    'ForkError',
    'Function',
    'Future',
    'LoadError',
    'intercept',
    'metacall',
    'metacall_execution_path',
    'metacall_host',
    'metacall_inspect',
    'metacall_load_from_configuration',
    'metacall_load_from_configuration_export',
    'metacall_load_from_file',
    'metacall_load_from_file_export',
    'metacall_load_from_memory',
    'metacall_load_from_memory_export',
    'metacall_load_from_package',
    'metacall_load_from_package_export',
    'metacall_load_from_package_ex',
    'metacall_value_create_ptr',
    'metacall_value_dereference',
    'metacall_value_reference',
]


class Exports(dict):
    """What a load brought, by name: `lib['add']` or `lib.add`.

    An exported name comes before a method of dict: `lib.get` is the script's own `get`, if it has
    one.
    """

    def __init__(self, names):
        super().__init__(names)
        self.__dict__ = self


def metacall_load_from_file_export(tag, paths):
    """Loads scripts and returns what they define, which stays out of the global scope."""
    return Exports(_metacall.metacall_load_from_file_export(tag, paths))


def metacall_load_from_memory_export(tag, text):
    """Loads a script from its text and returns what it defines."""
    return Exports(_metacall.metacall_load_from_memory_export(tag, text))


def metacall_load_from_package_export(tag, name):
    """Loads a package that the language knows by name and returns what it defines."""
    return Exports(_metacall.metacall_load_from_package_export(tag, name))


def metacall_load_from_configuration_export(path):
    """Loads what a metacall.json lists and returns what that defines."""
    return Exports(_metacall.metacall_load_from_configuration_export(path))


def intercept(function, before=None, after=None):
    """Hooks that run before and after every call of a function, whoever calls it.

    `function` is a function of this Python, one of another language, or the name of either. Each
    hook gets a Call: `.function`, `.args`, `.kwargs`, `.result` and `.error`. Assigning to
    `.result` in `before` answers in the function's stead, in `after` it replaces what the function
    gave or raised; an exception in a hook becomes the call's. Returns an Interception: remove() or
    the end of its with statement takes the hooks off, and nothing of them stays.
    """
    from ._intercept import Interception
    return Interception(function, before, after)


class _Finder:
    """Stands last in sys.meta_path and fetches the real finder when an import would fail."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        from ._finder import find_spec
        return find_spec(name, path, target)


_sys.meta_path.append(_Finder)


def __dir__():
    return sorted({*globals(), *__all__})


def __getattr__(name):
    # These classes are made when somebody asks for them.
    if name in ('Call', 'Interception'):
        from . import _intercept
        return getattr(_intercept, name)
    kind = _metacall.error_class(name) or _metacall.proxy_type(name)
    if kind is None:
        raise AttributeError('module %r has no attribute %r' % (__name__, name))
    return kind
