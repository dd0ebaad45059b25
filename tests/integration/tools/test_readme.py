# SPDX-License-Identifier: Apache-2.0
"""The README's examples, run as printed: each ```python and ```js block is saved under the name in
its first line, then each ```console block is typed into one shell and must give what stands there.
Every link of the README must lead to a file."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def sections():
    return re.split(r"^## ", README, flags=re.MULTILINE)


def transcript(block):
    """[(command, what it prints)] of a console block."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [part.partition("\n")[::2] for part in parts]


class Readme(unittest.TestCase):
    def test_the_examples_print_what_stands_there(self):
        ran = 0
        for section in sections():
            blocks = BLOCK.findall(section)
            if not any(kind == "console" for kind, _ in blocks):
                continue
            with tempfile.TemporaryDirectory() as folder, self.subTest(section.split("\n")[0]):
                os.symlink(ROOT / "tools", pathlib.Path(folder, "tools"))
                for kind, text in blocks:
                    if kind in ("python", "js"):
                        name = re.match(r"(?:#|//) (\S+)\n", text).group(1)
                        pathlib.Path(folder, name).write_text(text, encoding="utf-8")
                    elif kind == "console":
                        ran += self.play(folder, transcript(text))
        self.assertGreaterEqual(ran, 4)

    def play(self, folder, steps):
        script = "set -e\n" + "echo ----\n".join(command + "\n" for command, _ in steps)
        done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 0)
        expected = [printed.strip("\n") for _, printed in steps]
        self.assertEqual([part.strip("\n") for part in done.stdout.split("----\n")], expected)
        return len(steps)

    def test_links_lead_somewhere(self):
        links = re.findall(r"\]\(([^)#:]+)\)", README)
        self.assertGreater(len(links), 2)
        for link in links:
            self.assertTrue((ROOT / link).exists(), link)

    def test_examples_are_short(self):
        for kind, text in BLOCK.findall(README):
            self.assertLessEqual(text.count("\n"), 20, kind)


unittest.main()
