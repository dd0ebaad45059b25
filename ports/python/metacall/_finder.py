# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Imports of other languages' scripts and packages.

    from lib.js import add          the script lib.js beside the importing module or on sys.path
    import metacall.node.ramda      a script or a package of the language with the tag `node`

The finder stands last in sys.meta_path: whatever Python finds itself stays Python's. The `lib` of
`lib.js` is a package made for its scripts alone. Its __path__ names no folder: an entry FOLDER/lib
stands for the files FOLDER/lib.js, FOLDER/lib.rb ..., which is also where they lie where `lib` is
a package of Python's own.
"""

import os
import sys
from importlib.machinery import ModuleSpec

from . import _metacall

_PACKAGE = __name__.rpartition('.')[0]
_BOOTSTRAP = '<frozen importlib._bootstrap>'


def _asked(frame):
    """The name that an import statement or importlib.util.find_spec wants, if this is its frame."""
    code = frame.f_code
    if code.co_name == '_find_and_load_unlocked' and code.co_filename == _BOOTSTRAP:
        return frame.f_locals.get('name')
    if code.co_name == 'find_spec' and frame.f_globals.get('__name__') == 'importlib.util':
        return frame.f_locals.get('fullname')
    return None


def _child_of(name):
    """The extension of `name.EXT`, where that is what somebody asks for just now."""
    frame = sys._getframe(1)
    while frame is not None:
        wanted = _asked(frame)
        if wanted is not None and wanted != name:
            parent, _, extension = wanted.rpartition('.')
            return extension if parent == name else None
        frame = frame.f_back
    return None


def _importer():
    """The folder of the file whose import this is; None where it has none."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get('__name__')
        if not isinstance(name, str) or name.partition('.')[0] not in (
                'importlib', '_frozen_importlib', _PACKAGE):
            file = frame.f_globals.get('__file__')
            return os.path.dirname(os.path.abspath(file)) if isinstance(file, str) else None
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
        former = module.__dict__.get('__metacall_handle__')
        try:
            if former is not None:
                del module.__metacall_handle__
                _metacall.clear(former)
            if self.path is not None:
                names, module.__metacall_handle__ = _metacall.load_file(self.tag, [self.path])
            else:
                names = self._load_package()
        except _metacall.error_class('Error') as error:
            _drop_parent(module.__name__)
            raise ImportError('cannot import %r: %s' % (module.__name__, error),
                              name=module.__name__, path=self.path) from error
        except BaseException:
            _drop_parent(module.__name__)
            raise
        module.__dict__.update(names)
        module.__all__ = [name for name in names if isinstance(name, str)]

    def _load_package(self):
        # Found from the working directory or, as the language itself would, from the importer's.
        folder = _importer()
        if folder is not None and (self.tag, folder) not in _told:
            _metacall.metacall_execution_path(self.tag, folder)
            _told.add((self.tag, folder))
        return _metacall.metacall_load_from_package_export(self.tag, self.package)

    def is_package(self, name):
        return False

    def get_code(self, name):
        return None

    def get_source(self, name):
        if self.path is None:
            return None
        with open(self.path, encoding='utf-8') as stream:
            return stream.read()

    def get_filename(self, name):
        if self.path is None:
            raise ImportError('%r comes from a package' % name, name=name)
        return self.path


_told = set()


class _ParentLoader:
    """Makes the `lib` of `lib.js`, or the `metacall.node` of `metacall.node.ramda`."""

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__metacall__ = True


class _StemLoader(_ParentLoader):
    """`lib`: after `import lib.js`, lib.f is lib.js.f."""

    def exec_module(self, module):
        def __getattr__(name):
            for child in list(vars(module).values()):
                if isinstance(getattr(child, '__loader__', None), _Loader):
                    if name in getattr(child, '__all__', ()):
                        return getattr(child, name)
            raise AttributeError('module %r has no attribute %r' % (module.__name__, name))

        super().exec_module(module)
        module.__getattr__ = __getattr__


def _drop_parent(name):
    """A `bad` made for a `bad.js` that failed must not be there for a later `import bad`."""
    parent = sys.modules.get(name.rpartition('.')[0])
    if isinstance(getattr(parent, '__loader__', None), _StemLoader) and not any(
            isinstance(getattr(child, '__loader__', None), _Loader)
            for child in list(vars(parent).values())):
        sys.modules.pop(parent.__name__, None)
        above, _, last = parent.__name__.rpartition('.')
        vars(sys.modules.get(above, parent)).pop(last, None)


def find_spec(name, path=None, target=None):
    parent, _, last = name.rpartition('.')
    if parent == _PACKAGE:
        return _language(name, last)
    if parent.startswith(_PACKAGE + '.') and parent.count('.') == 1:
        return _member(name, parent.rpartition('.')[2], last)
    if path is not None:
        spec = _script(name, [stem + '.' + last for stem in _folders(path)])
        if spec is not None:
            return spec
    if isinstance(getattr(target, '__loader__', None), _StemLoader):
        return target.__spec__
    extension = _child_of(name)
    return _parent(name, last, extension, path) if extension else None


def _language(name, tag):
    """metacall.node: a package without a file."""
    if _metacall.tag_for(tag) is None:
        return None
    return ModuleSpec(name, _ParentLoader(), is_package=True)


def _member(name, language, last):
    """metacall.node.NAME: a script NAME of that language on sys.path, else a package."""
    tag = _metacall.tag_for(language)
    for folder in _folders(None):
        try:
            entries = sorted(os.listdir(folder))
        except OSError:
            continue
        for entry in entries:
            stem, dot, _ = entry.rpartition('.')
            if dot and stem == last and _metacall.tag_for(entry) == tag:
                return _spec(name, tag, os.path.join(folder, entry))
    return ModuleSpec(name, _Loader(tag, package=last.replace('__', '/')))


def _spec(name, tag, file):
    spec = ModuleSpec(name, _Loader(tag, path=file), origin=file)
    spec.has_location = True
    return spec


def _tag(file):
    tag = _metacall.tag_for(file) if os.path.isfile(file) else None
    return None if tag == 'py' else tag


def _script(name, files):
    for file in files:
        tag = _tag(file)
        if tag is not None:
            return _spec(name, tag, file)
    return None


def _parent(name, last, extension, path):
    stems = [os.path.join(folder, last) for folder in _folders(path)]
    if not any(_tag(stem + '.' + extension) for stem in stems):
        return None
    spec = ModuleSpec(name, _StemLoader(), is_package=True)
    spec.submodule_search_locations.extend(stems)
    return spec
