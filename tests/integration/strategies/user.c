/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* An executable that is linked to the runtime. Without PIE it gets a copy of rt_d0 and its own
 * address of rt_f5. */
#include "host_process.h"

extern int rt_d0, rt_f5(void);
extern void rt_start(void);

void *user_object(void)
{
    return &rt_d0;
}

void *user_function(void)
{
    return (void *)rt_f5;
}

void user_start(void)
{
    rt_start();
}
