# SPDX-License-Identifier: Apache-2.0
"""`explain TAG`: the steps in order, what was taken and what was rejected, and why."""

import unittest

from fixture import RUNTIME, Installation


class Explain(Installation):
    def test_steps(self):
        self.install()
        out = self.good("explain", "rt").out
        stages = [line for line in out.splitlines() if line in
                  ("search", "manifest", "host", "variant", "runtime", "check")]
        self.assertIn("manifest", stages)
        self.assertIn("variant", stages)
        self.assertIn("runtime", stages)
        self.assertRegex(out, rf"(?m)^  \+ {self.runtimes}/{RUNTIME}: .+")
        self.assertRegex(out.splitlines()[-1], r"^rt: linked")

    def test_records(self):
        self.install()
        steps = self.good("explain", "rt", "--plain").records
        self.assertTrue(all(len(step) == 4 for step in steps), steps)
        self.assertTrue(all(step[1] in ("fact", "taken", "rejected") for step in steps), steps)
        self.assertIn(["variant", "taken", "linked"], [step[:3] for step in steps])

    def test_rejected_candidates_have_reasons(self):
        self.install(runtime=False)
        (self.runtimes / "libclirt.so.3").write_text("no ELF file")
        steps = self.good("explain", "rt", "--plain").records
        rejected = [s for s in steps if s[0] == "runtime" and s[1] == "rejected"
                    and s[2].endswith("libclirt.so.3")]
        self.assertTrue(rejected, steps)
        self.assertTrue(all(step[3] not in ("", "-") for step in rejected))
        self.assertIn("rt: no-runtime", self.good("explain", "rt").out)

    def test_version_out_of_range(self):
        manifest = self.variation()
        manifest["runtime"]["versions"] = ">=4"
        self.install(manifest=manifest)
        steps = self.good("explain", "rt", "--plain").records
        self.assertTrue([s for s in steps if s[0] == "runtime" and s[1] == "rejected"
                         and "3.4.0" in s[3]], steps)

    ODD = {"id": "odd", "host": "rt", "exports": ["clirt_run", "clirt_version_hex"],
           "action": "refuse", "advice": "It is an odd build."}
    NOT_ODD = ({"action": "report"}, {"exports": ["clirt_run", "clirt_odd"]}, {"host": "other"})

    def outcome(self, **environment):
        return self.good("explain", "rt", "--json", env=environment).json["outcome"]

    def test_library_of_a_build_that_is_refused(self):
        self.install(manifest=self.variation(conflicts=[self.ODD]))
        reason = f"{self.runtimes / RUNTIME}: it exports clirt_run: It is an odd build."
        self.assertIn(reason, self.outcome()["reason"])
        self.assertIsNone(self.outcome()["strategy"])
        for change in self.NOT_ODD:
            self.write("rt", self.variation(conflicts=[{**self.ODD, **change}]))
            self.assertEqual(self.outcome()["strategy"], "linked", change)

    def test_host_of_a_build_that_is_refused(self):
        manifest = self.variation(conflicts=[self.ODD], variants=[
            {"strategy": "host-unresolved", "library": "librt_loader.so"}])
        manifest["lifecycle"].update(host_attach="rt_attach", host_detach="rt_detach")
        self.install(manifest=manifest)
        library = self.runtimes / RUNTIME
        outcome = self.outcome(LD_PRELOAD=library)
        self.assertIsNone(outcome["strategy"])
        self.assertIn(f"{library} exports clirt_run: It is an odd build.", outcome["reason"])
        for change in self.NOT_ODD:
            self.write("rt", {**manifest, "conflicts": [{**self.ODD, **change}]})
            self.assertEqual(self.outcome(LD_PRELOAD=library)["strategy"], "host-unresolved",
                             change)

    def test_json_and_quiet(self):
        self.install()
        data = self.good("explain", "rt", "--json").json
        self.assertEqual((data["schema_version"], data["kind"], data["tag"]), (1, "explain", "rt"))
        self.assertTrue(data["steps"])
        self.assertEqual(data["outcome"]["strategy"], "linked")
        self.assertEqual(len(self.good("explain", "rt", "-q").out.splitlines()), 1)

    def test_unknown_tag_says_where_was_looked(self):
        self.install()
        swapped = self.run_command("explain", "tr")
        self.assertRegex(swapped.err, r"did you mean ['\"`]?rt\b")
        wrong = self.run_command("explain", "rtt")
        self.assertEqual(wrong.status, 2)
        self.assertIn(str(self.manifests), wrong.out)
        self.assertRegex(wrong.err, r"did you mean ['\"`]?rt\b")


if __name__ == "__main__":
    unittest.main()
