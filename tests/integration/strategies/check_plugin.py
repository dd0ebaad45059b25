#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_plugin.py STAGE: 48 as `metacall-registry check` sees it, on copies of a real plugin: an
entry point that is missing, a library that is needed and not declared, a C library of the future."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

stage = pathlib.Path(sys.argv[1])
folder = stage / "lib/metacall"
manifest = (folder / "loaders.d/mock.loader.json").read_text(encoding="utf-8")
plugin = (folder / "loaders/libmock_loader.so").read_bytes()


def check(text, contents):
    """The ids of the errors."""
    with tempfile.TemporaryDirectory(prefix="metacall-check-") as place:
        place = pathlib.Path(place)
        data = json.loads(text)
        for variant in data["variants"]:
            variant["library"] = "../loaders/libmock_loader.so"
            variant.pop("sha256", None)
        (place / "loaders").mkdir(mode=0o755)
        (place / "loaders.d").mkdir(mode=0o755)
        (place / "loaders/libmock_loader.so").write_bytes(contents)
        (place / "loaders.d/mock.loader.json").write_text(json.dumps(data), encoding="utf-8")
        done = subprocess.run([stage / "bin/metacall-registry", "check", "mock", "--json"],
                              env={**os.environ, "METACALL_REGISTRY_PATH": str(place / "loaders.d"),
                                   "LD_LIBRARY_PATH": str(stage / "lib")},
                              stdout=subprocess.PIPE, check=False)
        findings = json.loads(done.stdout)["findings"]
    errors = [found for found in findings if found["severity"] == "error"]
    assert bool(errors) == (done.returncode == 1), (done.returncode, findings)
    return {found["id"]: found for found in errors}


assert check(manifest, plugin) == {}, check(manifest, plugin)

missing = check(manifest.replace("mock_loader_load_from_file", "mock_loader_not_there"), plugin)
assert missing["hook.missing"]["symbol"] == "mock_loader_not_there", missing

future = check(manifest, plugin.replace(b"GLIBC_2.", b"GLIBC_9."))
assert future["libc.version"]["symbol"].startswith("GLIBC_9."), future

# one of its DT_NEEDED under another name of the same length, which nobody has
other = check(manifest, plugin.replace(b"libmetacall.so.1\0", b"libmetacall.so.9\0"))
assert any(identity.startswith("needed.") for identity in other), other
