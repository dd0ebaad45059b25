# SPDX-License-Identifier: Apache-2.0
"""Python is the host; Node runs in the same process."""
import os
import sys

from metacall import metacall, metacall_load_from_file

from guest import images

here = os.path.dirname(os.path.abspath(__file__))
metacall_load_from_file("node", [os.path.join(here, "guest.js")])

assert metacall("nodeAdd", 2, 40) == 42
assert metacall("nodeTwice", lambda x: x * 3, 7) == 63
record = metacall("nodeDescribe", {"name": "Ada", "born": 1815, "tags": ["a", None, 0.5]})
assert record["name"] == "Ada" and record["tags"] == ["a", None, 0.5], record
try:
    metacall("nodeFail", "as it should")
except Exception as error:
    assert "as it should" in str(error), error
else:
    raise AssertionError("nodeFail gave no exception")
print(f"python {sys.version.split()[0]} calls {record['seen']}; {images()}")
