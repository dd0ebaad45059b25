# SPDX-License-Identifier: Apache-2.0
"""What a package carries of an installed or staged tree, as {path: Item}; the same bytes each time.

The tree travels whole, below _prefix/ of the package, and works there as it does in a prefix: all
search paths in it are relative. What it needs beyond a manylinux system travels in _prefix/lib.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from elf import Elf, is_elf

# What every system of that platform tag has (PEP 600), and what is looked for on the machine.
OF_THE_SYSTEM = re.compile(r"(libc|libm|libdl|libpthread|librt|libutil|libresolv|libgcc_s|libstdc\+\+"
                           r"|ld-linux-[\w-]+)\.so\.\d+")
OF_THE_MACHINE = re.compile(r"lib(node|python3[\d.]*)\.so(\.[\d.]+)?")
# The C++ library came with a compiler, and a compiler with a C library.
GLIBC_OF_GLIBCXX = {31: 36, 30: 35, 29: 34, 28: 31, 26: 30, 25: 28}

CARRIED = ("bin/metacall", "bin/metacall-registry", "lib/libmetacall.so.1", "lib/metacall/loaders/*",
           "lib/metacall/loaders.d/**/*", "lib/metacall/ports/**/*", "share/man/man1/*")
LEFT = re.compile(r"(^|/)(lib)?mock[_.]|/__pycache__/|\.pyc$")  # mock: the tests' own loader


class Item:
    def __init__(self, data, executable=False):
        self.data, self.executable = data, executable


class Failure(Exception):
    """A message for the one who packages."""


def stripped(data):
    """Without debug information and symbols that only a debugger reads, where strip is there."""
    if not is_elf(data) or not shutil.which("strip"):
        return data
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "file")
        path.write_bytes(data)
        subprocess.run(["strip", "--strip-unneeded", path], check=True)
        return path.read_bytes()


def carried(stage):
    """The files of the tree, by their path in it."""
    items = {}
    for pattern in CARRIED:
        for path in sorted(stage.glob(pattern)):
            name = path.relative_to(stage).as_posix()
            if path.is_dir() or LEFT.search(name):
                continue
            items[name] = Item(stripped(path.read_bytes()), os.access(path, os.X_OK))
    for name in ("bin/metacall-registry", "lib/libmetacall.so.1", "lib/metacall/loaders.d/py.loader.json"):
        if name not in items:
            raise Failure(f"{stage}/{name} is missing: is this an installed or staged tree?")
    return items


def libraries(items, stage):
    """Adds what the tree needs and no system must have. Returns their licences, by file name."""
    here = {name.rsplit("/", 1)[1] for name in items}
    licences = {}
    waiting = [(name, item.data, stage / name) for name, item in sorted(items.items())
               if is_elf(item.data)]
    while waiting:
        name, data, path = waiting.pop()
        for needed in Elf(data).needed:
            if needed in here or OF_THE_SYSTEM.fullmatch(needed) or OF_THE_MACHINE.fullmatch(needed):
                continue
            if "$ORIGIN" not in Elf(data).search_path:
                raise Failure(f"{name} needs {needed}, but has no RUNPATH $ORIGIN to find it by")
            found = locate(needed, path)
            here.add(needed)
            item = Item(stripped(found.read_bytes()), True)
            items[f"lib/{needed}"] = item
            waiting.append((f"lib/{needed}", item.data, found))
            licences.update(licence_of(found))
    return licences


def locate(needed, path):
    told = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    match = re.search(rf"^\s*{re.escape(needed)} => (/\S+)", told, re.M)
    if not match:
        raise Failure(f"{path} needs {needed}, which this machine does not have")
    return pathlib.Path(match[1]).resolve()


def licence_of(library):
    """Debian keeps a copyright file for each package."""
    if not shutil.which("dpkg-query"):
        return {}
    told = subprocess.run(["dpkg-query", "-S", library], capture_output=True, text=True).stdout
    package = told.split(":")[0]
    path = pathlib.Path("/usr/share/doc", package, "copyright")
    return {f"LICENSE.{package}": path.read_bytes()} if package and path.is_file() else {}


def glibc_needed(items):
    """The newest glibc (2.N) that some file asks for, itself or by its C++ library."""
    newest = 17
    for item in items.values():
        for version in Elf(item.data).versions if is_elf(item.data) else ():
            match = re.fullmatch(r"GLIBC(XX)?_(2|3\.4)\.(\d+)(\.\d+)?", version)
            if match:
                minor = int(match[3])
                if match[1]:
                    minor = next((glibc for cxx, glibc in sorted(GLIBC_OF_GLIBCXX.items())
                                  if minor <= cxx), 99)
                newest = max(newest, minor)
    return newest


def version(stage):
    """The version of the tree: its pkg-config file has it."""
    path = stage / "lib/pkgconfig/metacall.pc"
    match = re.search(r"^Version:\s*(\S+)", path.read_text() if path.is_file() else "", re.M)
    if not match:
        raise Failure(f"{path}: no version there")
    return match[1]


def package(stage, door):
    """({path in the package: Item}, licences): the port whose door that is, and _prefix/."""
    items = carried(stage)
    licences = libraries(items, stage)
    port = str(pathlib.PurePosixPath(door).parent) + "/"
    if door not in items:
        raise Failure(f"{stage}/{door} is missing: this build left that port out")
    files = {f"_prefix/{name}": item for name, item in items.items()}
    for name, item in items.items():
        if name.startswith(port):
            data = item.data
            if name == door:
                data = Elf(data).with_search_path("$ORIGIN/_prefix/lib")
            files[name[len(port):]] = Item(data, item.executable)
    return files, licences
