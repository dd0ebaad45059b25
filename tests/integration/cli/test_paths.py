# SPDX-License-Identifier: Apache-2.0
"""`paths`: the folders in order of precedence, and what is there."""

import unittest

from fixture import MANIFEST, Installation


class Paths(Installation):
    def test_order(self):
        self.install()
        above, config, data = (self.top / name for name in ("above", "config", "data"))
        env = {"METACALL_REGISTRY_ADD_PATH": above, "XDG_CONFIG_HOME": config,
               "XDG_DATA_HOME": data}
        self.write("rt", MANIFEST, data / "metacall/loaders.d")
        records = self.good("paths", "--plain", env=env).records
        self.assertEqual([r[0] for r in records], [str(i + 1) for i in range(len(records))])
        order = [r[1] for r in records]
        places = [order.index(str(path)) for path in
                  (above, config / "metacall/loaders.d", data / "metacall/loaders.d",
                   self.manifests)]
        self.assertEqual(places, sorted(places))
        self.assertEqual(order[-1], str(self.manifests))
        used = {r[1]: (r[3], r[4]) for r in records}
        self.assertEqual(used[str(data / "metacall/loaders.d")], ("1", "used"))
        self.assertEqual(used[str(self.manifests)], ("1", "used"))
        self.assertEqual(used[str(above)][0], "-")
        quiet = self.good("paths", "-q", env=env).out.splitlines()
        self.assertEqual(quiet[-1], str(self.manifests))
        self.assertNotIn(str(above), quiet)

    def test_replacing_all(self):
        only = self.top / "only"
        only.mkdir()
        records = self.good("paths", "--plain", env={"METACALL_REGISTRY_PATH": only}).records
        self.assertEqual([r[1] for r in records if r[4] == "used"], [str(only)])

    def test_never_the_working_directory(self):
        for value in ("", ".", "relative"):
            records = self.good("paths", "--plain",
                                env={"METACALL_REGISTRY_ADD_PATH": value}).records
            self.assertFalse([r for r in records if r[4] == "used" and not r[1].startswith("/")])
            self.assertNotIn(str(self.top), [r[1] for r in records])

    def test_json_and_table(self):
        self.install()
        data = self.good("paths", "--json").json
        self.assertEqual((data["schema_version"], data["kind"]), (1, "paths"))
        self.assertEqual(data["paths"][-1]["path"], str(self.manifests))
        header = self.good("paths").out.splitlines()[0]
        self.assertEqual(header.split(), ["#", "PATH", "FROM", "MANIFESTS", "STATE"])


if __name__ == "__main__":
    unittest.main()
