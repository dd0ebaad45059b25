# SPDX-License-Identifier: Apache-2.0
"""The manual page: staged, rendered without a warning, and complete."""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

from fixture import Installation

PAGE = pathlib.Path(os.environ["METACALL_STAGE_DIR"]) / "share/man/man1/metacall-registry.1"


class Manual(Installation):
    def test_it_renders(self):
        if shutil.which("groff") is None:
            self.skipTest("groff is not installed")
        process = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-rLL=78n", str(PAGE)],
                                 capture_output=True, timeout=60)
        self.assertEqual((process.returncode, process.stderr), (0, b""))
        if shutil.which("man") is not None:
            process = subprocess.run(["man", "--warnings", "-l", str(PAGE)], capture_output=True,
                                     timeout=60, env={**os.environ, "MANPAGER": "cat"})
            self.assertEqual((process.returncode, process.stderr), (0, b""))
            self.assertIn(b"EXIT STATUS", process.stdout)

    def test_it_names_every_command_and_option(self):
        text = PAGE.read_text().replace("\\-", "-")
        for command in self.run_command("help", "--json", prefix=False).json["commands"]:
            self.assertRegex(text, rf"(?m)^\.\w+ {command['name']}\b", command["name"])
            for option in command["options"]:
                self.assertIn(f"--{option['name']}", text)

    def test_it_counts_the_fields_of_records(self):
        """What the page says of --plain is what comes out."""
        self.install()
        text = PAGE.read_text().replace("\\-", "-")
        records = text[text.index(".SS Records"):text.index(".SS Status")]
        for line in ("list", "list --all", "show rt", "explain rt", "paths", "env",
                     "doctor --list"):
            words = line.replace(" rt", "")
            fields = re.search(rf"(?m)^\.B {words}\n(.*)$", records).group(1)
            fields = re.sub(r"\([^)]*\)", "", fields).split(",")
            got = self.good(*line.split(), "--plain").records
            self.assertTrue(got, line)
            for record in got:
                self.assertEqual(len(record), len(fields), (line, record))


if __name__ == "__main__":
    unittest.main()
