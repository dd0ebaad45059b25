# SPDX-License-Identifier: Apache-2.0
"""The library exports what its public headers declare METACALL_API, all of it and nothing else; a
plugin exports its hooks alone."""
import pathlib
import re
import subprocess
import sys

# A declaration after the preprocessor; a name given to the assembler counts before the C name.
ATTRIBUTE = '__attribute__((visibility("default")))'
SYMBOL = re.compile(r'__asm__\s*\("(\w+)"\)')
NAME = re.compile(r"\b(\w+)\s*(?:\(|\[|$)", re.DOTALL)


def symbol(declaration):
    given = SYMBOL.search(declaration)
    return (given or NAME.search(declaration.split(ATTRIBUTE, 1)[1])).group(1)


def exported(library):
    listing = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", library],
                             check=True, capture_output=True, text=True).stdout
    return {line.split()[0].split("@")[0] for line in listing.splitlines()}


def declared(compiler, root):
    """The names that the headers declare, after the preprocessor, by the attribute they carry."""
    folders = [folder for folder in root.glob("**/include") if (folder / "metacall").is_dir()
               and folder.relative_to(root).parts[0] in ("core", "host_variants", "registry",
                                                         "ports")]
    flags = [f"-I{folder}" for folder in folders]
    headers = [header for folder in folders for header in sorted((folder / "metacall").glob("*.h"))]
    return set().union(*(declared_by(compiler, flags, header) for header in headers))


def declared_by(compiler, flags, header):
    """Each header for itself: it must include what it needs."""
    text = subprocess.run([compiler, "-E", "-P", *flags, header], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    return {symbol(declaration) for declaration in text.split(";") if ATTRIBUTE in declaration}


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
