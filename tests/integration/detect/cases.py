#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cases.py CASE: real runtimes, recognised in their process and from outside of it."""

import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile

import java_class
from process import (COMMAND, DEPS, HOLDER, STAGE, Process, check, fits, nothing, program,
                     recognised, skip)

PYTHON = ("import sys, platform, ctypes, ssl, _ctypes; "
          "print('ready', platform.python_version(), flush=True); sys.stdin.read()")
NODE = "console.log('ready ' + process.versions.node); process.stdin.resume()"
DEBIAN_PYTHON = "/usr/bin/python3.11"
DEBIAN_LIBPYTHON = "/usr/lib/*/libpython3.11.so.1.0"


def entrance(runtime, name):
    return next(way for way in runtime["entrances"] if way["id"] == name)


# ---------------------------------------------------------------------------------------- python


def python_static():
    with Process(program(DEBIAN_PYTHON), "-c", PYTHON) as process:
        host, runtime, report = recognised(
            process, "py", owner=DEBIAN_PYTHON, static=True, version=process.version)
        check(host["version_from"] == runtime["version_from"] == "Py_Version", host, runtime)
        # what a search for the name would have found, and is no runtime
        check(process.mapped(r"_ctypes\.cpython-311.*\.so"), "_ctypes is built in")
        check(not process.mapped(r"libpython.*"), "this Python is shared")
        check(not any(names["in_executable"] for names in report["names"]), report["names"])
        check(entrance(runtime, "pep768")["state"] == "absent", runtime)


def python_static_new(host):
    """Pythons of newer systems, which bring a dynamic linker of their own."""
    python = program(DEPS / f"hosts/{host}/bin/python3.*")
    with Process(python, "-c", PYTHON) as process:
        check(not process.mapped(r"libpython3\.\d+\.so.*"), "this Python is shared")
        recognised(process, "py", owner=process.executable(), static=True,
                   version=process.version)


def python_shared(minor):
    python = program(f"~/.pyenv/versions/{minor}.*/bin/python{minor}",
                     DEPS / f"hosts/python{minor}-shared/bin/python{minor}")
    with Process(python, "-c", PYTHON) as process:
        libraries = process.mapped(rf"libpython{re.escape(minor)}\.so\.1\.0")
        if not libraries:
            skip(f"{python} is not shared")
        check(len(libraries) == 1, libraries)
        recent = tuple(map(int, minor.split("."))) >= (3, 11)  # Py_Version is there
        named = re.fullmatch(r"python[\d.]*", os.path.basename(process.executable()))
        _, runtime, _ = recognised(process, "py", owner=libraries[0], static=False,
                                   version=process.version, outside_exact=recent,
                                   outside_running=1 if named else -1)
        attach = tuple(map(int, minor.split("."))) >= (3, 14)
        check(entrance(runtime, "pep768")["state"] == ("possible" if attach else "absent"),
              runtime)


def python_shared_debian():
    python = program(DEPS / "hosts/python3.11-shared/bin/python3.11")
    with Process(python, "-c", PYTHON) as process:
        libraries = process.mapped(r"libpython3\.11\.so\.1\.0")
        check(len(libraries) == 1 and process.mapped(r"_ctypes\.cpython-311.*\.so"), libraries)
        recognised(process, "py", owner=libraries[0], static=False, version=process.version)


# ------------------------------------------------------------------------------------------ node


