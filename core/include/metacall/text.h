/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* For loaders: short texts, such as the keys of maps, that are looked up again and again. Inline,
 * without a call for a few bytes. Thread-safe. */
#ifndef METACALL_TEXT_H
#define METACALL_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Up to eight bytes as a number; different texts of one size give different numbers. */
static inline uint64_t metacall_text_word(const char *data, size_t size)
{
    uint32_t first = 0, last = 0;
    uint64_t word;

    if (size == 8) {
        memcpy(&word, data, 8);
        return word;
    }
    if (size >= 4) {
        memcpy(&first, data, 4);
        memcpy(&last, data + size - 4, 4);
        return first | (uint64_t)last << 32;
    }
    if (size > 0)
        first = (unsigned char)data[0] | (uint32_t)(unsigned char)data[size / 2] << 8 |
                (uint32_t)(unsigned char)data[size - 1] << 16;
    return first;
}

/* A hash, never 0; not for texts of an enemy's. */
static inline uint32_t metacall_text_hash(const char *data, size_t size)
{
    uint64_t hash = size * 0x9E3779B97F4A7C15u;

    for (; size > 8; data += 8, size -= 8) {
        hash = (hash ^ metacall_text_word(data, 8)) * 0xFF51AFD7ED558CCDu;
        hash ^= hash >> 32;
    }
    hash = (hash ^ metacall_text_word(data, size)) * 0xFF51AFD7ED558CCDu;
    return (uint32_t)(hash ^ hash >> 32) | 1; /* the upper half knows all bits */
}

/* 1 when both texts of `size` bytes are the same. */
static inline int metacall_text_same(const char *a, const char *b, size_t size)
{
    if (size > 16)
        return memcmp(a, b, size) == 0;
    if (size > 8)
        return metacall_text_word(a, 8) == metacall_text_word(b, 8) &&
               metacall_text_word(a + size - 8, 8) == metacall_text_word(b + size - 8, 8);
    return metacall_text_word(a, size) == metacall_text_word(b, size);
}

#endif /* METACALL_TEXT_H */
