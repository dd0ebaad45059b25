#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`check` against scanelf and readelf: on every plugin that was built and on libraries of this
system, all three must say the same. Exit 77 where pax-utils or binutils are not there."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

COMMAND = os.environ["METACALL_REGISTRY_COMMAND"]
STAGE = pathlib.Path(os.environ["METACALL_STAGE_DIR"])
FAULTY = pathlib.Path(os.environ["METACALL_FAULTY_PLUGINS"])
LEAST_LIBRARIES = 50
LIBRARY_FOLDERS = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"]
ALWAYS = ["libc.so.6", "libm.so.6", "libstdc++.so.6", "libpython3.11.so.1.0", "ld-linux.so.2",
          "ld-linux-aarch64.so.1", "libpthread.so.0", "libcrypto.so.3"]
# What scanelf and readelf can tell as well. The rest of check needs the manifest.
JUDGED = {"elf.machine", "elf.stack", "elf.textrel", "elf.now", "elf.relro", "elf.nodelete",
          "elf.tls", "elf.build_id", "elf.write_exec", "elf.runpath.empty", "elf.runpath.relative"}
# The plugins with faults have these.
WANTED = {"elf.stack", "elf.now", "elf.relro", "elf.tls", "elf.build_id", "elf.runpath.empty",
          "elf.runpath.relative"}


def run(*argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
                          env={**os.environ, "LC_ALL": "C"}).stdout.decode("utf-8", "replace")


def readelf(path):
    """The ids that readelf's output stands for."""
    text = run("readelf", "-hldnW", str(path))
    ours = run("readelf", "-hW", "/proc/self/exe")
    head = re.compile(r"(?m)^  (?:Class|Machine): .*$")
    if head.findall(text) != head.findall(ours):
        return {"elf.machine"}, False
    ids = set()
    segments = re.findall(r"(?m)^  ([A-Z_]+) +(0x\S+) (0x\S+) (0x\S+) (0x\S+) (0x\S+) (.{3}) ", text)
    flags = {kind: mode for kind, *_, mode in segments}
    if "E" in flags.get("GNU_STACK", "E"):
        ids.add("elf.stack")
    if any(kind == "LOAD" and "W" in mode and "E" in mode for kind, *_, mode in segments):
        ids.add("elf.write_exec")
    if "GNU_RELRO" not in flags:
        ids.add("elf.relro")
    entries = dict(re.findall(r"\((TEXTREL|BIND_NOW|FLAGS|FLAGS_1|RPATH|RUNPATH)\) +(.*)", text))
    words = f"{entries.get('FLAGS', '')} {entries.get('FLAGS_1', '')}"
    if "TEXTREL" in entries or "TEXTREL" in words:
        ids.add("elf.textrel")
    if "BIND_NOW" not in entries and not re.search(r"\b(BIND_NOW|NOW)\b", words):
        ids.add("elf.now")
    if "NODELETE" not in words:
        ids.add("elf.nodelete")
    if "Build ID: " not in text:
        ids.add("elf.build_id")
    size = max([int(memory, 16) for kind, _, _, _, _, memory, _ in segments if kind == "TLS"] + [0])
    if "STATIC_TLS" in words and size > 64:
        ids.add("elf.tls")
    return ids, "STATIC_TLS" in words and size > 512


def scanelf(paths):
    """Of each path: executable stack or segment, text relocations, lazy binding, search folders."""
    out = run("scanelf", "-BF", "%e;%t;%b;%r;%F", *map(str, paths))
    found = {}
    for line in out.splitlines():
        marks, textrel, bind, folders, path = line.split(";", 4)
        stack, _, load = marks.split()
        ids = set()
        if "X" in stack or stack.strip() == "---":
            ids.add("elf.stack")
        if "W" in load and "X" in load:
            ids.add("elf.write_exec")
        if textrel.strip() == "TEXTREL":
            ids.add("elf.textrel")
        if bind.strip() == "LAZY":
            ids.add("elf.now")
        if folders.strip() != "-":
            for entry in folders.split(":"):
                if not entry:
                    ids.add("elf.runpath.empty")
                elif not entry.startswith(("/", "$ORIGIN", "${ORIGIN}")):
                    ids.add("elf.runpath.relative")
        found[path] = ids
    return found