def node_static(major):
    node = program(DEPS / f"hosts/node-{major}/bin/node")
    with Process(node, "-e", NODE) as process:
        host, runtime, report = recognised(process, "node", owner=node, static=True,
                                           version=process.version)
        names = [names for names in report["names"] if names["in_executable"]]
        check([found["id"] for found in names] == ["openssl", "zlib"], names)
        check(names[0]["count"] > 2000 and names[1]["count"] > 50, names)
        # and doctor, which looks at the program's file, names the same figures
        told = subprocess.run([COMMAND, "doctor", "--json"], capture_output=True, text=True,
                              timeout=60, check=False,
                              env={**MANIFESTS, "PATH": f"{os.path.dirname(node)}:/usr/bin"})
        counted = {}
        for found in json.loads(told.stdout)["findings"]:
            if (found["id"] == "host.conflict" and
                    os.path.realpath(found["path"]) == os.path.realpath(node)):
                figure, conflict = re.search(r"exports (\d+) names .*?\((\w+)\)",
                                             found["message"]).groups()
                counted[conflict] = int(figure)
        check(counted == {found["id"]: found["count"] for found in names}, counted, names)
        check(entrance(runtime, "inspector")["state"] == "possible", runtime)


def node_dynamic(host="node-debian"):
    node = program(DEPS / f"hosts/{host}/bin/node", DEPS / f"hosts/{host}/usr/bin/node")
    env = {}
    if host == "node-debian":
        env["LD_LIBRARY_PATH"] = os.path.dirname(program(DEPS / "libnode/usr/lib/*/libnode.so.*"))
    with Process(node, "-e", NODE, env=env) as process:
        (library,) = process.mapped(r"libnode\.so\.\d+")
        recognised(process, "node", owner=library, static=False, version=process.version)


# ----------------------------------------------------------------------------------- C programs


def local_started():
    """RTLD_LOCAL: in no global scope, and found all the same."""
    library = program(DEBIAN_LIBPYTHON)
    with Process(HOLDER, "--start", "Py_InitializeEx", library) as process:
        recognised(process, "py", owner=library, static=False, version=debian_version(),
                   outside_running=-1)


def debian_version():
    return subprocess.run([program(DEBIAN_PYTHON), "-c", "import platform\n"
                           "print(platform.python_version())"], capture_output=True, text=True,
                          check=True).stdout.strip()


def mapped_only():
    """There, and nobody has started it: no host."""
    library = program(DEBIAN_LIBPYTHON)
    with Process(HOLDER, library) as process:
        hosts, current = process.inside()
        check([(host["tag"], host["running"]) for host in hosts] == [("py", 0)], hosts)
        check(current is None, current)
        check(os.path.realpath(hosts[0]["owner"]) == os.path.realpath(library), hosts)
        check(fits(hosts[0]["version"], debian_version()), hosts)
        (runtime,) = process.outside()["runtimes"]
        check(runtime["running"] == -1 and not runtime["in_executable"], runtime)


def two_libpythons():
    one = program(DEBIAN_LIBPYTHON)
    other = program("~/.pyenv/versions/3.12.*/lib/libpython3.12.so.1.0",
                    "~/.pyenv/versions/3.1*/lib/libpython3.1[023].so.1.0")
    with Process(HOLDER, "--start", "Py_InitializeEx", one, other) as process:
        hosts, current = process.inside()
        check([(host["tag"], host["running"], host["duplicate"]) for host in hosts] ==
              [("py", 1, True), ("py", 0, True)], hosts)
        check([os.path.realpath(host["owner"]) for host in hosts] ==
              [os.path.realpath(one), os.path.realpath(other)], hosts)
        check(current and os.path.realpath(current["owner"]) == os.path.realpath(one), current)
        runtimes = process.outside(status=1)["runtimes"]
        check([(runtime["tag"], runtime["duplicate"]) for runtime in runtimes] ==
              [("py", True)] * 2, runtimes)
        check(len({runtime["version"] for runtime in runtimes}) == 2, runtimes)


def no_runtime():
    with Process(HOLDER) as process:
        nothing(process)


# ------------------------------------------------------------------------------- the other ones


def ruby():
    with Process(program("ruby", "ruby3.1"), "-e",
                 "puts \"ready #{RUBY_VERSION}\"; $stdout.flush; $stdin.read") as process:
        libraries = process.mapped(r"libruby.*\.so\..*")
        recognised(process, "ruby", owner=(libraries or [process.executable()])[0],
                   static=not libraries, version=process.version)


