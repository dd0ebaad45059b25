# SPDX-License-Identifier: Apache-2.0
# in_python.py FOLDER CASE: the strategies inside this Python.
import os
import subprocess
import sys

folder, case = sys.argv[1:]
sys.path.insert(0, folder)
import st_real  # noqa: E402

VERSION = "%d.%d" % sys.version_info[:2]
CODE = "assert seen == (int, str, TypeError, OSError, None), seen; answer = 6 * 7"


def runtimes():
    """The mapped files that are a libpython (an extension module is none)."""
    with open("/proc/self/maps") as maps:
        files = {line.split(None, 5)[5].strip() for line in maps if "/" in line}
    return sorted(f for f in files if os.path.basename(f).startswith("libpython"))


before = runtimes()


def opened(strategy, plugin, needed, version=None):
    fine, message, owner, host_version, _, owners, running = st_real.open(
        strategy, os.path.join(folder, plugin), needed, version)
    assert owners == 1 and running == 1, (owners, running)
    assert host_version.startswith(VERSION + "."), host_version
    if case not in ("renamed", "deleted"):
        assert os.path.realpath(owner) == os.path.realpath(before[0] if before else sys.executable)
    else:
        assert owner == os.environ["STRATEGIES_COPY"], owner
    assert runtimes() == before, (runtimes(), message)
    print("%s %s in %s: %s" % (plugin, strategy, owner, message))
    return fine, message


def works():
    globals().pop("answer", None)
    assert st_real.run(CODE) == 0
    assert answer == 42  # noqa: F821
    for name in ("_ctypes", "_json", "math", "_decimal"):
        try:
            __import__(name)
        except ModuleNotFoundError:
            pass  # not built in this Python; anything else is a failure


if case == "host":
    fine, message = opened("host-unresolved", "libpl_python_host.so", None)
    assert fine and message == "plain", message
    works()
elif case in ("renamed", "deleted"):
    # a copy under a name that says nothing, and one whose file is gone
    if case == "deleted":
        os.unlink(os.environ["STRATEGIES_COPY"])
    for strategy, plugin, needed in (("host-unresolved", "libpl_python_host.so", None),
                                     ("interposed", "libpl_python.so", "libpython3.so")):
        fine, message = opened(strategy, plugin, needed)
        assert fine, message
        works()
    # a child that is no Python is no host, whatever it inherits
    child = subprocess.run([os.path.join(folder, "st_real_embed"), "nobody"], check=False)
    assert child.returncode == 0, child
elif case == "interposed":
    # one linked binary for every version: the host has another SONAME, or none at all
    fine, message = opened("interposed", "libpl_python.so", "libpython3.so")
    assert fine and message == "shim-global", message
    works()
    fine, message = opened("interposed", "libpl_python.so", "libpython3.so", "2.7")
    assert not fine and "bind.version" in message and VERSION in message, message
elif case == "exact":
    if not os.path.exists(os.path.join(folder, "libpl_python311.so")):
        print("SKIP: no libpython3.11 to link a plugin to")
        sys.exit(77)
    fine, message = opened("interposed", "libpl_python311.so", "libpython3.11.so.1.0", "3.11.")
    if VERSION == "3.11":
        assert fine and message == ("same-soname" if before else "shim-global"), message
        works()
    else:
        # ELF would bind it without a complaint
        assert not fine and "bind.version" in message, message
else:
    sys.exit("unknown case")
