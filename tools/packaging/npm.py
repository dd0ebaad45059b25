# SPDX-License-Identifier: Apache-2.0
"""One npm tarball for node 16 and later: the package, with the whole tree in _prefix/."""
import gzip
import io
import json
import pathlib
import platform
import tarfile

import tree

DOOR = "lib/metacall/ports/node/metacall/metacall.node"
CPU = {"x86_64": "x64", "aarch64": "arm64"}


def manifest(text):
    """package.json, with what the package is for: this system, and two commands."""
    described = json.loads(text)
    described.update({
        "bin": {"metacall": "cli.js", "metacall-registry": "_prefix/bin/metacall-registry"},
        "os": ["linux"],
        "cpu": [CPU.get(platform.machine(), platform.machine())],
        "libc": ["glibc"],
    })
    return (json.dumps(described, indent=2) + "\n").encode()


def build(stage, root, output, epoch):
    """Writes the tarball below `output`; returns its path."""
    files, licences = tree.package(stage, DOOR)
    licences["LICENSE"] = (root / "LICENSE").read_bytes()
    files["package.json"] = tree.Item(manifest(files["package.json"].data))
    files["cli.js"] = tree.Item((root / "tools/packaging/cli.js").read_bytes(), True)
    for name, text in licences.items():
        files[name] = tree.Item(text)
    path = pathlib.Path(output, f"metacall-{tree.version(stage)}.tgz")
    path.write_bytes(archive(files, epoch))
    return path


def archive(files, epoch):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as packed:
        # package.json comes first, as npm's own tarballs have it.
        for name, item in sorted(files.items(), key=lambda one: (one[0] != "package.json", one[0])):
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size, entry.mtime = len(item.data), epoch
            entry.mode = 0o755 if item.executable else 0o644
            packed.addfile(entry, io.BytesIO(item.data))
    return gzip.compress(buffer.getvalue(), mtime=epoch)
