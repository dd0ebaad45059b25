/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A library that takes one of the runtime's names, as a preloaded tracer would. */
__attribute__((visibility("default"))) int rt_f1(void);

int rt_f1(void)
{
    return -1;
}
