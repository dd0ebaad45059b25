# SPDX-License-Identifier: Apache-2.0
"""Real processes to be recognised: started, asked from inside and from outside, ended."""

import glob
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

STAGE = pathlib.Path(os.environ["METACALL_STAGE_DIR"])
DEPS = pathlib.Path(os.environ["METACALL_DEPS_DIR"])
BUILT = pathlib.Path(os.environ["DETECT_BUILT"])
COMMAND = STAGE / "bin/metacall-registry"
HOLDER = BUILT / "holder"
PROBE = BUILT / "libdetect_probe.so"
PATIENCE = 60


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(77)


def program(*candidates):
    """The first of the programs that is there: a name, a path or a glob."""
    for candidate in candidates:
        if "/" not in str(candidate):
            found = shutil.which(candidate, path="/usr/bin:/bin:/usr/local/bin")
            if found:
                return found
        for path in sorted(glob.glob(os.path.expanduser(str(candidate)))):
            if os.access(path, os.X_OK) or ".so" in path:
                return path
    return skip(f"none of these is here: {', '.join(map(str, candidates))}")


def check(truth, *facts):
    if not truth:
        raise AssertionError(" ".join(map(str, facts)) or "not true")


class Process:
    """A program that writes "ready VERSION" and waits for the end of its input. It runs with the
    probe preloaded and finds the manifests of the staged tree alone."""

    def __init__(self, *argv, env=None, cwd=None):
        self.folder = tempfile.mkdtemp(prefix="metacall-detect-")
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": self.folder,
            "LC_ALL": "C",
            "LD_PRELOAD": str(PROBE),
            "DETECT_PROBE_FOLDER": self.folder,
            "METACALL_REGISTRY_PATH": str(STAGE / "lib/metacall/loaders.d"),
            **(env or {}),
        }
        self.child = subprocess.Popen(
            list(map(str, argv)), env=environment, cwd=cwd or self.folder, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.pid = self.child.pid
        line = self.child.stdout.readline()
        if not line.startswith("ready "):
            self.child.kill()
            streams = self.child.communicate()
            shutil.rmtree(self.folder)
            raise AssertionError(f"{argv[0]} wrote {line!r}: {streams}")
        self.words = line.split()[1:]
        self.version = self.words[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()
        self.child.stderr.close()
        shutil.rmtree(self.folder)

    def inside(self, pid=None):
        """What the library in the process says: all runtimes, and the host (None = none)."""
        pid = pid or self.pid
        answer = pathlib.Path(self.folder) / f"{pid}.json"
        answer.unlink(missing_ok=True)
        ask = os.open(f"{self.folder}/{pid}.ask", os.O_RDWR | os.O_NONBLOCK)
        os.write(ask, b"?")
        end = time.monotonic() + PATIENCE
        while not answer.exists():
            check(time.monotonic() < end, "the probe in", pid, "does not answer")
            time.sleep(0.005)
        os.close(ask)
        told = json.loads(answer.read_text())
        check(told["detect"] is not None and told["current"] is not False, told)
        return told["detect"]["hosts"], told["current"]

    def outside(self, pid=None, status=0):
        """What the tool says of the process."""
        environment = {"PATH": "/usr/bin:/bin", "HOME": self.folder,
                       "METACALL_REGISTRY_PATH": str(STAGE / "lib/metacall/loaders.d")}
        run = subprocess.run(
            [COMMAND, "detect", "--pid", str(pid or self.pid), "--json"], env=environment,
            capture_output=True, text=True, timeout=PATIENCE)
        check(run.returncode == status, run.returncode, run.stderr)
        told = json.loads(run.stdout)
        check((told["schema_version"], told["kind"]) == (1, "process"), told)
        return told

    def mapped(self, pattern, pid=None):
        """Paths of the mapped files whose base name is matched, one each."""
        maps = pathlib.Path(f"/proc/{pid or self.pid}/maps").read_text()
        paths = {line.split(None, 5)[5] for line in maps.splitlines() if line.count("/")}
        return sorted(path for path in paths if re.fullmatch(pattern, os.path.basename(path)))

    def executable(self, pid=None):
        return os.readlink(f"/proc/{pid or self.pid}/exe")


def fits(version, truth):
    """Whether a version is the truth, or as much of it as a library's name holds."""
    return version is not None and (version == truth or truth.startswith(version + "."))


def recognised(process, tag, *, owner, static, version, exact=True, outside_exact=None,
               outside_running=1, pid=None):
    """The process runs that one runtime, seen from both sides. Returns both findings."""
    hosts, current = process.inside(pid)
    check([host["tag"] for host in hosts] == [tag], "inside:", hosts)
    host = hosts[0]
    report = process.outside(pid)
    check([runtime["tag"] for runtime in report["runtimes"]] == [tag], "outside:", report)
    runtime = report["runtimes"][0]
    check(host["running"] == 1 and runtime["running"] == outside_running, host, runtime)
    for found in (host, runtime):
        check(found["in_executable"] is static and found["duplicate"] is False, found)
        check(os.path.realpath(found["owner"]) == os.path.realpath(owner), found, owner)
    check(current and current["tag"] == tag and current["running"] == 1, current)
    check(os.path.realpath(current["owner"]) == os.path.realpath(owner), current)
    if version is None:
        check(host["version"] is None and runtime["version"] is None, host, runtime)
    else:
        whole = exact if outside_exact is None else outside_exact
        check(host["version"] == version if exact else fits(host["version"], version), host)
        check(runtime["version"] == version if whole else fits(runtime["version"], version),
              runtime, version)
        check(host["version_from"] and runtime["version_from"], host, runtime)
        check(current["version"] == host["version"], current)
    check(re.fullmatch("[0-9a-f]{16,64}", runtime["build_id"] or ""), runtime)
    check(os.path.realpath(report["executable"]) ==
          os.path.realpath(process.executable(pid).removesuffix(" (deleted)")), report)
    check(report["unreadable_count"] == 0 and report["modules"] > 2, report)
    return host, runtime, report


def nothing(process, pid=None):
    """No runtime at all, from both sides."""
    hosts, current = process.inside(pid)
    check(hosts == [] and current is None, hosts, current)
    check(process.outside(pid)["runtimes"] == [], "outside")
