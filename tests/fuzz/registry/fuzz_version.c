/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* "VERSION\nRANGE" of any bytes: a range that is one answers for every version, and a version
 * compares with itself as equal. */
#include "registry/version.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct version version;
    memcpy(text, data, size);
    text[size] = '\0';
    char *range = strchr(text, '\n');
    range = range ? (*range = '\0', range + 1) : text;
    size_t read = version_read(text, &version);
    if (read > strlen(text) || (read && version_compare(&version, &version) != 0))
        abort();
    int in = version_in_range(text, range);
    if (version_range_valid(range) ? (in < 0) != (read == 0) : in != -1)
        abort();
    version_is_semver(text);
    free(text);
    return 0;
}
