/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Versions (dotted numbers) and ranges of them: ">=3.9 <3.15", "18 || >=20", "*". */
#ifndef REGISTRY_VERSION_H
#define REGISTRY_VERSION_H

#include <stddef.h>

#define VERSION_PARTS 4

struct version {
    unsigned parts[VERSION_PARTS]; /* those that are not given are 0 */
    unsigned count;                /* how many were given */
};

/* Reads the dotted number at the start of `text` ("3.11.2+", "v18.20"), up to four parts of at
 * most nine digits. Returns the number of bytes read, 0 where there is no number. */
size_t version_read(const char *text, struct version *ret_version);
/* <0, 0, >0; parts that are not given count as 0. */
int version_compare(const struct version *a, const struct version *b);

/* Whether the whole text is a range. */
int version_range_valid(const char *range);
/* Whether `version` lies in the range: 1, 0; -1 for a text that is no range or no version. A bare
 * version, or one after "=", stands for all that begin with it: 3.11 takes 3.11.9. */
int version_in_range(const char *version, const char *range);
/* Whether the whole text is a version of semver.org 2.0. */
int version_is_semver(const char *text);

#endif /* REGISTRY_VERSION_H */
