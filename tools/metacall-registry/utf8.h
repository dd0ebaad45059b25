/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* UTF-8, as far as output needs it: where one character ends, and whether it is one. */
#ifndef METACALL_REGISTRY_UTF8_H
#define METACALL_REGISTRY_UTF8_H

#include <stddef.h>

/* The length in bytes of the well-formed character at `text`, 0 where the bytes are none (cut off,
 * overlong, a surrogate, past U+10FFFF) or at the end. */
size_t utf8_length(const char *text);

/* How many columns a terminal gives to `text`: one a character. A byte that belongs to no
 * character counts as one. */
size_t utf8_columns(const char *text);

#endif /* METACALL_REGISTRY_UTF8_H */
