// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// A C++ global of the runtime, as a real one has hundreds: it must be constructed once, and
// destroyed once, at one address.
#include <cstdio>
#include <cstdlib>

#define EXPORT __attribute__((visibility("default")))

extern "C" {
EXPORT int rt_object_constructed, rt_object_destroyed;
}

struct counted {
    counted();
    ~counted();
};

EXPORT counted rt_object;

counted::counted()
{
    rt_object_constructed++;
}

counted::~counted()
{
    if (++rt_object_destroyed != 1) {
        std::fputs("destroyed twice\n", stderr);
        std::_Exit(70);
    }
}
