/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The patterns of manifests: of library names, programs, symbols, texts. */
#ifndef HOST_VARIANTS_HOST_PATTERN_H
#define HOST_VARIANTS_HOST_PATTERN_H

#include <stddef.h>

/* Whether all of `text` matches `pattern`: `%v` stands for a version (digits, with dots between),
 * `*` for any run of characters but '/', everything else for itself. *ret_version (where given) is
 * the first %v, cut to its size. Returns 1 or 0. */
int host_pattern_matches(const char *pattern, const char *text, char *ret_version,
                         size_t version_size);

#endif /* HOST_VARIANTS_HOST_PATTERN_H */
