# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Imports of other languages' scripts and packages.

    from lib.js import add          the script lib.js beside the importing module or on sys.path
    import metacall.node.ramda      a script or a package of the language with the tag `node`

The finder stands last in sys.meta_path: whatever Python finds itself stays Python's.
"""

import os
import sys
from importlib.machinery import ModuleSpec

from . import _metacall

_PACKAGE = __name__.rpartition('.')[0]
_BOOTSTRAP = '<frozen importlib._bootstrap>'


def _child_of(name):
    """The extension of `name.EXT`, where that is what an import statement asks for just now."""
    frame = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if code.co_name == '_find_and_load_unlocked' and code.co_filename == _BOOTSTRAP:
            wanted = frame.f_locals.get('name')
            if wanted != name:
                parent, _, extension = (wanted or '').rpartition('.')
                return extension if parent == name else None
        frame = frame.f_back
    return None


def _folders(path):
    return [os.getcwd() if folder == '' else folder
            for folder in (sys.path if path is None else path) if isinstance(folder, str)]


class _Loader:
    """Fills a module with what a script or a package of another language exports."""

    def __init__(self, tag, path=None, package=None):
        self.tag = tag
        self.path = path
        self.package = package

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        try:
            if self.path is not None:
                names = _metacall.metacall_load_from_file_export(self.tag, [self.path])
            else:
                names = _metacall.metacall_load_from_package_export(self.tag, self.package)
        except _metacall.error_class('Error') as error:
            raise ImportError('cannot import %r: %s' % (module.__name__, error),
                              name=module.__name__, path=self.path) from error
        module.__dict__.update(names)
        module.__all__ = [name for name in names if isinstance(name, str)]

    def get_filename(self, name):
        if self.path is None:
            raise ImportError('%r comes from a package' % name, name=name)
        return self.path


class _ParentLoader:
    """Makes the `lib` of `lib.js`: a package that exists for its scripts alone."""

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        def __getattr__(name):
            for child in list(vars(module).values()):
                if isinstance(getattr(child, '__loader__', None), _Loader):
                    if name in getattr(child, '__all__', ()):
                        return getattr(child, name)
            raise AttributeError('module %r has no attribute %r' % (module.__name__, name))

        module.__getattr__ = __getattr__
        module.__metacall__ = True


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        parent, _, last = name.rpartition('.')
        if parent == _PACKAGE:
            return _language(name, last)
        if parent.startswith(_PACKAGE + '.') and parent.count('.') == 1:
            return _member(name, parent.rpartition('.')[2], last)
        if parent and getattr(sys.modules.get(parent), '__metacall__', False):
            return _script(name, parent.rpartition('.')[2] + '.' + last, path)
        extension = _child_of(name)
        return _parent(name, last + '.' + extension, path) if extension else None


def _language(name, tag):
    """metacall.node: a package without a file."""
    if _metacall.tag_for(tag) != tag:
        return None
    spec = ModuleSpec(name, _ParentLoader(), is_package=True)
    return spec


def _member(name, tag, last):
    """metacall.node.NAME: a script NAME of that language on sys.path, else a package."""
    for folder in _folders(None):
        try:
            entries = sorted(os.listdir(folder))
        except OSError:
            continue
        for entry in entries:
            stem, dot, _ = entry.rpartition('.')
            if dot and stem == last and _metacall.tag_for(entry) == tag:
                return _spec(name, tag, os.path.join(folder, entry))
    return ModuleSpec(name, _Loader(tag, package=last.replace('__', '/') if '__' in last else last))


def _spec(name, tag, file):
    spec = ModuleSpec(name, _Loader(tag, path=file), origin=file)
    spec.has_location = True
    return spec


def _find(file, path):
    for folder in _folders(path):
        candidate = os.path.join(folder, file)
        if os.path.isfile(candidate):
            return candidate
    return None


def _tag(file):
    tag = _metacall.tag_for(file)
    return None if tag == 'py' else tag


def _script(name, file, path):
    found = _find(file, path)
    tag = _tag(file) if found else None
    return _spec(name, tag, found) if tag else None


def _parent(name, file, path):
    found = _find(file, path)
    if not found or not _tag(file):
        return None
    spec = ModuleSpec(name, _ParentLoader(), is_package=True)
    spec.submodule_search_locations.extend(_folders(path))
    return spec
