/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* UTF-8 by table 3-7 of the Unicode standard. */
#include "utf8.h"

static int within(unsigned char byte, unsigned char low, unsigned char high)
{
    return byte >= low && byte <= high;
}

size_t utf8_length(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    unsigned char low = 0x80, high = 0xBF;
    size_t length;

    if (within(at[0], 0x01, 0x7F))
        return 1;
    if (within(at[0], 0xC2, 0xDF))
        length = 2;
    else if (within(at[0], 0xE0, 0xEF))
        length = 3;
    else if (within(at[0], 0xF0, 0xF4))
        length = 4;
    else
        return 0;

    if (at[0] == 0xE0)
        low = 0xA0;
    else if (at[0] == 0xED)
        high = 0x9F;
    else if (at[0] == 0xF0)
        low = 0x90;
    else if (at[0] == 0xF4)
        high = 0x8F;
    if (!within(at[1], low, high))
        return 0;
    for (size_t i = 2; i < length; i++) {
        if (!within(at[i], 0x80, 0xBF))
            return 0;
    }
    return length;
}

size_t utf8_columns(const char *text)
{
    size_t columns = 0;

    while (*text != '\0') {
        size_t length = utf8_length(text);

        text += length != 0 ? length : 1;
        columns++;
    }
    return columns;
}
