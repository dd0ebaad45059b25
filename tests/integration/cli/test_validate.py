# SPDX-License-Identifier: Apache-2.0
"""`validate`: places, several files, standard input, and files that are none."""

import json
import os
import unittest

from fixture import MANIFEST, Installation


class Validate(Installation):
    def validate(self, *arguments, **more):
        return self.run_command("validate", *arguments, prefix=False, **more)

    def test_valid(self):
        path = self.write("rt", MANIFEST)
        result = self.validate(path)
        self.assertEqual((result.status, result.out, result.err),
                         (0, "1 manifest read: no problem found\n", ""))
        self.assertEqual(self.validate(path, "-q").out, "")

    def test_errors_are_placed(self):
        text = json.dumps(self.variation(version=7), indent=2)
        path = self.write("rt", text)
        line = text[: text.index('"version": 7')].count("\n") + 1
        result = self.validate(path)
        self.assertEqual(result.status, 1)
        self.assertRegex(result.out, rf"(?m)^{path}:{line}:\d+: error: .+ \[manifest\.[a-z.-]+\]$")
        self.assertRegex(result.out, r"(?m)^    pointer +/version$")
        self.assertEqual(result.out.splitlines()[-1], "1 manifest read: 1 error, 0 warnings")

    def test_did_you_mean(self):
        path = self.write("rt", self.variation(lifecicle={}))
        result = self.validate(path)
        self.assertIn("lifecycle", result.out)

    def test_standard_input(self):
        result = self.validate("-", input=json.dumps(MANIFEST).encode())
        self.assertEqual(result.status, 0, result.out)
        result = self.validate("-", input=b'{"manifest_version": 1')
        self.assertEqual(result.status, 1)
        self.assertRegex(result.out, r"(?m)^<stdin>:1:\d+: error: ")
        self.assertEqual(self.validate("-", input=b"").status, 1)

    def test_several_files(self):
        good = self.write("rt", MANIFEST)
        bad = self.write("bad", "[]")
        result = self.validate(good, bad)
        self.assertEqual(result.status, 1)
        self.assertIn("2 manifests read: ", result.out)
        data = self.validate(good, bad, "--json").json
        self.assertEqual((data["kind"], data["files"]), ("validate", 2))
        self.assertTrue(all(f["path"] == str(bad) for f in data["findings"]))

    def test_what_is_no_regular_file(self):
        pipe = self.top / "pipe.loader.json"
        os.mkfifo(pipe)
        for path in (pipe, self.top, self.top / "absent.loader.json", "/dev/zero"):
            result = self.validate(path)
            self.assertEqual(result.status, 1, (path, result.err))
            self.assertIn(f"{path}: error: ", result.out)

    def test_random_and_deep(self):
        for name, content in (("deep", b"[" * 200000), ("bytes", bytes(range(256)) * 16),
                              ("bom", b"\xef\xbb\xbf" + json.dumps(MANIFEST).encode())):
            path = self.top / f"{name}.loader.json"
            path.write_bytes(content)
            result = self.validate(path)
            self.assertEqual(result.status, 1, name)
            self.assertIn(f"{path}:1:", result.out)

    def test_base_name_that_is_no_tag(self):
        for name in ("-q", "Rt", "rt.x"):
            path = self.top / f"{name}.loader.json"
            path.write_text(json.dumps(MANIFEST))
            result = self.validate(path)
            self.assertEqual(result.status, 1, name)
            self.assertIn("manifest.tag.filename", result.out)

    def test_warning_and_strict(self):
        path = self.write("rt", self.variation(hompage="https://example.org"))
        self.assertEqual(self.validate(path).status, 0)
        self.assertEqual(self.validate(path, "--strict").status, 1)

    def test_it_needs_a_file(self):
        result = self.validate()
        self.assertEqual((result.status, result.out), (2, ""))
        self.assertIn("validate FILE", result.err)


if __name__ == "__main__":
    unittest.main()