def lua():
    interpreter = program("lua5.4")
    release = subprocess.run([interpreter, "-v"], capture_output=True, text=True, check=True)
    with Process(interpreter, "-e", "print('ready ' .. _VERSION:match('[%d.]+')) "
                 "io.stdout:flush() io.read('a')") as process:
        libraries = process.mapped(r"liblua.*\.so\..*")
        version = re.search(r"Lua ([\d.]+)", release.stdout + release.stderr).group(1)
        check(version.startswith(process.version), version)
        recognised(process, "lua", owner=(libraries or [process.executable()])[0],
                   static=not libraries, version=version)


def lua_library():
    """In a C program, whether it runs cannot be told: no host, and no lie."""
    library = program("/usr/lib/*/liblua5.4.so.0")
    with Process(HOLDER, library) as process:
        hosts, current = process.inside()
        check([(host["tag"], host["running"]) for host in hosts] == [("lua", -1)], hosts)
        check(current is None and hosts[0]["version"].startswith("5.4."), current, hosts)


def perl():
    with Process(program("perl"), "-e", "$| = 1; printf \"ready %vd\\n\", $^V; <STDIN>;"
                 ) as process:
        libraries = process.mapped(r"libperl\.so\..*")
        recognised(process, "perl", owner=(libraries or [process.executable()])[0],
                   static=not libraries, version=process.version)


def php():
    with Process(program("php", "php8.2"), "-n", "-r",
                 "echo 'ready ', PHP_MAJOR_VERSION, '.', PHP_MINOR_VERSION, '.', "
                 "PHP_RELEASE_VERSION, \"\\n\"; fgets(STDIN);") as process:
        recognised(process, "php", owner=process.executable(), static=True,
                   version=process.version)


def tcl():
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "waits.tcl"
        script.write_text('puts "ready [info patchlevel]"\nflush stdout\nread stdin\n')
        with Process(program("tclsh", "tclsh8.6"), script) as process:
            (library,) = process.mapped(r"libtcl.*\.so(\..*)?")
            recognised(process, "tcl", owner=library, static=False, version=process.version,
                       exact=False)


def guile():
    with Process(program("guile", "guile-3.0"), "--no-auto-compile", "-c",
                 '(begin (display (string-append "ready " (version) "\\n")) (force-output) '
                 "(read-char))") as process:
        (library,) = process.mapped(r"libguile.*\.so\..*")
        version = re.match(r"[\d.]*\d", process.version).group(0)
        recognised(process, "guile", owner=library, static=False, version=version, exact=False)


def java():
    machines = sorted({os.path.realpath(path) for path in
                       pathlib.Path("/usr/lib/jvm").glob("*/bin/java")})
    if not machines:
        skip("no JVM below /usr/lib/jvm")
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "Waits.class").write_bytes(java_class.waits())
        for machine in machines:
            with Process(machine, "-Xshare:auto", "-cp", folder, "Waits") as process:
                (library,) = process.mapped(r"libjvm\.so")
                _, runtime, _ = recognised(process, "jvm", owner=library, static=False,
                                           version=process.version)
                check(entrance(runtime, "attach-api")["state"] == "possible", runtime)
            with Process(machine, "-XX:+DisableAttachMechanism", "-cp", folder,
                         "Waits") as process:
                (runtime,) = process.outside()["runtimes"]
                check(entrance(runtime, "attach-api")["state"] == "shut", runtime)


def java_mapped_only():
    library = program("/usr/lib/jvm/*/lib/server/libjvm.so")
    with Process(HOLDER, library) as process:
        hosts, current = process.inside()
        check([(host["tag"], host["running"]) for host in hosts] == [("jvm", 0)], hosts)
        check(current is None, current)


def r():
    program("R")
    with Process(program("Rscript"), "--vanilla", "-e",
                 "cat('ready', as.character(getRversion()), '\\n'); flush(stdout()); "
                 "invisible(readLines(file('stdin')))") as process:
        libraries = process.mapped(r"libR\.so")
        # its library holds no version that could be read without running it
        recognised(process, "r", owner=(libraries or [process.executable()])[0],
                   static=not libraries, version=None)


