# SPDX-License-Identifier: Apache-2.0
"""The command on the tree that it was built with: the loaders there are listed, and it can be moved
with its tree."""

import os
import pathlib
import shutil
import subprocess
import unittest

from fixture import COMMAND, Installation

STAGE = pathlib.Path(os.environ["METACALL_STAGE_DIR"])


class Built(Installation):
    def staged(self):
        return sorted(p.name.removesuffix(".loader.json")
                      for p in (STAGE / "lib/metacall/loaders.d").glob("*.loader.json"))

    def test_it_lists_the_loaders_beside_its_library(self):
        result = self.run_command("list", "--plain", prefix=False)
        self.assertEqual([r[0] for r in result.records], self.staged(), result.err)
        self.assertEqual(result.status, 0, result.err)

    def test_the_loaders_are_explained_and_checked(self):
        for tag in self.staged():
            self.assertEqual(self.run_command("explain", tag, prefix=False).status, 0)
            result = self.run_command("check", tag, prefix=False)
            self.assertIn(result.status, (0, 1))
            self.assertEqual(result.err, "")
            self.assertIn("checked: ", result.out)

    def test_a_real_runtime_that_was_brought_in(self):
        """Python's library is found where it is, present and not running."""
        libraries = sorted(pathlib.Path("/usr/lib").glob("*/libpython3.*.so.1.0"))
        if not libraries or "py" not in self.staged():
            self.skipTest("no libpython here")
        data = self.good("detect", "--json", prefix=False,
                         env={"LD_PRELOAD": libraries[-1]}).json["hosts"]
        self.assertEqual([(h["tag"], h["running"], h["duplicate"]) for h in data],
                         [("py", 0, False)])
        self.assertTrue(os.path.samefile(data[0]["owner"], libraries[-1]))
        self.assertIn(data[0]["version"].rpartition(".")[0], libraries[-1].name)

    def test_it_moves_with_its_tree(self):
        tree = self.top / "moved"
        (tree / "bin").mkdir(parents=True)
        (tree / "lib/metacall/loaders.d").mkdir(parents=True)
        shutil.copy(COMMAND, tree / "bin")
        for library in (STAGE / "lib").glob("libmetacall.so*"):
            shutil.copy(library, tree / "lib")
        self.write("rt", self.variation(), tree / "lib/metacall/loaders.d")
        process = subprocess.run([tree / "bin/metacall-registry", "list", "--plain"],
                                 env=self.environment(), capture_output=True, text=True,
                                 timeout=60)
        self.assertEqual(process.stderr, "")
        self.assertEqual([line.split("\t")[7] for line in process.stdout.splitlines()],
                         [f"{tree}/lib/metacall/loaders.d/rt.loader.json"])


if __name__ == "__main__":
    unittest.main()
