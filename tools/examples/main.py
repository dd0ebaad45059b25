# SPDX-License-Identifier: Apache-2.0
"""Run by `metacall main.py ...`: the process belongs to the runner, both runtimes are guests."""
import os
import sys

from metacall import metacall, metacall_load_from_file

from guest import images

assert __name__ == "__main__", __name__
assert sys.argv[1:] == ["--level", "3"], sys.argv
here = os.path.dirname(os.path.abspath(__file__))
metacall_load_from_file("node", [os.path.join(here, "guest.js")])
assert metacall("nodeTwice", lambda x: x + "!", "ok") == "ok!!"
print(f"metacall main.py calls {metacall('nodeDescribe', {})['seen']}; {images()}")
sys.exit(3)