# ------------------------------------------------------------------- executables and their names


def copied(folder, name):
    path = pathlib.Path(folder) / name
    shutil.copy(program(DEBIAN_PYTHON), path)
    path.chmod(0o755)
    return path


def renamed_executable():
    with tempfile.TemporaryDirectory() as folder:
        path = copied(folder, "worker")
        with Process(path, "-c", PYTHON) as process:
            recognised(process, "py", owner=path, static=True, version=process.version,
                       outside_running=-1)


def renamed_node():
    node = program(DEPS / "hosts/node-20/bin/node", DEPS / "hosts/node-*/bin/node")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "service"
        try:
            os.link(node, path)
        except OSError:
            shutil.copy(node, path)
        with Process(path, "-e", NODE) as process:
            recognised(process, "node", owner=path, static=True, version=process.version,
                       outside_running=-1)


def deleted_executable():
    with tempfile.TemporaryDirectory() as folder:
        path = copied(folder, "python3.11")
        with Process(path, "-c", PYTHON) as process:
            path.unlink()
            hosts, current = process.inside()
            check([(host["tag"], host["running"], host["version"]) for host in hosts] ==
                  [("py", 1, process.version)], hosts)
            check(current and current["tag"] == "py" and current["in_executable"] == 1, current)
            report = process.outside()
            (runtime,) = report["runtimes"]
            check(report["executable_deleted"] and report["executable"] == str(path), report)
            check(runtime["deleted"] and runtime["version"] == process.version, runtime)
            check(runtime["running"] == 1 and runtime["owner"] == str(path), runtime)


def wrapper_script():
    """`exec` keeps the process; without it the shell is the parent, and no host."""
    with tempfile.TemporaryDirectory() as folder:
        wrapper = pathlib.Path(folder) / "python"
        wrapper.write_text(f"#!/bin/sh\nexec {program(DEBIAN_PYTHON)} \"$@\"\n")
        wrapper.chmod(0o755)
        with Process(wrapper, "-c", PYTHON) as process:
            recognised(process, "py", owner=DEBIAN_PYTHON, static=True, version=process.version)
        wrapper.write_text(f"#!/bin/sh\n{DEBIAN_PYTHON} \"$@\"\nexit $?\n")
        with Process(wrapper, "-c", PYTHON) as process:
            children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
            (child,) = map(int, children.read_text().split())
            nothing(process)
            recognised(process, "py", owner=DEBIAN_PYTHON, static=True, version=process.version,
                       pid=child)


# -------------------------------------------------------------------------------- wrong answers


def inherited_environment():
    """A Python in which the port attached starts programs: what they inherit makes no host."""
    script = (
        "import subprocess, sys, platform, metacall\n"
        "def start(*argv):\n"
        "    child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "    assert child.stdout.readline().startswith(b'ready ')\n"
        "    return child\n"
        "children = [start(sys.argv[1]), start('/usr/bin/perl', '-e',\n"
        "            '$| = 1; print qq(ready x\\n); <STDIN>')]\n"
        "print('ready', platform.python_version(), *[child.pid for child in children],\n"
        "      flush=True)\n"
        "sys.stdin.read()\n"
        "for child in children:\n"
        "    child.communicate()\n")
    port = STAGE / "lib/metacall/ports/python"
    if not port.exists():
        skip("the Python port is not built")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "parent.py"
        path.write_text(script)
        with Process(program(DEBIAN_PYTHON), path, HOLDER,
                     env={"PYTHONPATH": str(port), "METACALL_HOST": "py"}) as process:
            hosts, current = process.inside()
            check([(host["tag"], host["running"]) for host in hosts] == [("py", 1)], hosts)
            check(current["tag"] == "py" and current["evidence"].startswith("handshake"), current)
            plain, perl_child = map(int, process.words[1:])
            nothing(process, plain)
            recognised(process, "perl", owner=process.executable(perl_child), static=True,
                       version=subprocess.run(
                           ["/usr/bin/perl", "-e", "printf '%vd', $^V"], capture_output=True,
                           text=True, check=True).stdout, pid=perl_child)


