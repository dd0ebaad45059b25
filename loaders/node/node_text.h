/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* UTF-16, as JavaScript has it, and UTF-8, as the library has it. A surrogate without its other
 * half becomes three bytes of its own (WTF-8), so that every string survives both ways. */
#ifndef NODE_TEXT_H
#define NODE_TEXT_H

#include <stddef.h>
#include <uchar.h>

/* Bytes that `count` units take as WTF-8. */
size_t node_text_bytes(const char16_t *units, size_t count);
/* Writes them; returns their number. `to` has room for node_text_bytes of them. */
size_t node_text_encode(const char16_t *units, size_t count, char *to);
/* 1 when all bytes are ASCII. */
int node_text_ascii(const char *data, size_t size);
/* Makes units into bytes in the same place where all of them are ASCII: 1; else leaves them: 0. */
int node_text_narrow(char16_t *units, size_t count);
/* Units that `size` bytes of WTF-8 give, or (size_t)-1 where they are not WTF-8. */
size_t node_text_units(const char *data, size_t size);
/* Writes them; returns their number. */
size_t node_text_decode(const char *data, size_t size, char16_t *to);

#endif /* NODE_TEXT_H */
