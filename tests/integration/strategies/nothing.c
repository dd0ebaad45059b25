/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A library with one function of its own and nothing of the runtime. */
__attribute__((visibility("default"))) int nothing_here(void);

int nothing_here(void)
{
    return 3;
}
