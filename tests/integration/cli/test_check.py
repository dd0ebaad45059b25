# SPDX-License-Identifier: Apache-2.0
"""`check`: plugins against manifests, deployments against the machine, and the exit status."""

import json
import unittest

from fixture import Installation


class Check(Installation):
    def errors(self, result):
        return [r for r in result.records if r[0] == "error"]

    def test_good_installation(self):
        self.install()
        result = self.good("check")
        self.assertRegex(result.out.splitlines()[-1], r"^1 file checked: ")
        self.assertNotIn("error:", result.out)
        self.assertEqual(self.good("check", "rt", "-q").out, "")

    def test_every_way_to_name_it(self):
        self.install()
        path = self.manifests / "rt.loader.json"
        for target in ("rt", path, self.manifests, self.prefix):
            result = self.run_command("check", target)
            self.assertEqual(result.status, 0, (target, result.out, result.err))

    def test_plugin_missing(self):
        self.install(plugin=False)
        result = self.run_command("check", "rt", "--plain")
        self.assertEqual(result.status, 1)
        self.assertTrue(all(len(r) == 12 for r in result.records), result.records)
        self.assertIn("librt_loader.so", "".join(map("\t".join, self.errors(result))))

    def test_plugin_lacks_a_hook(self):
        manifest = self.variation()
        manifest["lifecycle"]["load_from_file"] = "rt_loader_absent"
        self.install(manifest=manifest)
        result = self.run_command("check", "rt")
        self.assertEqual(result.status, 1)
        self.assertIn("rt_loader_absent", result.out)
        self.assertRegex(result.out.splitlines()[-1], r"^1 file checked: [1-9]\d* error")

    def test_plugin_is_no_elf(self):
        self.install(plugin=False)
        (self.plugins / "librt_loader.so").write_bytes(b"#!/bin/sh\n" * 100)
        result = self.run_command("check")
        self.assertEqual(result.status, 1)
        self.assertIn("librt_loader.so: error: ", result.out)

    def test_plugin_of_another_loader(self):
        self.install(manifest=None)
        manifest = self.variation("other")
        self.write("other", manifest)
        result = self.run_command("check", "other", "--json")
        self.assertEqual(result.status, 1)
        self.assertTrue([f for f in result.json["findings"] if f["severity"] == "error"])

    def test_each_finding_has_an_id_and_a_message(self):
        self.install(plugin=False, runtime=False)
        data = self.run_command("check", "rt", "--json").json
        self.assertEqual((data["schema_version"], data["kind"]), (1, "check"))
        self.assertTrue(data["findings"])
        self.assertEqual(data["errors"],
                         sum(f["severity"] == "error" for f in data["findings"]))
        for finding in data["findings"]:
            self.assertRegex(finding["id"], r"^[a-z0-9]+([.-][a-z0-9]+)+$")
            self.assertTrue(finding["message"])

    def test_strict(self):
        manifest = self.variation()
        manifest["hompage"] = "https://example.org"
        self.install(manifest=manifest)
        relaxed = self.run_command("check", "rt")
        self.assertEqual(relaxed.status, 0, relaxed.out)
        self.assertRegex(relaxed.out, r"rt\.loader\.json:\d+:\d+: warning: .*hompage")
        self.assertRegex(relaxed.out, r"homepage")
        self.assertEqual(self.run_command("check", "rt", "--strict").status, 1)

    def test_several_targets(self):
        self.install()
        bad = self.write("bad", "{", self.top / "elsewhere")
        result = self.run_command("check", "rt", bad)
        self.assertEqual(result.status, 1)
        self.assertIn(f"{bad}:1:", result.out)
        self.assertIn("2 files checked: ", result.out)

    def test_unknown_tag(self):
        self.install()
        wrong = self.run_command("check", "rtt")
        self.assertEqual((wrong.status, wrong.out), (2, ""))
        self.assertRegex(wrong.err, r"did you mean ['\"`]?rt\b")

    def deployment(self, **members):
        path = self.top / "metacall.json"
        path.write_text(json.dumps({"language_id": "rt", "path": ".", "scripts": ["a.small"],
                                    **members}))
        return path

    def test_deployment(self):
        self.install()
        (self.top / "a.small").write_text("")
        result = self.run_command("check", self.deployment())
        self.assertEqual(result.status, 0, result.out + result.err)

    def test_deployment_with_a_missing_script(self):
        self.install()
        result = self.run_command("check", self.deployment())
        self.assertEqual(result.status, 1)
        self.assertIn("a.small", result.out)

    def test_deployment_with_a_missing_runtime(self):
        self.install(runtime=False)
        (self.top / "a.small").write_text("")
        result = self.run_command("check", self.deployment())
        self.assertEqual(result.status, 1)
        self.assertIn("error: ", result.out)

    def test_deployment_for_a_language_that_nobody_has(self):
        self.install()
        (self.top / "a.small").write_text("")
        result = self.run_command("check", self.deployment(language_id="cobol"))
        self.assertEqual(result.status, 1)
        self.assertIn("cobol", result.out)


if __name__ == "__main__":
    unittest.main()
