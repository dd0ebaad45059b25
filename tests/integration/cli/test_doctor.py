# SPDX-License-Identifier: Apache-2.0
"""`doctor`: the verdict, the remedies, choosing findings, and a report with nothing private in it."""

import re
import unittest

from fixture import FIXTURES, RUNTIME, Installation


class Doctor(Installation):
    def test_verdict_is_last(self):
        self.install()
        result = self.run_command("doctor")
        self.assertEqual(result.status, 0, result.out)
        self.assertRegex(result.out.splitlines()[-1], r"^1 manifest examined: ")

    def test_no_manifest_at_all(self):
        result = self.run_command("doctor")
        self.assertEqual(result.status, 1)
        self.assertIn(str(self.manifests), result.out)
        self.assertRegex(result.out.splitlines()[-1], r"^0 manifests examined: 1 error")
        self.assertEqual(self.run_command("doctor", "-q").out, "")
        self.assertEqual(self.run_command("doctor", "-q").status, 1)

    def test_missing_runtime_says_why_and_what_to_do(self):
        self.install(runtime=False)
        result = self.run_command("doctor")
        self.assertRegex(result.out, r"(?m)^    why +\S")
        self.assertRegex(result.out, r"(?m)^    fix +\S")
        self.assertRegex(result.out, r"(?m)\[[a-z]+[.][a-z.-]+\]$")

    def test_two_copies_of_one_runtime(self):
        self.install()
        copy = self.top / "copy.so"
        copy.write_bytes((self.runtimes / RUNTIME).read_bytes()
                         .replace(b"libclirt.so.3\0", b"libclirt.so.9\0"))
        result = self.run_command("doctor",
                                  env={"LD_PRELOAD": f"{self.runtimes / RUNTIME}:{copy}"})
        self.assertEqual(result.status, 1)
        self.assertIn(str(copy), result.out)

    def test_host_that_exports_what_a_guest_would_bind_to(self):
        host = self.variation("ho")
        host["host"]["executables"] = ["clihost"]
        self.write("ho", host)
        manifest = self.variation()
        manifest["conflicts"] = [{
            "id": "clissl", "host": "ho", "exports": ["clissl_new"], "affects": ["_clissl"],
            "action": "isolate", "advice": "Its modules are opened apart."}]
        self.install(manifest=manifest)
        for folder, found in ((FIXTURES, True), (self.top, False)):
            result = self.run_command("doctor", "--plain", "--only=host",
                                      env={"PATH": f"{folder}:/usr/bin:/bin"})
            records = [r for r in result.records if r[1] == "host.conflict"]
            self.assertEqual(len(records), found, result.out)
            if found:
                self.assertEqual((records[0][2], records[0][6], records[0][7]),
                                 (f"{FIXTURES}/clihost", "rt", "clissl_new"))
                self.assertIn(" 2 names ", records[0][10])
                self.assertIn("Its modules are opened apart.", records[0][10])

    def test_only_and_skip(self):
        self.install(plugin=False)
        everything = self.run_command("doctor", "--plain")
        self.assertEqual(everything.status, 1)
        wrong = {r[1] for r in everything.records if r[0] == "error"}
        self.assertTrue(wrong)
        some = sorted(wrong)[0]
        only = self.run_command("doctor", "--plain", "--only", some)
        self.assertEqual({r[1] for r in only.records}, {some})
        skipped = self.run_command("doctor", "--plain", "--skip", ",".join(wrong))
        self.assertEqual(skipped.status, 0, skipped.out)
        self.assertFalse(wrong & {r[1] for r in skipped.records})
        first = some.split(".")[0]
        for begin in (first, first + "."):
            records = self.run_command("doctor", "--plain", f"--only={begin}").records
            self.assertIn(some, [r[1] for r in records])
            self.assertTrue(all(r[1].startswith(first + ".") for r in records))
        self.assertEqual(self.run_command("doctor", "--only", first[:-1]).status, 2)

    def test_unknown_finding(self):
        self.install()
        ids = [r[0] for r in self.good("doctor", "--list", "--plain").records]
        wrong = self.run_command("doctor", "--only", ids[0] + "x")
        self.assertEqual((wrong.status, wrong.out), (2, ""))
        self.assertIn(f"did you mean '{ids[0]}'?", wrong.err)

    def test_list_of_findings(self):
        records = self.good("doctor", "--list", "--plain").records
        ids = [r[0] for r in records]
        self.assertEqual(ids, sorted(ids))
        self.assertEqual(len(ids), len(set(ids)))
        self.assertFalse([r for r in records if len(r) != 4 or r[2] == "-"])
        self.assertFalse([r for r in records if r[3] == "-" and r[1] != "note"])
        data = self.good("doctor", "--list", "--json").json
        self.assertEqual([item["id"] for item in data["items"]], ids)

    def test_json(self):
        self.install(runtime=False)
        data = self.run_command("doctor", "--json").json
        self.assertEqual((data["schema_version"], data["kind"]), (1, "doctor"))
        self.assertTrue(data["findings"])

    def test_report(self):
        self.install()
        above = self.home / "deep/loaders.d"
        self.write("zz", self.variation("zz"), above)
        env = {"METACALL_REGISTRY_ADD_PATH": above, "USER": "marvin",
               "CLIRT_LIBRARY": "https://marvin:hunter2@example.org/x.so"}
        out = self.run_command("doctor", "--report", env=env).out
        for part in ("metacall-registry ", "system: ", "libc: ", "search path:", "environment:",
                     "loaders:", "findings:"):
            self.assertRegex(out, rf"(?m)^{part}")
        self.assertRegex(out.splitlines()[-1], r"^\d+ manifests? examined: ")
        self.assertIn("~/deep/loaders.d", out)
        for private in (str(self.home), "hunter2", "marvin"):
            self.assertNotIn(private, out)
        self.assertNotIn("\033", self.run_command("doctor", "--report", "--color=always").out)
        data = self.run_command("doctor", "--report", "--json", env=env)
        self.assertNotIn(str(self.home), data.out)
        self.assertEqual(data.json["kind"], "doctor")

    def test_report_masks_other_homes_and_tokens(self):
        env = {"METACALL_REGISTRY_PATH": "/home/alice/x:/srv/ghp_0123456789abcdefghij/y:/homely/z"}
        out = self.run_command("doctor", "--report", env=env).out
        self.assertIn("/home/***/x", out)
        self.assertIn("/srv/***/y", out)
        self.assertIn("/homely/z", out)
        self.assertIsNone(re.search("alice|ghp_", out))


if __name__ == "__main__":
    unittest.main()
