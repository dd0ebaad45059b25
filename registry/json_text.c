/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A scanner of the JSON grammar, by recursion with a limit. It makes nothing; it looks. */
#include "registry/json_text.h"

#include <string.h>

struct scan {
    const char *at, *end, *begin;
    json_text_fault fault; /* NULL while locating */
    void *data;
    size_t faults;
    int stopped; /* a fault of structure was met */
    unsigned depth;
};

static void tell(struct scan *scan, const char *id, const char *at, const char *expected)
{
    scan->faults++;
    if (scan->fault)
        scan->fault(scan->data, id, (size_t)(at - scan->begin), expected);
}

static int stop(struct scan *scan, const char *id, const char *expected)
{
    if (!scan->stopped)
        tell(scan, id, scan->at, expected);
    scan->stopped = 1;
    return -1;
}

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
}

/* The size of the UTF-8 sequence at `at`, 0 where it is not one (overlong, surrogate, cut off). */
static size_t utf8_size(const char *at, const char *end)
{
    const unsigned char *c = (const unsigned char *)at;
    size_t size = c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : c[0] < 0xf5 ? 4 : 0;
    if (size == 0 || (size_t)(end - at) < size)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) ||
        (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
        return 0;
    return size;
}

/* Four hex digits after "\u"; -1 where they are not. */
static int hex4(const char *at, const char *end)
{
    int number = 0;
    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int c = (unsigned char)at[i] | 0x20;
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0 || (at[i] & 0xf0) == 0x10)
            return -1;
        number = number << 4 | digit;
    }
    return number;
}

static int scan_escape(struct scan *scan)
{
    const char *begin = scan->at++;
    if (scan->at == scan->end)
        return stop(scan, "json.syntax", "the end of the string");
    if (*scan->at != 'u') {
        if (!strchr("\"\\/bfnrt", *scan->at) || !*scan->at)
            return stop(scan, "json.syntax", "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
        scan->at++;
        return 0;
    }
    int unit = hex4(scan->at + 1, scan->end);
    if (unit < 0)
        return stop(scan, "json.syntax", "four hexadecimal digits");
    scan->at += 5;
    if (unit == 0) {
        tell(scan, "json.nul", begin, "a text without NUL");
    } else if ((unit & 0xfc00) == 0xdc00) {
        tell(scan, "json.surrogate", begin, "a high surrogate before the low one");
    } else if ((unit & 0xfc00) == 0xd800) {
        int low = scan->end - scan->at >= 6 && scan->at[0] == '\\' && scan->at[1] == 'u'
                      ? hex4(scan->at + 2, scan->end)
                      : -1;
        if ((low & ~0x3ff) != 0xdc00)
            tell(scan, "json.surrogate", begin, "a low surrogate after the high one");
        else
            scan->at += 6;
    }
    return 0;
}

const unsigned char json_text_plain[256] = {
    [' '] = 1, ['!'] = 1, ['#' ... '['] = 1, [']' ... 0x7f] = 1};

static int scan_string(struct scan *scan)
{
    scan->at++;
    for (;;) {
        const char *at = scan->at, *end = scan->end;
        while (at < end && json_text_plain[(unsigned char)*at])
            at++;
        scan->at = at;
        if (scan->at == scan->end)
            return stop(scan, "json.syntax", "the end of the string");
        if (*scan->at == '"') {
            scan->at++;
            return 0;
        }
        if (*scan->at == '\\') {
            if (scan_escape(scan) < 0)
                return -1;
        } else if ((unsigned char)*scan->at < 0x20) {
            tell(scan, "json.control", scan->at, "an escape such as \\n or \\u001f");
            scan->at++;
        } else {
            size_t size = utf8_size(scan->at, scan->end);
            if (size == 0) {
                tell(scan, "json.encoding", scan->at, "UTF-8");
                /* The rest of a damaged sequence is the same fault. */
                for (size = 1; scan->at + size < scan->end && (scan->at[size] & 0xc0) == 0x80;)
                    size++;
            }
            scan->at += size;
        }
    }
}

static size_t digits(struct scan *scan)
{
    const char *begin = scan->at;
    while (scan->at < scan->end && (unsigned char)(*scan->at - '0') < 10)
        scan->at++;
    return (size_t)(scan->at - begin);
}

static int scan_number(struct scan *scan)
{
    const char *begin = scan->at;
    scan->at += *scan->at == '-';
    const char *integer = scan->at;
    size_t count = digits(scan);
    if (count == 0)
        return stop(scan, "json.number", "a digit");
    if (count > 1 && *integer == '0')
        tell(scan, "json.number", begin, "a number without leading zeros");
    if (scan->at < scan->end && *scan->at == '.') {
        scan->at++;
        if (digits(scan) == 0)
            return stop(scan, "json.number", "a digit after the point");
    }
    if (scan->at < scan->end && (*scan->at | 0x20) == 'e') {
        scan->at++;
        scan->at += scan->at < scan->end && (*scan->at == '+' || *scan->at == '-');
        if (digits(scan) == 0)
            return stop(scan, "json.number", "a digit in the exponent");
    }
    return 0;
}

static int scan_word(struct scan *scan, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, word, size) != 0)
        return stop(scan, "json.syntax", "a value: { [ \" a number, true, false or null");
    scan->at += size;
    return 0;
}

