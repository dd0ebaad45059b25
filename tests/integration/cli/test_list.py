# SPDX-License-Identifier: Apache-2.0
"""`list`: the table, its other forms, broken and shadowed manifests, no manifest at all."""

import os
import re
import shutil
import subprocess
import unittest

from fixture import MANIFEST, RUNTIME, COMMAND, Installation


class List(Installation):
    def test_table(self):
        self.install()
        lines = self.good("list").out.splitlines()
        self.assertEqual(lines[0].split(), "TAG LANGUAGE STRATEGY RUNTIME STATUS MANIFEST".split())
        self.assertEqual(
            lines[1:],
            [
                f"rt   Small     linked    Clirt 3.4.0 {self.runtimes}/{RUNTIME}  ready   "
                f"{self.manifests}/rt.loader.json"
            ],
        )
        for word in ("LANGUAGE", "STRATEGY", "RUNTIME", "STATUS", "MANIFEST"):
            self.assertEqual(lines[1][lines[0].index(word) - 1], " ", word)

    def test_plain_has_no_header_and_a_field_for_each_fact(self):
        self.install()
        self.assertEqual(
            self.good("list", "--plain").records,
            [
                ["rt", "Small", "linked", "Clirt", "3.4.0", f"{self.runtimes}/{RUNTIME}", "ready",
                 f"{self.manifests}/rt.loader.json", "proven"]
            ],
        )

    def test_json(self):
        self.install()
        first, second = self.good("list", "--json"), self.good("list", "--json")
        self.assertEqual(first.out, second.out)
        self.assertEqual(list(first.json)[:2], ["schema_version", "kind"])
        self.assertEqual((first.json["schema_version"], first.json["kind"]), (1, "list"))
        row = self.row(first.json, "rt")
        self.assertEqual(row["language"], "Small")
        self.assertEqual(row["strategy"], "linked")
        self.assertEqual(row["runtime_version"], "3.4.0")
        self.assertEqual(row["runtime_library"], f"{self.runtimes}/{RUNTIME}")
        self.assertEqual(row["status"], "ready")
        self.assertEqual(row["state"], "active")
        self.assertEqual(row["manifest"], f"{self.manifests}/rt.loader.json")
        self.assertEqual(row["plugin"], f"{self.plugins}/librt_loader.so")

    def row(self, result, tag):
        rows = [row for row in result["loaders"] if row["tag"] == tag]
        self.assertEqual(len(rows), 1, result)
        return rows[0]

    def test_order_is_that_of_tags(self):
        for tag in ("zz", "aa", "mm", "a-b", "a_b"):
            self.write(tag, self.variation(tag))
        self.assertEqual(self.run_command("list", "-q").out.split(),
                         sorted(["zz", "aa", "mm", "a-b", "a_b"]))

    def test_quiet_gives_tags_alone(self):
        self.install()
        self.assertEqual(self.good("list", "--quiet").out, "rt\n")

    def test_without_runtime(self):
        self.install(runtime=False)
        record = self.good("list", "--plain").records[0]
        self.assertEqual((record[0], record[4], record[5], record[6], record[8]),
                         ("rt", "-", "-", "no-runtime", "-"))

    def test_without_plugin(self):
        self.install(plugin=False)
        self.assertEqual(self.good("list", "--plain").records[0][6], "no-plugin")

    def test_runtime_named_by_a_variable_wins(self):
        self.install()
        other = self.top / "other"
        other.mkdir()
        shutil.copy(self.runtimes / RUNTIME, other)
        record = self.good("list", "--plain", env={"CLIRT_LIBRARY": other / RUNTIME}).records[0]
        self.assertEqual(record[5], f"{other}/{RUNTIME}")

    def test_no_manifest_at_all(self):
        result = self.run_command("list")
        self.assertEqual((result.status, result.out), (0, ""))
        self.assertIn("no loader manifest was found", result.err)
        self.assertIn(str(self.manifests), result.err)
        self.assertIn(str(self.home), result.err)
        quiet = self.run_command("list", "-q")
        self.assertEqual((quiet.status, quiet.out, quiet.err), (0, "", ""))
        self.assertEqual(self.run_command("list", "--json").json["loaders"], [])

    def test_broken_beside_good(self):
        self.install()
        self.write("bad", '{\n  "manifest_version": 1,\n  "tag": "bad",\n  "name" 5\n}\n')
        result = self.run_command("list")
        self.assertEqual(result.status, 1)
        self.assertRegex(result.err,
                         re.escape(f"{self.manifests}/bad.loader.json:4:10: error: "))
        self.assertRegex(result.out, r"(?m)^rt .* ready ")
        self.assertRegex(result.out, r"(?m)^bad .* broken ")
        data = self.run_command("list", "--json").json
        self.assertEqual(self.row(data, "bad")["state"], "broken")
        self.assertEqual(self.row(data, "rt")["status"], "ready")
        self.assertEqual(self.run_command("list", "-q").err, "")

    def test_every_error_of_a_file_is_told(self):
        manifest = self.variation("bad", version="one", language=7)
        path = self.write("bad", manifest)
        errors = re.findall(re.escape(f"{path}:") + r"\d+:\d+: error: ",
                            self.run_command("list").err)
        self.assertGreaterEqual(len(errors), 2)

    def test_all_shows_shadowed_manifests(self):
        self.install()
        above = self.top / "above"
        self.write("rt", MANIFEST, above)
        result = self.good("list", "--all", "--plain",
                           env={"METACALL_REGISTRY_ADD_PATH": above})
        self.assertEqual(
            [(r[0], r[2], r[4], r[5]) for r in result.records],
            [
                ("rt", "active", f"{above}/rt.loader.json", "-"),
                ("rt", "shadowed", f"{self.manifests}/rt.loader.json", f"{above}/rt.loader.json"),
            ],
        )
        self.assertEqual(len(self.good("list", "--plain",
                                       env={"METACALL_REGISTRY_ADD_PATH": above}).records), 1)

    def test_disabled_and_masked(self):
        self.install()
        above = self.top / "above"
        self.write("rt", self.variation(enabled=False), above)
        record = self.good("list", "--plain", env={"METACALL_REGISTRY_ADD_PATH": above}).records[0]
        self.assertEqual((record[0], record[2], record[6]), ("rt", "-", "disabled"))
        self.write("rt", "", above)
        record = self.good("list", "--plain", env={"METACALL_REGISTRY_ADD_PATH": above}).records[0]
        self.assertEqual((record[0], record[6]), ("rt", "masked"))

    def test_narrow_terminal_loses_nothing(self):
        self.install()
        for width in (80, 100, 120):
            result = self.good("list", env={"COLUMNS": width})
            lines = result.out.splitlines()
            self.assertLessEqual(max(map(len, lines)), width, result.out)
            for word, text in (("RUNTIME", f"Clirt3.4.0{self.runtimes}/{RUNTIME}"),
                               ("MANIFEST", f"{self.manifests}/rt.loader.json")):
                start = lines[0].index(word)
                end = lines[0].index("STATUS") if word == "RUNTIME" else None
                column = "".join(line[start:end].strip() for line in lines[1:])
                self.assertEqual(column.replace(" ", ""), text)
        wide = self.good("list", "--plain", env={"COLUMNS": 40}).out
        self.assertEqual(wide.count("\n"), 1)

    def test_file_names_cannot_steer_the_terminal(self):
        folder = self.top / "\033[2Jx\ty"
        self.write("rt", MANIFEST, folder)
        result = self.good("list", env={"METACALL_REGISTRY_PATH": folder})
        self.assertNotIn("\033", result.out)
        self.assertIn(r"\x1b[2Jx\ty", result.out)
        record = self.good("list", "--plain", env={"METACALL_REGISTRY_PATH": folder}).records[0]
        self.assertEqual(len(record), 9)
        manifest = self.good("list", "--json", env={"METACALL_REGISTRY_PATH": folder}).json
        self.assertEqual(manifest["loaders"][0]["manifest"], f"{folder}/rt.loader.json")

    def test_root(self):
        image = self.top / "image"
        inside = image / "usr/share/metacall/loaders.d"
        self.write("rt", MANIFEST, inside)
        result = self.good("list", "--plain", "--root", image, "--prefix=/usr", prefix=False,
                           env={"XDG_DATA_DIRS": "/usr/share"})
        self.assertEqual([r[7] for r in result.records if r[0] == "rt"],
                         ["/usr/share/metacall/loaders.d/rt.loader.json"])

    def test_nothing_is_opened_or_started(self):
        if shutil.which("strace") is None:
            self.skipTest("strace is not installed")
        self.install()
        log = self.top / "strace"
        trace = ["strace", "-f", "-o", str(log), "-e", "trace=mmap,openat,clone,clone3,vfork,fork"]
        result = self.run_command("list", wrapper=trace)
        if result.status != 0 and "ptrace" in result.err:
            self.skipTest("strace is not allowed to trace")
        self.assertEqual(result.status, 0, result.err)
        text = log.read_text()
        self.assertNotRegex(text, r"\b(clone3?|v?fork)\(")
        opened, seen, executable = {}, set(), set()
        for line in text.splitlines():
            if found := re.search(r'openat\([^"]*"([^"]*)".* = (\d+)$', line):
                opened[found[2]] = os.path.basename(found[1])
                seen.add(opened[found[2]])
            elif found := re.search(r"mmap\([^)]*PROT_EXEC[^)]*, (\d+), ", line):
                executable.add(opened[found[1]])
        self.assertLessEqual({"rt.loader.json", "librt_loader.so", RUNTIME}, seen)
        self.assertIn("libmetacall.so.1", executable)
        self.assertFalse({"librt_loader.so", RUNTIME} & executable)

    def test_probe(self):
        """A runtime that only a program knows of: found when it may be asked."""
        manifest = self.variation()
        manifest["runtime"]["libraries"][0]["find"] = [
            {"rule": "command", "argv": ["clirt-config"], "timeout_ms": 5000}]
        self.install(manifest=manifest)
        tools = self.top / "tools"
        tools.mkdir()
        asked = self.top / "asked"
        script = tools / "clirt-config"
        script.write_text(f"#!/bin/sh\n: > {asked}\necho library={self.runtimes}/{RUNTIME}\n")
        script.chmod(0o755)
        env = {"PATH": f"{tools}:/usr/bin:/bin"}
        record = self.good("list", "--plain", env=env).records[0]
        self.assertEqual((record[5], record[6]), ("-", "no-runtime"))
        self.assertFalse(asked.exists())
        record = self.good("list", "--plain", "--probe", env=env).records[0]
        self.assertEqual(record[5:7], [f"{self.runtimes}/{RUNTIME}", "ready"])
        self.assertTrue(asked.exists())

    def test_what_is_not_proven_is_marked(self):
        """An earlier rule asks a program, which may name another runtime than the one found."""
        manifest = self.variation()
        manifest["runtime"]["libraries"][0]["find"].insert(
            0, {"rule": "command", "argv": ["clirt-config"], "timeout_ms": 5000})
        self.install(manifest=manifest)
        tools = self.top / "tools"
        other = self.top / "other"
        tools.mkdir()
        other.mkdir()
        shutil.copy(self.runtimes / RUNTIME, other)
        script = tools / "clirt-config"
        script.write_text(f"#!/bin/sh\necho library={other}/{RUNTIME}\n")
        script.chmod(0o755)
        env = {"PATH": f"{tools}:/usr/bin:/bin"}
        result = self.run_command("list", env=env)
        self.assertEqual(result.status, 0)
        self.assertIn(f"{self.runtimes}/{RUNTIME}? ", result.out)
        self.assertIn("--probe asks it", result.err)
        self.assertEqual(self.run_command("list", "-q", env=env).err, "")
        self.assertEqual(self.good("list", "--plain", env=env).records[0][8], "unproven")
        self.assertTrue(self.good("list", "--json", env=env).json["loaders"][0]["unproven"])
        record = self.good("list", "--plain", "--probe", env=env).records[0]
        self.assertEqual((record[5], record[8]), (f"{other}/{RUNTIME}", "proven"))
        self.assertNotIn("?", self.good("list", "--probe", env=env).out)

    def test_debug_traces_to_standard_error(self):
        self.install()
        plain = self.good("list")
        traced = self.run_command("list", env={"METACALL_REGISTRY_DEBUG": "1"})
        self.assertEqual(traced.out, plain.out)
        self.assertRegex(traced.err, r"trace: rt: variant: taken linked")
        self.assertEqual(self.good("list", env={"METACALL_REGISTRY_DEBUG": "0"}).err, "")


if __name__ == "__main__":
    unittest.main()
