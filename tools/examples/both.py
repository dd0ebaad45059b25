# SPDX-License-Identifier: Apache-2.0
"""Python is the host: classes, promises, generators and hooks of Node."""
import asyncio
import os
import sys

import metacall

from guest import images

here = os.path.dirname(os.path.abspath(__file__))
js = metacall.metacall_load_from_file_export("node", [os.path.join(here, "shapes.js")])

point = js.Point(3, 4)
assert point.length == 5 and isinstance(point, js.Point)
assert js.mirror(point) is point, "an object comes home as itself"
assert list(js.countdown(3)) == [3, 2, 1]


async def main():
    return await asyncio.gather(*(js.later(i, 1) for i in range(100)))

assert asyncio.run(main()) == list(range(100))

seen = []
with metacall.intercept(js.mirror, before=lambda call: seen.append(call.args)):
    js.mirror("seen")
js.mirror("not seen")
assert seen == [("seen",)], seen
print(f"python {sys.version.split()[0]} uses a class, 100 promises, a generator, a hook of "
      f"{js.version()}; {images()}")
