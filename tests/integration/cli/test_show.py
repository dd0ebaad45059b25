# SPDX-License-Identifier: Apache-2.0
"""`show TAG`: values with their origin, one value alone, unknown tags."""

import json
import unittest

from fixture import MANIFEST, Installation


class Show(Installation):
    def setUp(self):
        super().setUp()
        self.install()

    def test_text(self):
        out = self.good("show", "rt").out
        self.assertTrue(out.startswith("rt\n"), out)
        self.assertRegex(out, r"(?m)^strategy +linked$")
        self.assertRegex(out, rf"(?m)^plugin +{self.plugins}/librt_loader\.so$")
        self.assertRegex(out, r"(?m)^FIELD +ORIGIN +VALUE$")
        self.assertRegex(out, r'(?m)^/version +line 5 +"1\.2\.3"$')

    def test_values_are_json_and_paths_are_resolved(self):
        fields = {r[0]: (json.loads(r[2]), r[1]) for r in self.good("show", "rt", "--plain").records}
        self.assertEqual(fields["/tag"][0], "rt")
        self.assertEqual(fields["/version"], (MANIFEST["version"], "line 5"))
        library, origin = fields["/variants/0/library"]
        self.assertEqual(library, f"{self.plugins}/librt_loader.so")
        self.assertIn("resolved", origin)
        self.assertTrue(any(origin == "default" for _, origin in fields.values()), fields)

    def test_field(self):
        self.assertEqual(self.good("show", "rt", "--field", "/version").out, "1.2.3\n")
        data = self.good("show", "rt", "--field=/version", "--json").json
        self.assertEqual((data["schema_version"], data["kind"], data["value"], data["origin"]),
                         (1, "field", "1.2.3", "file"))
        self.assertEqual((data["line"], data["tag"]), (5, "rt"))
        wrong = self.run_command("show", "rt", "--field", "/verzion")
        self.assertEqual((wrong.status, wrong.out), (2, ""))
        self.assertIn("did you mean '/version'?", wrong.err)

    def test_quiet_gives_the_path(self):
        self.assertEqual(self.good("show", "rt", "-q").out, f"{self.manifests}/rt.loader.json\n")

    def test_json(self):
        data = self.good("show", "rt", "--json").json
        self.assertEqual((data["schema_version"], data["kind"], data["tag"]), (1, "show", "rt"))
        fields = {field["pointer"]: field for field in data["fields"]}
        self.assertEqual(fields["/version"]["line"], 5)

    def test_unknown_tag(self):
        for form in ([], ["--json"], ["--plain"]):
            wrong = self.run_command("show", "rtt", *form)
            self.assertEqual((wrong.status, wrong.out), (2, ""), wrong.err)
            self.assertRegex(wrong.err, "rtt")
            self.assertRegex(wrong.err, r"did you mean ['\"`]?rt\b")


if __name__ == "__main__":
    unittest.main()
