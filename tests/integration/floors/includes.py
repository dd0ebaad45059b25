# SPDX-License-Identifier: Apache-2.0
"""An include that goes up does not compile.

For each room, the compiler is called as the build calls it for a file of that room, on a line that
includes a header of every other room. It must find those on the floors below and no others."""
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

# room: what it may include. `public` = <metacall/...> headers by the room that owns them.
ROOMS = {
    "core": ["core"],
    "host_variants": ["core", "host_variants"],
    "registry": ["core", "host_variants", "registry"],
    "ports/c": ["core", "host_variants", "registry", "ports/c"],
    "loaders": [],
    "ports/python": [],
    "ports/node": [],
    "tools": [],
}
INSIDE = ["core", "host_variants", "registry", "ports/c"]


def room_of(source, root):
    path = source.relative_to(root).as_posix()
    return next((room for room in ROOMS if path.startswith(room + "/")), None)


def one_command_a_room(root, build):
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if source.suffix != ".c" or not source.is_relative_to(root):
            continue
        room = room_of(source, root)
        if room and room not in commands:
            commands[room] = (entry, source)
    return commands


def compiles(entry, text):
    """Whether the text compiles with the flags of the entry; with what the compiler said."""
    flags = shlex.split(entry["command"])
    for name in ("-o", "-c"):
        if name in flags:
            at = flags.index(name)
            del flags[at:at + 2]
    with tempfile.TemporaryDirectory() as folder:
        probe = pathlib.Path(folder, "probe.c")
        probe.write_text(text)
        done = subprocess.run([*flags, "-fsyntax-only", str(probe)], cwd=entry["directory"],
                              capture_output=True, text=True)
    return done.returncode == 0, done.stderr


def headers(root, room):
    """(include line, header) of one internal and one public header of a room."""
    internal = sorted((root / room).glob("*.h"))
    public = sorted((root / room / "include" / "metacall").glob("*.h"))
    if internal:
        yield f'#include "{room}/{internal[0].name}"', "internal"
    if public:
        yield f"#include <metacall/{public[0].name}>", "public"


def main():
    root, build = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    failures, probes = [], 0
    commands = one_command_a_room(root, build)
    for room, (entry, source) in sorted(commands.items()):
        for other in INSIDE:
            for line, kind in headers(root, other):
                below = other in ROOMS[room] or (kind == "public" and not ROOMS[room])
                ok, said = compiles(entry, line + "\nint probe;\n")
                probes += 1
                if below and not ok:
                    failures.append(f"{room} ({source.name}) cannot use {line}:\n{said}")
                if not below and ok:
                    failures.append(f"{room} ({source.name}) can include {line}, which is above it")
                if not below and not ok and not re.search("No such file|not found", said):
                    failures.append(f"{room}: {line} fails for another reason:\n{said}")
    print("\n".join(failures))
    print(f"{probes} includes tried from {len(commands)} rooms, {len(failures)} wrong")
    if not probes:
        print("nothing was tried: no compile_commands.json of this tree?")
    return 1 if failures or not probes else 0


sys.exit(main())
