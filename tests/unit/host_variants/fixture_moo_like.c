/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* An extension of the runtime: its file name is full of the runtime's, and it has one of the
 * markers' names, but it is no runtime. */
#define EXPORT __attribute__((visibility("default")))

EXPORT int moo_is_running(void);

int moo_is_running(void)
{
    return 1;
}
