/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Text into words. */
#include "mock_lexer.h"

#include <metacall/loader.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int lexer_raise_at(const struct mock_lexer *lexer, unsigned line, unsigned column,
                          const char *message)
{
    return metacall_error_raise(METACALL_ERROR_LOAD, "%s:%u:%u: %s", lexer->path, line, column,
                                message);
}

int mock_lexer_raise(const struct mock_lexer *lexer, const char *expected)
{
    char found[64];
    switch (lexer->token) {
    case MOCK_TOKEN_END:
        snprintf(found, sizeof(found), "the end of the text");
        break;
    case MOCK_TOKEN_LINE:
        snprintf(found, sizeof(found), "the end of the line");
        break;
    case MOCK_TOKEN_NAME:
        snprintf(found, sizeof(found), "'%.40s'", lexer->text != NULL ? lexer->text : "");
        break;
    case MOCK_TOKEN_STRING:
        snprintf(found, sizeof(found), "a string");
        break;
    case MOCK_TOKEN_SIGN:
        snprintf(found, sizeof(found), "'%s'",
                 lexer->sign == '='   ? "=="
                 : lexer->sign == '!' ? "!="
                 : lexer->sign == 'l' ? "<="
                 : lexer->sign == 'g' ? ">="
                 : lexer->sign == '~' ? "="
                                      : (char[]){lexer->sign, '\0'});
        break;
    default:
        snprintf(found, sizeof(found), "a number");
        break;
    }
    return metacall_error_raise(METACALL_ERROR_LOAD, "%s:%u:%u: expected %s, found %s", lexer->path,
                                lexer->token_line, lexer->token_column, expected, found);
}

static char lexer_peek(const struct mock_lexer *lexer)
{
    return lexer->at < lexer->end ? *lexer->at : '\0';
}

static void lexer_advance(struct mock_lexer *lexer)
{
    if (*lexer->at++ == '\n') {
        lexer->line++;
        lexer->column = 1;
    } else {
        lexer->column++;
    }
}

