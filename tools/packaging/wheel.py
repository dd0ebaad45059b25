# SPDX-License-Identifier: Apache-2.0
"""One abi3 wheel for every CPython since 3.9: the package, with the whole tree in _prefix/."""
import base64
import hashlib
import io
import pathlib
import platform
import time
import zipfile

import tree

DOOR = "lib/metacall/ports/python/metacall/_metacall.abi3.so"

COMMANDS = '''\
# SPDX-License-Identifier: Apache-2.0
"""The commands of the wheel that are programs of their own."""
import os
import sys


def registry():
    """metacall-registry, which looks at the Python that it was installed for."""
    if sys.prefix != sys.base_prefix:
        os.environ.setdefault('VIRTUAL_ENV', sys.prefix)
    program = os.path.join(os.path.dirname(__file__), '_prefix', 'bin', 'metacall-registry')
    os.execv(program, ['metacall-registry', *sys.argv[1:]])
'''

ENTRY_POINTS = """\
[console_scripts]
metacall = metacall.__main__:main
metacall-registry = metacall._commands:registry
"""

METADATA = """\
Metadata-Version: 2.1
Name: metacall
Version: {version}
Summary: Functions of other languages in this process
License: Apache-2.0
{licences}Requires-Python: >=3.9
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: Python :: Implementation :: CPython
Classifier: Programming Language :: JavaScript
Classifier: Typing :: Typed
Description-Content-Type: text/markdown

{description}"""

WHEEL = """\
Wheel-Version: 1.0
Generator: metacall tools/package
Root-Is-Purelib: false
Tag: {tag}
"""


def platform_tag(files):
    machine = platform.machine()
    return f"manylinux_2_{tree.glibc_needed(files)}_{machine}"


def digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def record(files, name):
    lines = [f"{path},sha256={digest(item.data)},{len(item.data)}"
             for path, item in sorted(files.items())]
    return "\n".join([*lines, f"{name},,", ""]).encode()


def build(stage, root, output, epoch):
    """Writes the wheel below `output`; returns its path."""
    version = tree.version(stage)
    package, licences = tree.package(stage, DOOR)
    licences["LICENSE"] = (root / "LICENSE").read_bytes()
    info = f"metacall-{version}.dist-info"
    tag = f"cp39-abi3-{platform_tag(package)}"
    files = {f"metacall/{name}": item for name, item in package.items()}
    files["metacall/_commands.py"] = tree.Item(COMMANDS.encode())
    for name, text in licences.items():
        files[f"{info}/{name}"] = tree.Item(text)
    description = (root / "ports/python/README.md").read_text(encoding="utf-8")
    texts = {
        "METADATA": METADATA.format(
            version=version, description=description,
            licences="".join(f"License-File: {name}\n" for name in sorted(licences))),
        "WHEEL": WHEEL.format(tag=tag),
        "entry_points.txt": ENTRY_POINTS,
    }
    for name, text in texts.items():
        files[f"{info}/{name}"] = tree.Item(text.encode())
    files[f"{info}/RECORD"] = tree.Item(record(files, f"{info}/RECORD"))
    path = pathlib.Path(output, f"metacall-{version}-{tag}.whl")
    path.write_bytes(archive(files, epoch))
    return path


def archive(files, epoch):
    """The zip file; *.dist-info comes last, as PEP 427 advises."""
    made = time.gmtime(max(epoch, 315532800))[:6]  # zip begins in 1980
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path, item in sorted(files.items(), key=lambda one: (".dist-info/" in one[0], one[0])):
            entry = zipfile.ZipInfo(path, made)
            entry.create_system = 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if item.executable else 0o100644) << 16
            zipped.writestr(entry, item.data)
    return buffer.getvalue()
