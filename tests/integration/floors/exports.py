# SPDX-License-Identifier: Apache-2.0
"""The library exports what its public headers declare METACALL_API, all of it and nothing else; a
plugin exports its hooks alone."""
import pathlib
import re
import subprocess
import sys

DECLARED = re.compile(
    r'__attribute__\(\(visibility\("default"\)\)\)\s*[^;{]*?\b(\w+)\s*(?:\(|\[|;)', re.DOTALL)


def exported(library):
    listing = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", library],
                             check=True, capture_output=True, text=True).stdout
    return {line.split()[0].split("@")[0] for line in listing.splitlines()}


def declared(compiler, root):
    """The names that the headers declare, after the preprocessor, by the attribute they carry."""
    folders = [folder for folder in root.glob("**/include") if (folder / "metacall").is_dir()
               and folder.relative_to(root).parts[0] in ("core", "host_variants", "registry",
                                                         "ports")]
    lines = [f"#include <{header.relative_to(folder)}>\n"
             for folder in folders for header in sorted((folder / "metacall").glob("*.h"))]
    done = subprocess.run(
        [compiler, "-E", "-P", *[f"-I{folder}" for folder in folders], "-x", "c", "-"],
        input="".join(lines), check=True, capture_output=True, text=True)
    text = re.sub(r"__attribute__\s*\(\(format.*?\)\)\)", "", done.stdout)
    return set(DECLARED.findall(text))


def main():
    compiler, root, library, plugins = sys.argv[1:5]
    promised, given = declared(compiler, pathlib.Path(root)), exported(library)
    wrong = [f"{library}: {name} is exported but no public header declares it"
             for name in sorted(given - promised)]
    wrong += [f"{library}: {name} is declared METACALL_API but not exported"
              for name in sorted(promised - given)]
    files = sorted(pathlib.Path(plugins).glob("lib*_loader*.so"))
    for plugin in files:
        tag = re.match(r"lib(.+)_loader", plugin.name).group(1)
        wrong += [f"{plugin}: exports {name}, not a hook of its own"
                  for name in sorted(exported(plugin)) if not name.startswith(f"{tag}_loader_")]
    print("\n".join(wrong))
    print(f"{len(promised)} functions declared, {len(given)} exported, {len(files)} plugins read,"
          f" {len(wrong)} wrong")
    return 1 if wrong or not promised or not given else 0


sys.exit(main())
