# SPDX-License-Identifier: Apache-2.0
"""Functions of Python that the other side calls."""
import hashlib
import platform
import re
import ssl


def py_add(a, b):
    return a + b


def py_twice(f, x):
    return f(f(x))


def py_fail(why):
    raise ValueError(why)


def py_describe(record):
    return {**record, "seen": f"python {platform.python_version()}"}


def py_digest(text):
    return hashlib.sha256(text.encode()).hexdigest(), ssl.OPENSSL_VERSION


def images():
    """Which files of the two runtimes are mapped in this process, as one line."""
    found = {"libpython": set(), "libnode": set()}
    with open("/proc/self/maps", encoding="utf-8") as maps:
        for line in maps:
            match = re.search(r"/(libpython3|libnode)(?:\.\d+[a-z]*)?\.so[^/]*$", line.rstrip())
            if match:
                found[match.group(1).rstrip("3")].add(line[line.index("/"):].rstrip())
    return "; ".join(f"{name} {len(paths)}" + "".join(f" {path}" for path in sorted(paths))
                     for name, paths in found.items())
