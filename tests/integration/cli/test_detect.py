# SPDX-License-Identifier: Apache-2.0
"""`detect`: none as a rule, one that was brought in, and two copies of one runtime."""

import shutil
import unittest

from fixture import RUNTIME, Installation


class Detect(Installation):
    def setUp(self):
        super().setUp()
        self.install()

    def test_none(self):
        result = self.run_command("detect")
        self.assertEqual((result.status, result.out), (0, ""))
        self.assertIn("no runtime", result.err)
        data = self.good("detect", "--json").json
        self.assertEqual((data["schema_version"], data["kind"], data["hosts"]), (1, "detect", []))

    def test_one_that_was_brought_in(self):
        owner = self.runtimes / RUNTIME
        record = self.good("detect", "--plain", env={"LD_PRELOAD": owner}).records[0]
        self.assertEqual(record[:5], ["rt", "Small", "3.4.0", "running", str(owner)])
        self.assertIn(r"\n", record[5])
        line = self.good("detect", env={"LD_PRELOAD": owner}).out.splitlines()[1]
        self.assertIn("; ", line)
        self.assertNotIn(r"\n", line)
        data = self.good("detect", "--json", env={"LD_PRELOAD": owner}).json["hosts"]
        self.assertEqual(len(data), 1)
        self.assertEqual((data[0]["tag"], data[0]["running"], data[0]["owner"]),
                         ("rt", 1, str(owner)))
        self.assertFalse(data[0]["in_executable"])
        self.assertFalse(data[0]["duplicate"])
        self.assertEqual(self.good("detect", "-q", env={"LD_PRELOAD": owner}).out, "rt\n")

    def test_two_copies(self):
        copy = self.top / "copy.so"
        shutil.copy(self.runtimes / RUNTIME, copy)
        # Another SONAME, or the dynamic linker takes both for one.
        data = copy.read_bytes().replace(b"libclirt.so.3\0", b"libclirt.so.9\0")
        copy.write_bytes(data)
        result = self.run_command("detect",
                                  env={"LD_PRELOAD": f"{self.runtimes / RUNTIME}:{copy}"})
        self.assertEqual(result.status, 1)
        self.assertIn(str(copy), result.out + result.err)
        self.assertIn("more than once", result.err)


if __name__ == "__main__":
    unittest.main()
