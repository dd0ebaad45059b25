# SPDX-License-Identifier: Apache-2.0
"""Completion: the bash script is loaded and asked; the others are read by their shells where these
are installed, and hold every command."""

import os
import pathlib
import shutil
import subprocess
import unittest

from fixture import COMMAND, Installation

ASK = """
source <("$0" completion bash) || exit 9
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
_metacall_registry metacall-registry
printf '%s\\n' "${COMPREPLY[@]}"
"""


class Completion(Installation):
    def setUp(self):
        super().setUp()
        self.install()

    def complete(self, *words):
        path = f"{pathlib.Path(COMMAND).parent}:/usr/bin:/bin"
        env = self.environment(PATH=path, METACALL_REGISTRY_PATH=self.manifests)
        process = subprocess.run(
            ["bash", "--norc", "-c", ASK, COMMAND, "metacall-registry", *words],
            env=env, cwd=self.top, capture_output=True, text=True, timeout=60)
        self.assertEqual((process.returncode, process.stderr), (0, ""))
        return process.stdout.split()

    def test_commands_and_options(self):
        self.assertEqual(self.complete("ch"), ["check"])
        self.assertIn("doctor", self.complete(""))
        self.assertIn("--json", self.complete("--"))
        self.assertEqual(self.complete("doctor", "--rep"), ["--report"])
        self.assertEqual(self.complete("list", "--rep"), [])
        self.assertEqual(self.complete("list", "--color", "=", "al"), ["always"])

    def test_operands(self):
        self.assertEqual(self.complete("show", ""), ["rt"])
        self.assertEqual(self.complete("completion", "f"), ["fish"])
        self.assertEqual(self.complete("help", "pat"), ["paths"])
        (self.top / "my.loader.json").write_text("{}")
        self.assertEqual(self.complete("validate", "my"), ["my.loader.json"])
        self.assertEqual(sorted(self.complete("check", "")),
                         sorted(["rt", "my.loader.json", "prefix", "home"]))
        self.assertEqual(self.complete("list", "--root", "pre"), ["prefix"])

    def test_other_shells(self):
        commands = self.run_command("help", "--json", prefix=False).json["commands"]
        for shell, check in (("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"]),
                             ("bash", ["bash", "-n"])):
            script = self.run_command("completion", shell, prefix=False)
            self.assertEqual((script.status, script.err), (0, ""))
            for command in commands:
                self.assertRegex(script.out, rf"\b{command['name']}\b")
            for option in ("report", "strict", "prefix", "only"):
                self.assertIn(option, script.out)
            if shutil.which(shell) is not None:
                path = self.top / f"script.{shell}"
                path.write_text(script.out)
                process = subprocess.run([*check, str(path)], capture_output=True, timeout=60,
                                         env={**os.environ, "HOME": str(self.home)})
                self.assertEqual((process.returncode, process.stderr), (0, b""), shell)


if __name__ == "__main__":
    unittest.main()
