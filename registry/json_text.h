/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* JSON as text: is it JSON by the letter of RFC 8259, and where in it does a value stand? cJSON
 * reads the values; it accepts more than JSON and keeps no places, and this closes both gaps. */
#ifndef REGISTRY_JSON_TEXT_H
#define REGISTRY_JSON_TEXT_H

#include <stddef.h>

#define JSON_TEXT_DEPTH 32 /* arrays and objects inside one another */

/* Told of each fault: a finding id ("json.syntax"), the byte offset, what was expected there. */
typedef void (*json_text_fault)(void *data, const char *id, size_t offset, const char *expected);

/* Walks the whole text. Faults after which reading can go on (encoding, control characters, number
 * form) are all told; the first fault of structure is the last. Returns the number of faults. */
size_t json_text_check(const char *text, size_t size, json_text_fault fault, void *data);

/* 1 for printable ASCII but '"' and '\\': nearly all that strings hold. */
extern const unsigned char json_text_plain[256];

/* The offset of a value in a text that was checked: `ordinals[i]` is the position, from 0, among
 * the members or items of level i. With `key` set, the offset of the member's key instead. */
size_t json_text_locate(const char *text, size_t size, const unsigned *ordinals, size_t depth,
                        int key);
/* 1-based line and column (in bytes) of an offset. */
void json_text_place(const char *text, size_t size, size_t offset, unsigned *ret_line,
                     unsigned *ret_column);

#endif /* REGISTRY_JSON_TEXT_H */
