/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Short texts (<metacall/text.h>): no byte before or behind one is read, none of it is left out. */
#include "check.h"

#include <metacall/text.h>
#include <stdlib.h>

enum { LONGEST = 64 };

/* A copy of its own size, so that a memory checker sees what is read past it. */
static char *exact(size_t size)
{
    char *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        abort();
    for (size_t i = 0; i < size; i++)
        copy[i] = (char)('a' + i % 23);
    return copy;
}

static void test_every_byte_counts(void)
{
    for (size_t size = 0; size <= LONGEST; size++) {
        char *a = exact(size), *b = exact(size);
        uint32_t hash = metacall_text_hash(a, size);
        CHECK(hash != 0 && hash == metacall_text_hash(b, size));
        CHECK(metacall_text_same(a, b, size));
        for (size_t i = 0; i < size; i++) {
            b[i] ^= 0x40;
            CHECK(!metacall_text_same(a, b, size));
            CHECK(hash != metacall_text_hash(b, size));
            b[i] ^= 0x40;
        }
        free(a);
        free(b);
    }
}

static void test_size_and_order_count(void)
{
    CHECK(metacall_text_hash("", 0) != metacall_text_hash("\0", 1));
    CHECK(metacall_text_hash("ab", 2) != metacall_text_hash("ba", 2));
    CHECK(metacall_text_hash("0123456789abcdef", 16) != metacall_text_hash("89abcdef01234567", 16));
}

static const struct check_test tests[] = {
    {"every byte counts", test_every_byte_counts},
    {"size and order count", test_size_and_order_count},
};
CHECK_MAIN(tests)