static int scan_value(struct scan *scan);

static int scan_key(struct scan *scan)
{
    if (scan->at == scan->end || *scan->at != '"')
        return stop(scan, "json.syntax", "a key in double quotes");
    if (scan_string(scan) < 0)
        return -1;
    skip_space(scan);
    if (scan->at == scan->end || *scan->at != ':')
        return stop(scan, "json.syntax", "':' after the key");
    scan->at++;
    skip_space(scan);
    return 0;
}

/* After an item: 1 = there is another, 0 = `close` was met, -1 = neither. */
static int scan_next(struct scan *scan, char close)
{
    skip_space(scan);
    if (scan->at < scan->end && *scan->at == close) {
        scan->at++;
        return 0;
    }
    if (scan->at == scan->end || *scan->at != ',')
        return stop(scan, "json.syntax", close == '}' ? "',' or '}'" : "',' or ']'");
    scan->at++;
    skip_space(scan);
    return 1;
}

static int scan_group(struct scan *scan, char close)
{
    int more;
    if (++scan->depth > JSON_TEXT_DEPTH)
        return stop(scan, "json.depth", "at most 32 levels of nesting");
    scan->at++;
    skip_space(scan);
    if (scan->at < scan->end && *scan->at == close) {
        scan->at++;
        scan->depth--;
        return 0;
    }
    do {
        if ((close == '}' && scan_key(scan) < 0) || scan_value(scan) < 0)
            return -1;
    } while ((more = scan_next(scan, close)) == 1);
    scan->depth--;
    return more;
}

static int scan_value(struct scan *scan)
{
    switch (scan->at < scan->end ? *scan->at : 0) {
    case '{':
        return scan_group(scan, '}');
    case '[':
        return scan_group(scan, ']');
    case '"':
        return scan_string(scan);
    case 't':
        return scan_word(scan, "true");
    case 'f':
        return scan_word(scan, "false");
    case 'n':
        return scan_word(scan, "null");
    default:
        if (scan->at < scan->end && (*scan->at == '-' || (unsigned char)(*scan->at - '0') < 10))
            return scan_number(scan);
        return stop(scan, "json.syntax", "a value: { [ \" a number, true, false or null");
    }
}

size_t json_text_check(const char *text, size_t size, json_text_fault fault, void *data)
{
    struct scan scan = {
        .at = text, .end = text + size, .begin = text, .fault = fault, .data = data};
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        tell(&scan, "json.bom", text, "UTF-8 without a byte order mark");
        scan.at += 3;
    }
    skip_space(&scan);
    if (scan_value(&scan) == 0) {
        skip_space(&scan);
        if (scan.at != scan.end)
            stop(&scan, "json.trailing", "the end of the file");
    }
    return scan.faults;
}

size_t json_text_locate(const char *text, size_t size, const unsigned *ordinals, size_t depth,
                        int key)
{
    struct scan scan = {.at = text, .end = text + size, .begin = text};
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        scan.at += 3;
    skip_space(&scan);
    for (size_t level = 0; level < depth && scan.at < scan.end; level++) {
        char close = *scan.at == '{' ? '}' : *scan.at == '[' ? ']' : 0;
        if (!close)
            break;
        scan.at++;
        skip_space(&scan);
        for (unsigned skipped = 0; skipped < ordinals[level]; skipped++) {
            if ((close == '}' && scan_key(&scan) < 0) || scan_value(&scan) < 0 ||
                scan_next(&scan, close) != 1)
                return (size_t)(scan.at - text);
        }
        const char *begin = scan.at;
        if (close == '}' && scan_key(&scan) < 0)
            break;
        if (key && level + 1 == depth)
            return (size_t)(begin - text);
    }
    return (size_t)(scan.at - text);
}

void json_text_place(const char *text, size_t size, size_t offset, unsigned *ret_line,
                     unsigned *ret_column)
{
    unsigned line = 1;
    size_t begin = 0;
    for (size_t i = 0; i < offset && i < size; i++) {
        if (text[i] == '\n') {
            line++;
            begin = i + 1;
        }
    }
    *ret_line = line;
    *ret_column = (unsigned)(offset - begin) + 1;
}
