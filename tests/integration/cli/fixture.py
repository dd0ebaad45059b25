# SPDX-License-Identifier: Apache-2.0
"""An installation in a temporary folder, with a runtime and a plugin that were really built, and
the command to run on it in an environment of nothing but what a test gives."""

import copy
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

COMMAND = os.environ["METACALL_REGISTRY_COMMAND"]
FIXTURES = pathlib.Path(os.environ["METACALL_CLI_FIXTURES"])
RUNTIME = "libclirt.so.3"

MANIFEST = {
    "manifest_version": 1,
    "tag": "rt",
    "name": "Small runtime loader",
    "version": "1.2.3",
    "license": "Apache-2.0",
    "language": {"name": "Small", "aliases": ["small"], "extensions": [".small"]},
    "runtime": {
        "name": "Clirt",
        "versions": ">=3 <4",
        "libraries": [
            {
                "id": "clirt",
                "sonames": ["libclirt.so.%v"],
                "markers": {"functions": ["clirt_run"], "data": ["clirt_version_hex"]},
                "version": [{"hex": "clirt_version_hex"}, {"soname": True}],
                "find": [
                    {"rule": "variable", "variable": "CLIRT_LIBRARY"},
                    {"rule": "glob", "globs": ["../runtimes/libclirt.so.*"]},
                ],
            }
        ],
    },
    "host": {
        "executables": ["clirt"],
        "running": {"call": "clirt_running"},
        "version": [{"hex": "clirt_version_hex"}],
    },
    "variants": [
        {"strategy": "linked", "library": "librt_loader.so", "needed": "libclirt.so.%v"}
    ],
    "lifecycle": {
        "initialize": "rt_loader_initialize",
        "load_from_file": "rt_loader_load_from_file",
        "load_from_memory": "rt_loader_load_from_memory",
        "destroy": "rt_loader_destroy",
    },
}


class Result:
    """What a run gave: status, and both streams as text."""

    def __init__(self, process):
        self.status = process.returncode
        self.out = (process.stdout or b"").decode("utf-8", "surrogateescape")
        self.err = (process.stderr or b"").decode("utf-8", "surrogateescape")

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def records(self):
        return [line.split("\t") for line in self.out.splitlines()]


class Installation(unittest.TestCase):
    """A prefix of its own for each test, and nothing else to be found."""

    maxDiff = None

    def setUp(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="metacall-cli-"))
        self.addCleanup(shutil.rmtree, self.top)
        self.top.chmod(0o755)
        self.prefix = self.top / "prefix"
        self.manifests = self.prefix / "lib/metacall/loaders.d"
        self.plugins = self.prefix / "lib/metacall/loaders"
        self.runtimes = self.prefix / "lib/metacall/runtimes"
        self.home = self.top / "home"
        for folder in (self.manifests, self.plugins, self.runtimes, self.home):
            folder.mkdir(parents=True)

    def install(self, runtime=True, plugin=True, manifest=MANIFEST):
        """The loader `rt`, complete unless a part is left out."""
        if manifest is not None:
            self.write("rt", manifest)
        if plugin:
            shutil.copy(FIXTURES / "librt_loader.so", self.plugins)
        if runtime:
            shutil.copy(FIXTURES / RUNTIME, self.runtimes)

    def write(self, tag, manifest, folder=None):
        """A manifest, as an object or as text; gives its path."""
        path = (folder or self.manifests) / f"{tag}.loader.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = manifest if isinstance(manifest, str) else json.dumps(manifest, indent=2)
        path.write_text(text, encoding="utf-8")
        return path

    def variation(self, tag="rt", **members):
        manifest = copy.deepcopy(MANIFEST)
        manifest.update(members, tag=tag)
        return manifest

    def environment(self, **more):
        base = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "XDG_CONFIG_DIRS": str(self.top / "no-config"),
            "XDG_DATA_DIRS": str(self.top / "no-data"),
        }
        # Of a sanitized build: its library need not come before those that a test preloads, and
        # two copies of one runtime are what some tests are about.
        base["ASAN_OPTIONS"] = ":".join(
            filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0",
                          "detect_odr_violation=0"]))
        base.update({name: str(value) for name, value in more.items() if value is not None})
        return base

    def run_command(self, *arguments, env=None, prefix=True, input=None, wrapper=(), **more):
        command = [*wrapper, COMMAND, *map(str, arguments)]
        if prefix:
            command.append(f"--prefix={self.prefix}")
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        if input is None:
            streams["stdin"] = subprocess.DEVNULL
        process = subprocess.run(
            command, env=self.environment(**(env or {})), input=input, timeout=60, cwd=self.top,
            **streams,
        )
        return Result(process)

    def good(self, *arguments, **more):
        """Runs what must succeed without a word on standard error."""
        result = self.run_command(*arguments, **more)
        self.assertEqual((result.status, result.err), (0, ""), result.out)
        return result
