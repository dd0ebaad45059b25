# SPDX-License-Identifier: Apache-2.0
"""`env`: the variables that are read, for the registry and for manifests."""

import unittest

from fixture import Installation


class Env(Installation):
    def test_variables(self):
        self.install()
        records = self.good("env", "--plain", env={"CLIRT_LIBRARY": "/x/y.so"}).records
        values = {r[0]: r[1:] for r in records}
        self.assertEqual(len(values), len(records))
        self.assertEqual(values["CLIRT_LIBRARY"][::2], ["rt", "/x/y.so"])
        for name in ("METACALL_REGISTRY_PATH", "METACALL_REGISTRY_ADD_PATH",
                     "METACALL_REGISTRY_DEBUG", "XDG_CONFIG_HOME", "XDG_DATA_DIRS"):
            self.assertIn(name, values)
        self.assertEqual(values["METACALL_REGISTRY_PATH"][::2], ["-", "-"])
        self.assertTrue(all(value[1] not in ("", "-") for value in values.values()), values)
        self.assertEqual(self.good("env", "-q").out.split(), [r[0] for r in records])

    def test_json(self):
        self.install()
        data = self.good("env", "--json").json
        self.assertEqual((data["schema_version"], data["kind"]), (1, "environment"))
        self.assertIn("CLIRT_LIBRARY", [v["name"] for v in data["variables"]])


if __name__ == "__main__":
    unittest.main()