def guest_is_no_host():
    """Two runtimes run in one process: the host is the one that was there first."""
    library = program("/usr/lib/*/libperl.so.5.*")
    script = ("import ctypes, platform, sys\n"
              f"perl = ctypes.CDLL({library!r})\n"
              "perl.perl_alloc.restype = ctypes.c_void_p\n"
              "assert perl.perl_alloc()\n"
              "print('ready', platform.python_version(), flush=True)\n"
              "sys.stdin.read()\n")
    python = program("~/.pyenv/versions/3.12.*/bin/python3.12", DEBIAN_PYTHON)
    with Process(python, "-c", script) as process:
        hosts, current = process.inside()
        check([(host["tag"], host["running"]) for host in hosts] == [("py", 1), ("perl", 1)],
              hosts)
        check(current["tag"] == "py", current)


# ----------------------------------------------------------------------------------------- tool


def command(*arguments, **more):
    return subprocess.run([COMMAND, "detect", *map(str, arguments)], capture_output=True,
                          text=True, timeout=60, **more)


MANIFESTS = {"METACALL_REGISTRY_PATH": str(STAGE / "lib/metacall/loaders.d"), "PATH": "/usr/bin"}


def tool():
    with Process(program(DEBIAN_PYTHON), "-c", PYTHON) as process:
        env = {"METACALL_REGISTRY_PATH": str(STAGE / "lib/metacall/loaders.d")}
        run = command("--pid", process.pid, env=env)
        check(run.returncode == 0 and run.stderr == "", run)
        for fact in ("py ", "Python", process.version, "running", DEBIAN_PYTHON, "Py_Version",
                     "in the executable", "build-id", f"{process.pid} of user", "pep768"):
            check(fact in run.stdout, fact, run.stdout)
        run = command(f"--pid={process.pid}", "--plain", env=env)
        (record,) = [line.split("\t") for line in run.stdout.splitlines()]
        check(record[:5] == ["py", "Python", process.version, "running", DEBIAN_PYTHON], record)
        check(command("--pid", process.pid, "-q", env=env).stdout == "py\n")
    for word in ("", "x", "-1", "0", "12x", "99999999999999"):
        run = command(f"--pid={word}")
        check(run.returncode == 2 and run.stderr and not run.stdout, word, run)


def detection_only():
    """Manifests without a loader: shown as such, no error of any command but a load."""
    env = {"METACALL_REGISTRY_PATH": str(STAGE / "lib/metacall/loaders.d"), "PATH": "/usr/bin"}

    def registry(*arguments):
        return subprocess.run([COMMAND, *arguments], env=env, capture_output=True, text=True,
                              timeout=60)
    listed = registry("list", "--json")
    check(listed.returncode == 0 and not listed.stderr, listed)
    rows = {row["tag"]: row for row in json.loads(listed.stdout)["loaders"]}
    tags = ["guile", "jvm", "lua", "perl", "php", "r", "ruby", "tcl"]
    for tag in tags:
        check((rows[tag]["state"], rows[tag]["status"], rows[tag]["strategy"]) ==
              ("active", "detection-only", None), rows[tag])
        check("no loader for it is installed" in rows[tag]["reason"], rows[tag])
    for arguments in (("check", *tags), ("validate", *(
            str(STAGE / f"lib/metacall/loaders.d/{tag}.loader.json") for tag in tags))):
        run = registry(*arguments, "--json")
        told = json.loads(run.stdout)
        check(run.returncode == 0 and told["verdict"] == "ok" and told["files"] == len(tags), run)
    run = registry("explain", "ruby")
    check(run.returncode == 0 and "for detection only" in run.stdout, run)
    run = registry("doctor", "--only=registry", "--json")
    check(not [finding for finding in json.loads(run.stdout)["findings"]
               if finding["tag"] in tags], run)
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "x.rb"
        script.write_text("puts 1\n")
        run = subprocess.run([STAGE / "bin/metacall", script], env=env, capture_output=True,
                             text=True, timeout=60)
        check(run.returncode == 1 and not run.stdout, run)
        check("ruby" in run.stderr and "for detection only" in run.stderr, run.stderr)


