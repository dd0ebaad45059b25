/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Integers past 64 bits, checked against 128-bit arithmetic and against known powers. */
#include "check.h"

#include "core/bigint.h"

#include <math.h>
#include <stdlib.h>

static uint64_t random_state = 88172645463325252ull;

static uint64_t random_word(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Decimal text of 128 bits, made another way. */
static void text_of(unsigned __int128 number, int minus, char text[64])
{
    char digits[64];
    int count = 0, at = 0;
    do
        digits[count++] = (char)('0' + (int)(number % 10));
    while ((number /= 10) != 0);
    if (minus)
        text[at++] = '-';
    while (count != 0)
        text[at++] = digits[--count];
    text[at] = '\0';
}

static void test_text_there_and_back(void)
{
    for (int i = 0; i < 2000; i++) {
        uint64_t words[2] = {random_word(), random_word() >> (i % 64)};
        int minus = i % 3 == 0;
        char wanted[64];
        text_of((unsigned __int128)words[1] << 64 | words[0], minus, wanted);
        metacall_value slot = METACALL_SLOT_INIT, back = METACALL_SLOT_INIT;
        CHECK(metacall_slot_bigint(&slot, minus, words, 2) == 0);
        if (slot.id == METACALL_BIGINT) {
            char *text = bigint_to_text(&slot);
            CHECK_TEXT(text, wanted);
            free(text);
        }
        CHECK(bigint_from_text(&back, wanted, strlen(wanted)) == 0);
        CHECK_LONG(back.id, slot.id);
        if (back.id == METACALL_BIGINT) {
            CHECK_LONG(back.as.bigint.count, slot.as.bigint.count);
            CHECK(memcmp(back.as.bigint.words, slot.as.bigint.words,
                         slot.as.bigint.count * sizeof(uint64_t)) == 0);
            CHECK_LONG(back.storage & METACALL_STORAGE_MINUS,
                       slot.storage & METACALL_STORAGE_MINUS);
        }
        metacall_slot_clear(&slot);
        metacall_slot_clear(&back);
    }
}

static void test_small_ones_become_long(void)
{
    static const struct {
        const char *text;
        int64_t number;
        int fits;
    } cases[] = {{"0", 0, 1},
                 {"-0", 0, 1},
                 {"+7", 7, 1},
                 {"9223372036854775807", INT64_MAX, 1},
                 {"9223372036854775808", 0, 0},
                 {"-9223372036854775808", INT64_MIN, 1},
                 {"-9223372036854775809", 0, 0},
                 {"000000000000000000000000000042", 42, 1},
                 {"18446744073709551616", 0, 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        metacall_value slot = METACALL_SLOT_INIT;
        CHECK(bigint_from_text(&slot, cases[i].text, strlen(cases[i].text)) == 0);
        CHECK_LONG(slot.id, cases[i].fits ? METACALL_LONG : METACALL_BIGINT);
        if (cases[i].fits)
            CHECK(slot.as.long_ == cases[i].number);
        metacall_slot_clear(&slot);
    }
}

static void test_bad_text(void)
{
    static const char *const bad[] = {"", "-", "+", "12a", " 1", "1 ", "--1", "0x10"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        metacall_value slot = METACALL_SLOT_INIT;
        CHECK(bigint_from_text(&slot, bad[i], strlen(bad[i])) == -1);
        CHECK_LONG(slot.id, METACALL_NULL);
        CHECK_ERROR(METACALL_ERROR_ARGUMENT, "integer's text");
    }
}

/* 2^n for every n, in text made by doubling decimal digits. */
static void test_powers_of_two(void)
{
    char digits[200] = "1";
    size_t length = 1;
    for (int power = 0; power < 600; power++) {
        uint64_t words[10] = {0};
        words[power / 64] = 1ull << power % 64;
        char wanted[201];
        for (size_t i = 0; i < length; i++)
            wanted[i] = digits[length - 1 - i];
        wanted[length] = '\0';
        metacall_value slot = METACALL_SLOT_INIT;
        CHECK(metacall_slot_bigint(&slot, 0, words, 10) == 0);
        CHECK_LONG(slot.id, power < 63 ? METACALL_LONG : METACALL_BIGINT);
        if (slot.id == METACALL_BIGINT) {
            double real = 0;
            char *text = bigint_to_text(&slot);
            CHECK_TEXT(text, wanted);
            free(text);
            CHECK(bigint_to_double(&slot, &real) == 1 && real == ldexp(1, power));
        }
        metacall_slot_clear(&slot);
        int carry = 0;
        for (size_t i = 0; i < length; i++) {
            int twice = (digits[i] - '0') * 2 + carry;
            digits[i] = (char)('0' + twice % 10);
            carry = twice / 10;
        }
        if (carry)
            digits[length++] = '1';
    }
}

static void test_double_is_exact_or_refused(void)
{
    double real = 0;
    metacall_value slot = METACALL_SLOT_INIT;
    uint64_t wide[2] = {1, 1}; /* 2^64 + 1: 65 bits */
    CHECK(metacall_slot_bigint(&slot, 0, wide, 2) == 0);
    CHECK(bigint_to_double(&slot, &real) == 0);
    metacall_slot_clear(&slot);
    uint64_t even[2] = {1ull << 12, 1}; /* 53 bits from the top: fits */
    CHECK(metacall_slot_bigint(&slot, 1, even, 2) == 0);
    CHECK(bigint_to_double(&slot, &real) == 1 && real == -18446744073709555712.0);
    metacall_slot_clear(&slot);
    uint64_t odd[2] = {1ull << 11, 1};
    CHECK(metacall_slot_bigint(&slot, 0, odd, 2) == 0);
    CHECK(bigint_to_double(&slot, &real) == 0);
    metacall_slot_clear(&slot);
    uint64_t huge[17] = {0};
    huge[16] = 1; /* 2^1024 */
    CHECK(metacall_slot_bigint(&slot, 0, huge, 17) == 0);
    CHECK(bigint_to_double(&slot, &real) == 0);
    metacall_slot_clear(&slot);
    uint64_t most[16];
    memset(most, 0, sizeof(most));
    most[15] = 0xfffffffffffff800ull; /* DBL_MAX */
    CHECK(metacall_slot_bigint(&slot, 0, most, 16) == 0);
    CHECK(bigint_to_double(&slot, &real) == 1 && real == 0x1.fffffffffffffp+1023);
    metacall_slot_clear(&slot);
}

static void test_words_to_fill_in(void)
{
    metacall_value slot = METACALL_SLOT_INIT, copy = METACALL_SLOT_INIT;
    CHECK(metacall_slot_bigint(&slot, 1, NULL, 3) == 0);
    CHECK_LONG(slot.as.bigint.count, 3);
    slot.as.bigint.words[1] = 5;
    metacall_slot_bigint_settle(&slot);
    CHECK_LONG(slot.as.bigint.count, 2);
    CHECK(metacall_slot_copy(&copy, &slot) == 0);
    CHECK(copy.storage & METACALL_STORAGE_MINUS);
    metacall_slot_clear(&copy);
    metacall_slot_clear(&slot);
    CHECK(metacall_slot_bigint(&slot, 1, NULL, 2) == 0);
    slot.as.bigint.words[0] = 9;
    metacall_slot_bigint_settle(&slot);
    CHECK_LONG(slot.id, METACALL_LONG);
    CHECK_LONG(slot.as.long_, -9);
    CHECK_LONG(slot.storage, METACALL_STORAGE_SLOT);
}

static const struct check_test tests[] = {
    {"text there and back", test_text_there_and_back},
    {"small ones become Long", test_small_ones_become_long},
    {"bad text", test_bad_text},
    {"powers of two", test_powers_of_two},
    {"double is exact or refused", test_double_is_exact_or_refused},
    {"words to fill in", test_words_to_fill_in},
};
CHECK_MAIN(tests)