static int lexer_is_name(char c, int first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

/* Spaces and comments; stops at a line end where it counts. */
static void lexer_skip(struct mock_lexer *lexer)
{
    int in_line = lexer->token != MOCK_TOKEN_LINE && lexer->token != MOCK_TOKEN_END;
    while (lexer->at < lexer->end) {
        char c = *lexer->at;
        if (c == '#')
            while (lexer->at < lexer->end && *lexer->at != '\n')
                lexer_advance(lexer);
        else if (c == '\n' && in_line && lexer->nesting == 0)
            return;
        else if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
            lexer_advance(lexer);
        else
            return;
    }
}

static int lexer_name(struct mock_lexer *lexer)
{
    const char *start = lexer->at;
    /* "Class.method" is one name. */
    while (lexer->at < lexer->end &&
           (lexer_is_name(*lexer->at, 0) ||
            (*lexer->at == '.' && lexer->at + 1 < lexer->end && lexer_is_name(lexer->at[1], 1))))
        lexer_advance(lexer);
    lexer->token = MOCK_TOKEN_NAME;
    lexer->size = (size_t)(lexer->at - start);
    lexer->text = strndup(start, lexer->size);
    return lexer->text != NULL
               ? 0
               : metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory in %s", lexer->path);
}

static int lexer_number(struct mock_lexer *lexer)
{
    char digits[64];
    size_t size = 0;
    int real = 0;
    while (lexer->at < lexer->end && size < sizeof(digits) - 1) {
        char c = *lexer->at;
        int after_e = size != 0 && digits[size - 1] == 'e';
        if (c == '.' || c == 'e' || (after_e && (c == '+' || c == '-')))
            real = 1;
        else if (c < '0' || c > '9')
            break;
        digits[size++] = c;
        lexer_advance(lexer);
    }
    digits[size] = '\0';
    char *end;
    errno = 0;
    lexer->token = real ? MOCK_TOKEN_DOUBLE : MOCK_TOKEN_LONG;
    if (real)
        lexer->double_ = strtod(digits, &end);
    else
        lexer->long_ = strtoll(digits, &end, 10);
    if (*end != '\0' || errno != 0 || lexer_is_name(lexer_peek(lexer), 0))
        return lexer_raise_at(lexer, lexer->token_line, lexer->token_column,
                              errno != 0 ? "this number does not fit 64 bits"
                                         : "this is no number");
    return 0;
}

static int lexer_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* After a backslash. */
static int lexer_escape(struct mock_lexer *lexer, char *ret_byte)
{
    static const char names[] = "nt\"\\0", bytes[] = "\n\t\"\\";
    unsigned line = lexer->line, column = lexer->column;
    char c = lexer_peek(lexer);
    const char *name = c != '\0' ? strchr(names, c) : NULL;
    if (name != NULL) {
        *ret_byte = bytes[name - names]; /* its NUL stands for \0 */
        lexer_advance(lexer);
        return 0;
    }
    if (c == 'x' && lexer->end - lexer->at >= 3) {
        int high = lexer_hex(lexer->at[1]), low = lexer_hex(lexer->at[2]);
        if (high >= 0 && low >= 0) {
            *ret_byte = (char)(high << 4 | low);
            for (int i = 0; i < 3; i++)
                lexer_advance(lexer);
            return 0;
        }
    }
    return lexer_raise_at(lexer, line, column, "unknown escape in a string");
}

static int lexer_string(struct mock_lexer *lexer)
{
    lexer_advance(lexer);
    lexer->token = MOCK_TOKEN_STRING;
    lexer->text = malloc((size_t)(lexer->end - lexer->at) + 1);
    if (lexer->text == NULL)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory in %s", lexer->path);
    lexer->size = 0;
    while (lexer->at < lexer->end && *lexer->at != '"' && *lexer->at != '\n') {
        char byte = *lexer->at;
        lexer_advance(lexer);
        if (byte == '\\' && lexer_escape(lexer, &byte) != 0)
            return -1;
        lexer->text[lexer->size++] = byte;
    }
    if (lexer_peek(lexer) != '"' || lexer->at == lexer->end)
        return lexer_raise_at(lexer, lexer->token_line, lexer->token_column,
                              "this string has no end");
    lexer_advance(lexer);
    lexer->text[lexer->size] = '\0';
    return 0;
}

static int lexer_sign(struct mock_lexer *lexer)
{
    static const char doubles[] = "=!<>", meanings[] = "=!lg";
    char c = *lexer->at;
    const char *found = strchr(doubles, c);
    lexer->token = MOCK_TOKEN_SIGN;
    lexer->sign = c;
    lexer_advance(lexer);
    if (found != NULL && lexer_peek(lexer) == '=') {
        lexer->sign = meanings[found - doubles];
        lexer_advance(lexer);
        return 0;
    }
    if (c == '=') {
        lexer->sign = '~';
        return 0;
    }
    if (c == '(' || c == '[' || c == '{')
        lexer->nesting++;
    else if ((c == ')' || c == ']' || c == '}') && lexer->nesting != 0)
        lexer->nesting--;
    else if (c == '!' || strchr("),]}:?+-*/<>", c) == NULL)
        return lexer_raise_at(lexer, lexer->token_line, lexer->token_column,
                              "this character has no meaning here");
    return 0;
}

int mock_lexer_next(struct mock_lexer *lexer)
{
    free(lexer->text);
    lexer->text = NULL;
    lexer_skip(lexer);
    lexer->token_line = lexer->line;
    lexer->token_column = lexer->column;
    if (lexer->at == lexer->end) {
        /* The last line may lack its end. */
        lexer->token = lexer->token == MOCK_TOKEN_LINE || lexer->token == MOCK_TOKEN_END
                           ? MOCK_TOKEN_END
                           : MOCK_TOKEN_LINE;
        return 0;
    }
    char c = *lexer->at;
    if (c == '\n') {
        lexer->token = MOCK_TOKEN_LINE;
        lexer_advance(lexer);
        return 0;
    }
    if (lexer_is_name(c, 1))
        return lexer_name(lexer);
    if (c >= '0' && c <= '9')
        return lexer_number(lexer);
    return c == '"' ? lexer_string(lexer)
           : c == '\0'
               ? lexer_raise_at(lexer, lexer->line, lexer->column, "a NUL has no meaning here")
               : lexer_sign(lexer);
}

int mock_lexer_init(struct mock_lexer *lexer, const char *path, const char *text, size_t size)
{
    *lexer = (struct mock_lexer){.path = path,
                                 .at = text,
                                 .end = text + size,
                                 .line = 1,
                                 .column = 1,
                                 .token = MOCK_TOKEN_LINE};
    return mock_lexer_next(lexer);
}

void mock_lexer_finish(struct mock_lexer *lexer)
{
    free(lexer->text);
    lexer->text = NULL;
}

char *mock_lexer_text(struct mock_lexer *lexer)
{
    char *text = lexer->text;
    lexer->text = NULL;
    return text;
}