def libraries():
    chosen = {}
    for folder in map(pathlib.Path, LIBRARY_FOLDERS):
        names = sorted(folder.glob("*.so*")) if folder.is_dir() else []
        names.sort(key=lambda path: path.name not in ALWAYS)
        for path in names:
            real = path.resolve()
            if real.is_file() and real not in chosen and real.open("rb").read(4) == b"\x7fELF":
                chosen[real] = 1
            if len(chosen) >= 2 * LEAST_LIBRARIES:
                break
    return list(chosen)


def check(paths):
    """What `check` says of each path, as a plugin that a manifest names."""
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        for number, path in enumerate(paths):
            tag = f"x{number}"
            (folder / f"{tag}.loader.json").write_text(json.dumps({
                "manifest_version": 1, "tag": tag, "name": tag, "version": "1.0.0",
                "language": {"name": tag},
                "variants": [{"strategy": "linked", "library": str(path)}],
                "lifecycle": {"initialize": "initialize", "load_from_file": "load",
                              "destroy": "destroy"}}))
        data = json.loads(run(COMMAND, "check", "--json", str(folder)))
    finally:
        shutil.rmtree(folder)
    ids = {path: set() for path in paths}
    severe = set()
    for item in data["findings"]:
        path = paths[int(item["tag"][1:])]
        ids[path].add(item["id"])
        if item["id"] == "elf.tls" and item["severity"] == "error":
            severe.add(path)
    return ids, severe


def main():
    for tool in ("scanelf", "readelf"):
        if not shutil.which(tool):
            print(f"SKIP: {tool} is not there")
            sys.exit(77)
    plugins = sorted((STAGE / "lib/metacall/loaders").glob("*.so"))
    faulty = sorted(FAULTY.glob("plugin_*/*.so"))
    paths = plugins + faulty + libraries()
    ours, severe = check(paths)
    theirs = scanelf(paths)
    by_scanelf = {"elf.stack", "elf.textrel", "elf.now", "elf.write_exec", "elf.runpath.empty",
                  "elf.runpath.relative"}
    disagreements, seen = [], set()
    for path in paths:
        said = ours[path] & JUDGED
        seen |= said
        expected, large = readelf(path)
        # readelf prints the entries of RUNPATH in brackets, scanelf as they are.
        if said - {"elf.runpath.empty", "elf.runpath.relative"} != expected:
            disagreements.append(f"{path}: check {sorted(said)}, readelf {sorted(expected)}")
        if large != (path in severe):
            disagreements.append(f"{path}: static TLS: check and readelf differ in its size")
        if "elf.machine" in said:
            continue
        if str(path) not in theirs:
            disagreements.append(f"{path}: scanelf says nothing")
        elif said & by_scanelf != theirs[str(path)]:
            disagreements.append(
                f"{path}: check {sorted(said & by_scanelf)}, scanelf {sorted(theirs[str(path)])}")
    print("\n".join(disagreements))
    count = len(paths) - len(plugins) - len(faulty)
    print(f"{len(plugins)} plugins, {len(faulty)} with faults, {count} libraries; "
          f"seen: {', '.join(sorted(seen))}; {len(disagreements)} disagreements")
    if not plugins or count < LEAST_LIBRARIES:
        print(f"too few files: {LEAST_LIBRARIES} libraries are wanted")
        sys.exit(1)
    if not WANTED <= seen:
        print(f"nothing was said of {', '.join(sorted(WANTED - seen))}")
        sys.exit(1)
    sys.exit(bool(disagreements))


if __name__ == "__main__":
    main()
