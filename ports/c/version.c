/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The version, as the build gives it. */
#include <metacall/metacall_version.h>

#define VERSION_TEXT_(x) #x
#define VERSION_TEXT(x) VERSION_TEXT_(x)
#define VERSION_STRING                                                                             \
    VERSION_TEXT(METACALL_VERSION_MAJOR)                                                           \
    "." VERSION_TEXT(METACALL_VERSION_MINOR) "." VERSION_TEXT(METACALL_VERSION_PATCH)
#define VERSION_NAME "loader registry"

static const struct metacall_version_type version = {METACALL_VERSION_MAJOR, METACALL_VERSION_MINOR,
                                                     METACALL_VERSION_PATCH, VERSION_STRING,
                                                     VERSION_STRING,         VERSION_NAME};

const struct metacall_version_type *metacall_version(void)
{
    return &version;
}

uint32_t metacall_version_hex_make(unsigned int major, unsigned int minor, unsigned int patch)
{
    return (major & 0xffu) << 24 | (minor & 0xffu) << 16 | (patch & 0xffffu);
}

uint32_t metacall_version_hex(void)
{
    return metacall_version_hex_make(version.major, version.minor, version.patch);
}

const char *metacall_version_str(void)
{
    return version.str;
}

const char *metacall_version_revision(void)
{
    return version.revision;
}

const char *metacall_version_name(void)
{
    return version.name;
}

const char *metacall_print_info(void)
{
    return "MetaCall " VERSION_NAME " " VERSION_STRING ", Apache License 2.0";
}
