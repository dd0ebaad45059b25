/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Edit distance with swaps of neighbours (optimal string alignment), on short words. */
#include "suggest.h"

#include <string.h>

#define LONGEST 64

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t suggest_distance(const char *a, const char *b)
{
    size_t rows = strlen(a), columns = strlen(b);
    size_t table[3][LONGEST + 1]; /* the last three rows, in turn */

    if (rows > LONGEST || columns > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= columns; j++)
        table[0][j] = j;
    for (size_t i = 1; i <= rows; i++) {
        size_t *row = table[i % 3], *above = table[(i + 2) % 3], *before = table[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            size_t change = above[j - 1] + (a[i - 1] != b[j - 1]);

            row[j] = least(change, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return table[rows % 3][columns];
}

const char *suggest_nearer(const char *word, const char *best, const char *candidate)
{
    size_t distance = suggest_distance(word, candidate);
    size_t length = strlen(word);
    size_t limit = length < 3 ? 1 : length / 3 + 1;
    int begins = length >= 2 && strncmp(word, candidate, length) == 0;

    if (best != NULL) {
        size_t reached = suggest_distance(word, best);

        if (length >= 2 && strncmp(word, best, length) == 0)
            reached = 0;
        return (begins ? 0 : distance) < reached ? candidate : best;
    }
    return begins || distance <= limit ? candidate : NULL;
}
