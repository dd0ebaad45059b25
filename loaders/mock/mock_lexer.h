/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The words of the mock language, one after the other, with their places. */
#ifndef MOCK_LEXER_H
#define MOCK_LEXER_H

#include <stddef.h>
#include <stdint.h>

enum mock_token {
    MOCK_TOKEN_END,  /* of the text */
    MOCK_TOKEN_LINE, /* the end of a line that has something on it */
    MOCK_TOKEN_NAME,
    MOCK_TOKEN_LONG,
    MOCK_TOKEN_DOUBLE,
    MOCK_TOKEN_STRING,
    MOCK_TOKEN_SIGN /* sign: one of ( ) [ ] { } , : ? + - * / < > and, as in mock_node, = ! l g
                       for == != <= >=; '~' for a single = */
};

struct mock_lexer {
    const char *path;
    const char *at, *end;
    unsigned line, column; /* of `at` */
    unsigned nesting;      /* open brackets: inside of them a line end is a space */
    enum mock_token token; /* the current word and its place */
    unsigned token_line, token_column;
    char sign;
    char *text; /* NAME, STRING: malloc'ed; the lexer's, taken with mock_lexer_text */
    size_t size;
    int64_t long_;
    double double_;
};

/* All return 0, or -1 with the error set. mock_lexer_init reads the first word. */
int mock_lexer_init(struct mock_lexer *lexer, const char *path, const char *text, size_t size);
void mock_lexer_finish(struct mock_lexer *lexer);
int mock_lexer_next(struct mock_lexer *lexer);
/* Takes the text of the current word over. */
char *mock_lexer_text(struct mock_lexer *lexer);
/* "expected X, found Y", at the current word. Returns -1. */
int mock_lexer_raise(const struct mock_lexer *lexer, const char *expected);

#endif /* MOCK_LEXER_H */
