/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_text.h. */
#include "node_text.h"

#include <stdint.h>
#include <string.h>

static int is_high(char16_t unit)
{
    return (unit & 0xFC00) == 0xD800;
}

static int is_low(char16_t unit)
{
    return (unit & 0xFC00) == 0xDC00;
}

size_t node_text_bytes(const char16_t *units, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++) {
        if (units[i] < 0x80) {
            bytes += 1;
        } else if (units[i] < 0x800) {
            bytes += 2;
        } else if (is_high(units[i]) && i + 1 < count && is_low(units[i + 1])) {
            bytes += 4;
            i++;
        } else {
            bytes += 3;
        }
    }
    return bytes;
}

static char *put(char *to, uint32_t point)
{
    if (point < 0x80) {
        *to++ = (char)point;
    } else if (point < 0x800) {
        *to++ = (char)(0xC0 | point >> 6);
        *to++ = (char)(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        *to++ = (char)(0xE0 | point >> 12);
        *to++ = (char)(0x80 | (point >> 6 & 0x3F));
        *to++ = (char)(0x80 | (point & 0x3F));
    } else {
        *to++ = (char)(0xF0 | point >> 18);
        *to++ = (char)(0x80 | (point >> 12 & 0x3F));
        *to++ = (char)(0x80 | (point >> 6 & 0x3F));
        *to++ = (char)(0x80 | (point & 0x3F));
    }
    return to;
}

size_t node_text_encode(const char16_t *units, size_t count, char *to)
{
    char *begin = to;
    size_t i = 0;

    for (; i < count && units[i] < 0x80; i++)
        *to++ = (char)units[i];
    for (; i < count; i++) {
        uint32_t point = units[i];
        if (is_high(units[i]) && i + 1 < count && is_low(units[i + 1])) {
            point = 0x10000 + ((point & 0x3FF) << 10 | (uint32_t)(units[i + 1] & 0x3FF));
            i++;
        }
        to = put(to, point);
    }
    return (size_t)(to - begin);
}

int node_text_ascii(const char *data, size_t size)
{
    uint64_t word;

    while (size >= sizeof word) {
        memcpy(&word, data, sizeof word);
        if (word & 0x8080808080808080u)
            return 0;
        data += sizeof word;
        size -= sizeof word;
    }
    for (size_t i = 0; i < size; i++)
        if (data[i] & 0x80)
            return 0;
    return 1;
}

int node_text_narrow(char16_t *units, size_t count)
{
    char *to = (char *)units;
    uint64_t word, all = 0;
    uint32_t four;
    size_t i;

    for (i = 0; i + 4 <= count; i += 4) {
        memcpy(&word, units + i, sizeof word);
        all |= word;
    }
    for (; i < count; i++)
        all |= units[i];
    if (all & 0xFF80FF80FF80FF80u)
        return 0;
    for (i = 0; i + 4 <= count; i += 4) { /* little-endian, as every platform that we build for */
        memcpy(&word, units + i, sizeof word);
        word = (word | word >> 8) & 0x0000FFFF0000FFFFu;
        four = (uint32_t)(word | word >> 16);
        memcpy(to + i, &four, sizeof four);
    }
    for (; i < count; i++)
        to[i] = (char)units[i];
    return 1;
}

/* One code point, or -1; *at moves on. */
static int32_t next_point(const unsigned char *data, size_t size, size_t *at)
{
    size_t i = *at;
    unsigned char first = data[i];
    unsigned more = first < 0x80 ? 0 : first < 0xC2 ? 9 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    int32_t point;

    if (more == 9 || first > 0xF4 || more >= size - i)
        return -1;
    point = more == 0 ? first : first & (0x3F >> more);
    for (unsigned k = 1; k <= more; k++) {
        if ((data[i + k] & 0xC0) != 0x80)
            return -1;
        point = point << 6 | (data[i + k] & 0x3F);
    }
    if ((more == 2 && point < 0x800) || (more == 3 && (point < 0x10000 || point > 0x10FFFF)))
        return -1;
    *at = i + more + 1;
    return point;
}

size_t node_text_units(const char *data, size_t size)
{
    size_t units = 0;

    for (size_t at = 0; at < size;) {
        int32_t point = next_point((const unsigned char *)data, size, &at);
        if (point < 0)
            return (size_t)-1;
        units += point >= 0x10000 ? 2 : 1;
    }
    return units;
}

size_t node_text_decode(const char *data, size_t size, char16_t *to)
{
    char16_t *begin = to;

    for (size_t at = 0; at < size;) {
        int32_t point = next_point((const unsigned char *)data, size, &at);
        if (point < 0)
            break;
        if (point >= 0x10000) {
            *to++ = (char16_t)(0xD800 + ((point - 0x10000) >> 10));
            *to++ = (char16_t)(0xDC00 + ((point - 0x10000) & 0x3FF));
        } else {
            *to++ = (char16_t)point;
        }
    }
    return (size_t)(to - begin);
}
