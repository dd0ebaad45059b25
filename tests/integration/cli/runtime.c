/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A runtime small enough to look through: two functions, and its version as a number. */
#include <stdint.h>

__attribute__((visibility("default"))) const uint32_t clirt_version_hex = 0x030400f0; /* 3.4.0 */

__attribute__((visibility("default"))) int clirt_running(void);
__attribute__((visibility("default"))) int clirt_run(const char *text);

int clirt_running(void)
{
    return 1;
}

int clirt_run(const char *text)
{
    return text != 0;
}