def vanished():
    child = subprocess.Popen(["/bin/true"])
    child.wait()
    run = command("--pid", child.pid)
    check(run.returncode == 2 and not run.stdout, run)
    check(f"there is no process {child.pid}" in run.stderr, run)


def needs_root():
    if os.geteuid() != 0:
        skip("only root changes the root of a process")


def container_root():
    """A folder as the root, with the same mounts: the files lie where only that root leads to."""
    needs_root()
    perl_program = program("/usr/bin/perl")
    linked = subprocess.run(["ldd", perl_program], capture_output=True, text=True,
                            check=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        for file in [perl_program, *re.findall(r"(/\S+) \(0x", linked)]:
            copy = pathlib.Path(folder + file)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
        (pathlib.Path(folder) / "dev").mkdir()
        (pathlib.Path(folder) / "dev/null").touch()  # perl opens it
        with Process("/usr/sbin/chroot", folder, perl_program, "-e",
                     "$| = 1; printf \"ready %vd\\n\", $^V; <STDIN>;") as process:
            report = process.outside()
            check(report["other_root"] and not report["other_mounts"], report)
            check(report["root"] == folder and report["unreadable_count"] == 0, report)
            (runtime,) = report["runtimes"]
            check(runtime["tag"] == "perl" and runtime["running"] == 1, runtime)
            check(runtime["version"] == process.version, runtime)
            check(runtime["owner"].startswith(folder + "/"), runtime)
            told = command("--pid", process.pid, env=MANIFESTS).stdout
            check(re.search(rf"^root +{folder}(,|$)", told, re.M), told)


def container_mounts():
    """A namespace of mounts of its own, and a folder of it as the root."""
    needs_root()
    with tempfile.TemporaryDirectory() as folder:
        if subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0:
            skip("no namespace of mounts may be made here")
        script = 'mount --rbind / "$1"; exec /usr/sbin/chroot "$1" "$2" -c "$3"'
        with Process(program("unshare"), "-m", "sh", "-c", script, "sh", folder,
                     program(DEBIAN_PYTHON), PYTHON) as process:
            report = process.outside()
            check(report["other_mounts"] and report["root"] == folder, report)
            check(report["unreadable_count"] == 0 and report["modules"] > 2, report)
            (runtime,) = report["runtimes"]
            check(runtime["tag"] == "py" and runtime["in_executable"], runtime)
            check((runtime["version"], runtime["running"]) == (process.version, 1), runtime)
            told = command("--pid", process.pid, env=MANIFESTS).stdout
            check(re.search(rf"^root +{folder}, with mounts of its own: a container$", told, re.M),
                  told)
            check(os.listdir(folder) == [], "the mounts are not its own")


def foreign():
    """A process of another user is refused, with the reason."""
    if os.geteuid() != 0:
        run = command("--pid", 1)
    else:
        for folder in (*STAGE.resolve().parents, STAGE.resolve()):
            if not folder.stat().st_mode & stat.S_IXOTH:
                skip(f"another user cannot enter {folder}")
        run = command("--pid", os.getpid(), user=65534, group=65534, extra_groups=[], cwd="/")
    check(run.returncode == 2 and not run.stdout, run)
    check("may not be looked at" in run.stderr, run)


def main():
    name, *arguments = sys.argv[1:]
    globals()[name](*arguments)
    print(f"{name} {' '.join(arguments)}: ok")


if __name__ == "__main__":
    main()
