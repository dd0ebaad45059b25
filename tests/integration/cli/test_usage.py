# SPDX-License-Identifier: Apache-2.0
"""The command line itself: options, mistakes, help and versions."""

import unittest

from fixture import Installation

COMMANDS = ["list", "show", "explain", "check", "validate", "detect", "paths", "env", "doctor",
            "completion", "help"]


class Usage(Installation):
    def wrong(self, *arguments):
        result = self.run_command(*arguments)
        self.assertEqual((result.status, result.out), (2, ""), result.err)
        self.assertTrue(result.err.startswith("metacall-registry: error: "), result.err)
        return result.err

    def test_nothing_at_all(self):
        result = self.run_command(prefix=False)
        self.assertEqual((result.status, result.out), (2, ""))
        self.assertIn("Examples", result.err)

    def test_unknown_command(self):
        self.assertIn("did you mean 'check'?", self.wrong("chekc"))
        self.assertIn("did you mean 'validate'?", self.wrong("valid"))
        self.assertNotIn("did you mean", self.wrong("frobnicate"))
        self.assertIn("did you mean 'list'?", self.wrong("help", "lst"))

    def test_options(self):
        self.assertIn("did you mean '--json'?", self.wrong("list", "--jsn"))
        self.assertIn("unknown option '-z'", self.wrong("list", "-z"))
        self.assertIn("takes no value", self.wrong("list", "--json=yes"))
        self.assertIn("needs a value", self.wrong("list", "--root="))
        self.assertIn("auto always never", self.wrong("list", "--color=blue"))
        self.assertIn("takes no option --strict", self.wrong("list", "--strict"))
        self.assertIn("exclude each other", self.wrong("list", "--json", "--plain"))
        self.assertIn("no-such", self.wrong("list", "--root", "/no-such"))
        self.assertIn("needs a value", self.run_command("show", "x", "--field", prefix=False).err)

    def test_abbreviations_are_refused(self):
        for option in ("--js", "--pla", "--qui", "--ver"):
            self.assertIn(f"unknown option '{option}'", self.wrong("list", option))

    def test_operands(self):
        self.assertIn("an operand is missing", self.wrong("show"))
        self.assertIn("too many operands", self.wrong("show", "a", "b"))
        self.assertIn("too many operands", self.wrong("list", "rt"))
        self.assertIn("bash, zsh, fish", self.wrong("completion", "tcsh"))

    def test_options_stand_anywhere_and_dashes_end_them(self):
        self.install()
        plain = self.good("list", "--plain").out
        self.assertEqual(self.good("--plain", "list").out, plain)
        self.assertIn("--json", self.run_command("show", f"--prefix={self.prefix}", "--", "--json",
                                                 prefix=False).err)
        odd = self.write("-q", "{", self.top)
        result = self.run_command("validate", "--", odd.name, prefix=False)
        self.assertIn("-q.loader.json", result.out)
        self.assertEqual(self.run_command("validate", odd.name, prefix=False).status, 2)

    def test_help(self):
        for command in COMMANDS:
            by_option = self.run_command(command, "--help", prefix=False)
            by_command = self.run_command("help", command, prefix=False)
            self.assertEqual((by_option.status, by_option.err), (0, ""))
            self.assertEqual(by_option.out, by_command.out)
            self.assertLess(by_option.out.index("Examples"), by_option.out.index("Usage"))
            self.assertIn(f"metacall-registry {command}", by_option.out)
        program = self.run_command("--help", prefix=False)
        self.assertEqual(program.status, 0)
        for command in COMMANDS:
            self.assertRegex(program.out, rf"(?m)^  {command} ")
        data = self.run_command("help", "--json", prefix=False).json
        self.assertEqual([c["name"] for c in data["commands"]], COMMANDS)
        self.assertEqual(data["schema_version"], 1)

    def test_help_lines_fit_a_terminal(self):
        for command in COMMANDS:
            out = self.run_command("help", command, prefix=False).out
            self.assertLessEqual(max(map(len, out.splitlines())), 120, command)

    def test_version(self):
        out = self.run_command("--version", prefix=False).out
        self.assertRegex(out, r"^metacall-registry \d+\.\d+\.\d+ \(libmetacall \d+\.\d+\.\d+, "
                              r"manifest \d+\.\d+, loader interface \d+\.\d+\)\n$")
        data = self.run_command("--version", "--json", prefix=False).json
        self.assertEqual((data["schema_version"], data["kind"]), (1, "version"))
        self.assertIn(f"metacall-registry {data['version']} ", out)
        self.assertIn(f"libmetacall {data['library_version']},", out)
        self.assertEqual(data["manifest_version"], {"major": 1, "minor": 0})


if __name__ == "__main__":
    unittest.main()
