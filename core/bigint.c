/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Integers past 64 bits. Decimal text goes in chunks of 19 digits: quadratic, as guests cap the
 * length of what they send. */
#include "core/bigint.h"

#include "core/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIGINT_CHUNK 10000000000000000000ull /* 10^19, the largest power of ten in a word */
#define BIGINT_CHUNK_DIGITS 19

int bigint_to_long(const metacall_value *value, int64_t *ret_number)
{
    int minus = (value->storage & METACALL_STORAGE_MINUS) != 0;
    size_t count = value->as.bigint.count;
    if (count > 1)
        return 0;
    uint64_t magnitude = count == 1 ? value->as.bigint.words[0] : 0;
    if (magnitude > (uint64_t)INT64_MAX + (minus ? 1 : 0))
        return 0;
    *ret_number = minus ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return 1;
}

int bigint_to_double(const metacall_value *value, double *ret_number)
{
    const uint64_t *words = value->as.bigint.words;
    size_t count = value->as.bigint.count;
    if (count > 16) /* 1,024 bits: the largest double */
        return 0;
    /* Exact when no set bit lies below the 53 leading ones. */
    double sum = 0;
    for (size_t i = count; i-- > 0;) {
        double above = sum * 18446744073709551616.0;
        double high = (double)(words[i] >> 32) * 4294967296.0;
        double low = (double)(words[i] & 0xffffffffu);
        double next = above + high;
        double total = next + low;
        if (next - above != high || total - next != low)
            return 0;
        sum = total;
    }
    if (!isfinite(sum))
        return 0;
    *ret_number = value->storage & METACALL_STORAGE_MINUS ? -sum : sum;
    return 1;
}

int metacall_slot_bigint(metacall_value *slot, int minus, const uint64_t *words, size_t count)
{
    uint64_t *copy = calloc(count != 0 ? count : 1, sizeof(*copy));
    if (copy == NULL)
        return error_raise_memory();
    if (words != NULL && count != 0)
        memcpy(copy, words, count * sizeof(*copy));
    metacall_slot_kind(slot, METACALL_BIGINT);
    if (minus)
        slot->storage |= METACALL_STORAGE_MINUS;
    slot->as.bigint.words = copy;
    slot->as.bigint.count = count;
    if (words != NULL)
        metacall_slot_bigint_settle(slot);
    return 0;
}

void metacall_slot_bigint_settle(metacall_value *slot)
{
    if (slot->id != METACALL_BIGINT)
        return;
    uint64_t *words = slot->as.bigint.words;
    size_t count = slot->as.bigint.count;
    while (count != 0 && words[count - 1] == 0)
        count--;
    slot->as.bigint.count = count;
    int64_t number;
    if (bigint_to_long(slot, &number)) {
        free(words);
        metacall_slot_long(slot, number);
    }
}

/* Divides the words in place by 10^19 and returns the rest. */
static uint64_t bigint_divide_chunk(uint64_t *words, size_t count)
{
    unsigned __int128 rest = 0;
    for (size_t i = count; i-- > 0;) {
        unsigned __int128 part = rest << 64 | words[i];
        words[i] = (uint64_t)(part / BIGINT_CHUNK);
        rest = part % BIGINT_CHUNK;
    }
    return (uint64_t)rest;
}

char *bigint_to_text(const metacall_value *value)
{
    size_t count = value->as.bigint.count;
    /* 64 bits are at most 20 digits. */
    size_t room = count * 20 + 3;
    uint64_t *words = malloc((count != 0 ? count : 1) * sizeof(*words));
    char *text = malloc(room);
    if (words == NULL || text == NULL) {
        free(words);
        free(text);
        error_raise_memory();
        return NULL;
    }
    if (count != 0)
        memcpy(words, value->as.bigint.words, count * sizeof(*words));
    char *at = text + room;
    *--at = '\0';
    do {
        uint64_t rest = bigint_divide_chunk(words, count);
        while (count != 0 && words[count - 1] == 0)
            count--;
        for (int digit = 0; digit < BIGINT_CHUNK_DIGITS && (rest != 0 || count != 0); digit++) {
            *--at = (char)('0' + rest % 10);
            rest /= 10;
        }
    } while (count != 0);
    if (*at == '\0')
        *--at = '0';
    if (value->storage & METACALL_STORAGE_MINUS)
        *--at = '-';
    memmove(text, at, (size_t)(text + room - at));
    free(words);
    return text;
}

/* words = words * factor + add; *count grows where it must, the room is the caller's care. */
static void bigint_multiply_add(uint64_t *words, size_t *count, uint64_t factor, uint64_t add)
{
    unsigned __int128 carry = add;
    for (size_t i = 0; i < *count; i++) {
        carry += (unsigned __int128)words[i] * factor;
        words[i] = (uint64_t)carry;
        carry >>= 64;
    }
    if (carry != 0)
        words[(*count)++] = (uint64_t)carry;
}

int bigint_from_text(metacall_value *slot, const char *text, size_t size)
{
    size_t at = 0;
    int minus = size != 0 && text[0] == '-';
    if (size != 0 && (text[0] == '-' || text[0] == '+'))
        at++;
    if (at == size)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT, "no digits in an integer's text");
    uint64_t *words = calloc((size - at) / BIGINT_CHUNK_DIGITS + 2, sizeof(*words));
    if (words == NULL)
        return error_raise_memory();
    size_t count = 0;
    while (at < size) {
        uint64_t chunk = 0, factor = 1;
        for (int digit = 0; digit < BIGINT_CHUNK_DIGITS && at < size; digit++, at++) {
            if (text[at] < '0' || text[at] > '9') {
                free(words);
                return metacall_error_raise(METACALL_ERROR_ARGUMENT,
                                            "character %zu of an integer's text is no digit",
                                            at + 1);
            }
            chunk = chunk * 10 + (uint64_t)(text[at] - '0');
            factor *= 10;
        }
        bigint_multiply_add(words, &count, factor, chunk);
    }
    int result = metacall_slot_bigint(slot, minus, words, count);
    free(words);
    return result;
}
