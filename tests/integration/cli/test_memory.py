# SPDX-License-Identifier: Apache-2.0
"""Every command under valgrind: no error, nothing lost."""

import shutil
import sys
import unittest

from fixture import Installation

RUNS = (
    ["list"], ["list", "--all"], ["list", "--json"], ["list", "--plain", "--color=always"],
    ["show", "rt"], ["show", "rt", "--field", "/version"], ["show", "tr"],
    ["explain", "rt"], ["explain", "tr"], ["check"], ["check", "rt", "--json"], ["detect"],
    ["paths"], ["env"], ["doctor"], ["doctor", "--report"], ["doctor", "--only", "elf.,manifest."],
    ["completion", "zsh"], ["help", "doctor"], ["--version"], ["list", "--jsn"],
)


class Memory(Installation):
    def test_commands(self):
        self.install()
        self.write("bad", '{"tag": ')
        for arguments in RUNS:
            with self.subTest(arguments=arguments):
                result = self.run_command(
                    *arguments, env={"COLUMNS": "80"},
                    wrapper=["valgrind", "-q", "--error-exitcode=99", "--leak-check=full",
                             "--show-leak-kinds=definite,indirect,possible",
                             "--errors-for-leak-kinds=definite,indirect,possible"])
                self.assertIn(result.status, (0, 1, 2), result.err)
                self.assertNotIn("==", result.err)


if __name__ == "__main__":
    if shutil.which("valgrind") is None:
        print("SKIP: valgrind is not installed")
        sys.exit(77)
    unittest.main()
