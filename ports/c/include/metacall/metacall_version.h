/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The version of the library. */
#ifndef METACALL_VERSION_H
#define METACALL_VERSION_H

#include <metacall/metacall_api.h>
#include <stdint.h>

METACALL_BEGIN_DECLS

struct metacall_version_type {
    unsigned int major;
    unsigned int minor;
    unsigned int patch;
    const char *revision;
    const char *str;
    const char *name;
};

/* All static. */
METACALL_API const struct metacall_version_type *metacall_version(void);
/* 0xMMIIPPPP: major, minor, patch. */
METACALL_API uint32_t metacall_version_hex_make(unsigned int major, unsigned int minor,
                                                unsigned int patch);
METACALL_API uint32_t metacall_version_hex(void);
METACALL_API const char *metacall_version_str(void);
METACALL_API const char *metacall_version_revision(void);
METACALL_API const char *metacall_version_name(void);
/* One line on the library: its name, version and licence. Prints nothing. */
METACALL_API const char *metacall_print_info(void);

METACALL_END_DECLS

#endif /* METACALL_VERSION_H */
