/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "host_variants/host_pattern.h"

#include <ctype.h>
#include <stdio.h>

static const char *after_version(const char *text)
{
    while (isdigit((unsigned char)*text) ||
           (*text == '.' && isdigit((unsigned char)text[1]) && isdigit((unsigned char)text[-1])))
        text++;
    return text;
}

static int matches(const char *pattern, const char *text, const char **ret_from,
                   const char **ret_to)
{
    for (; *pattern; pattern++, text++) {
        if (*pattern == '*') {
            do {
                if (matches(pattern + 1, text, ret_from, ret_to))
                    return 1;
            } while (*text && *text++ != '/');
            return 0;
        }
        if (pattern[0] == '%' && pattern[1] == 'v') {
            if (!isdigit((unsigned char)*text))
                return 0;
            const char *later_from = NULL, *later_to = NULL;
            for (const char *to = after_version(text); to > text; to--) {
                if (matches(pattern + 2, to, &later_from, &later_to)) {
                    *ret_from = text;
                    *ret_to = to;
                    return 1;
                }
            }
            return 0;
        }
        if (*pattern != *text)
            return 0;
    }
    return *text == 0;
}

int host_pattern_matches(const char *pattern, const char *text, char *ret_version,
                         size_t version_size)
{
    const char *from = NULL, *to = NULL;

    if (!matches(pattern, text, &from, &to))
        return 0;
    if (ret_version && version_size && from)
        snprintf(ret_version, version_size, "%.*s", (int)(to - from), from);
    return 1;
}
