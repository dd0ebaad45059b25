/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A made-up runtime "moo": markers, a probe of each kind, a version of each kind. */
#include <stdint.h>
#include <stdio.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int moo_is_running(void);
EXPORT int moo_start(void);
EXPORT const char *moo_version_text(void);
EXPORT uint32_t moo_version_hex = 0x01000000 | MOO_MINOR << 16 | 0x0300;
EXPORT char moo_version_array[] = "moo 1.9.1-beta";
EXPORT const char *moo_version_pointer = "v1.9.2 (made up)";
EXPORT const char *moo_version_bytes = "\001\0027.1 is no text";
EXPORT const char *moo_version_digit = "7"; /* nor is this a version */
EXPORT void *moo_state;
EXPORT int moo_calls; /* how often anything here was called */

int moo_is_running(void)
{
    moo_calls++;
    return moo_state != NULL;
}

int moo_start(void)
{
    moo_state = &moo_calls;
    return 0;
}

const char *moo_version_text(void)
{
    static char text[32];

    moo_calls++;
    snprintf(text, sizeof(text), "1.%d.4 (main, today)", MOO_MINOR);
    return text;
}
