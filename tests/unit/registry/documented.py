#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""documented.py SOURCE_DIR: every finding id that the code makes stands in the table of kinds, and
the table of manifests/README.md is the table of the code; every key of the schema is on the page."""
import json
import pathlib
import re
import sys


def main():
    root = pathlib.Path(sys.argv[1])
    page = (root / "manifests/README.md").read_text(encoding="utf-8")
    kinds = dict(re.findall(r'\{\s*"([a-z_.-]+)",\s*(NOTE|WARNING|ERROR),',
                            (root / "registry/finding_kinds.c").read_text(encoding="utf-8")))
    rows = dict(re.findall(r"^\| `([a-z_.-]+)` \| (note|warning|error) \|", page, re.MULTILINE))
    faults = [f"{name}: {severity} in the code, {rows.get(name)} on the page"
              for name, severity in kinds.items() if rows.get(name) != severity.lower()]
    faults += [f"{name}: on the page, not in the code" for name in rows if name not in kinds]
    families = {name.split(".")[0] for name in kinds}
    for source in [*root.glob("registry/*.c"), *root.glob("host_variants/*.c")]:
        for name in re.findall(r'"((?:%s)\.[a-z_.-]+)"' % "|".join(families),
                               source.read_text(encoding="utf-8")):
            if name not in kinds and not name.endswith((".json", ".d", ".so", ".c")):
                faults.append(f"{source.name}: the id {name} is in no table")

    def keys(node):
        if isinstance(node, dict):
            for key, value in node.get("properties", {}).items():
                if isinstance(node.get("properties"), dict):
                    yield key
                yield from keys(value)
            for key, value in node.items():
                if key != "properties":
                    yield from keys(value)
        elif isinstance(node, list):
            for item in node:
                yield from keys(item)

    schema = json.loads((root / "manifests/schema/loader-1.schema.json").read_text())
    for key in sorted(set(keys(schema)) - {"$schema"}):
        if not re.search(r"[`.\"\[]%s[`\"\]:.\[]" % re.escape(key), page):
            faults.append(f"the key {key} is not on the page")
    print("\n".join(faults) or f"{len(kinds)} findings, all documented")
    sys.exit(bool(faults) or not kinds)


if __name__ == "__main__":
    main()
