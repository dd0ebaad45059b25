/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Masking: one pass over the text; at each place the rules are tried in turn, and the first that
 * matches says how much it replaces and by what. */
#include "mask.h"

#include "memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MASK "***"

/* A rule gives the number of bytes at `at` that it replaces, 0 = none. `start` is where the text
 * begins, for rules that look behind. */
typedef size_t (*mask_rule)(const char *start, const char *at, const char **ret_replacement);

/* What a file's name or a token is made of. */
static int is_word(char letter)
{
    return isalnum((unsigned char)letter) || strchr("._-", letter) != NULL ? letter != '\0' : 0;
}

static size_t word_length(const char *at)
{
    size_t length = 0;

    while (is_word(at[length]) || (unsigned char)at[length] >= 0x80)
        length++;
    return length;
}

static size_t rule_home(const char *start, const char *at, const char **ret_replacement)
{
    const char *home = getenv("HOME");
    size_t length = home != NULL ? strlen(home) : 0;

    while (length > 1 && home[length - 1] == '/')
        length--;
    if (length <= 1 || strncmp(at, home, length) != 0 || is_word(at[length]))
        return 0;
    if (at > start && is_word(at[-1]))
        return 0;
    *ret_replacement = "~";
    return length;
}

/* /home/NAME and /Users/NAME of anybody. */
static size_t rule_homes(const char *start, const char *at, const char **ret_replacement)
{
    static const char *const homes[][2] = {{"/home/", "/home/" MASK}, {"/Users/", "/Users/" MASK}};

    (void)start;
    for (size_t i = 0; i < sizeof homes / sizeof homes[0]; i++) {
        size_t folder = strlen(homes[i][0]);
        size_t name = strncmp(at, homes[i][0], folder) == 0 ? word_length(at + folder) : 0;

        if (name != 0) {
            *ret_replacement = homes[i][1];
            return folder + name;
        }
    }
    return 0;
}

/* The user's own name as a part of a path. */
static size_t rule_user(const char *start, const char *at, const char **ret_replacement)
{
    const char *user = getenv("USER");
    size_t length = user != NULL ? strlen(user) : 0;

    *ret_replacement = MASK;
    if (length < 2 || strcmp(user, "root") == 0 || at == start || at[-1] != '/')
        return 0;
    return strncmp(at, user, length) == 0 && !is_word(at[length]) ? length : 0;
}

/* user:password@ in scheme://user:password@host. */
static size_t rule_address(const char *start, const char *at, const char **ret_replacement)
{
    size_t length;

    if (at - start < 3 || strncmp(at - 3, "://", 3) != 0)
        return 0;
    length = strcspn(at, "@/ \t\n\"'");
    *ret_replacement = MASK;
    return at[length] == '@' ? length : 0;
}

/* The value in NAME=value, where the name says that it is a secret. */
static size_t rule_variable(const char *start, const char *at, const char **ret_replacement)
{
    static const char *const words[] = {"TOKEN",      "SECRET",  "PASSWORD", "PASSWD",
                                        "CREDENTIAL", "API_KEY", "APIKEY",   "PRIVATE_KEY"};
    const char *name;

    if (at == start || at[-1] != '=')
        return 0;
    for (name = at - 1; name > start && (isalnum((unsigned char)name[-1]) || name[-1] == '_');)
        name--;
    *ret_replacement = MASK;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t length = strlen(words[i]);

        for (const char *part = name; part + length < at; part++) {
            if (strncasecmp(part, words[i], length) == 0)
                return strcspn(at, "\n");
        }
    }
    return 0;
}

static size_t rule_token(const char *start, const char *at, const char **ret_replacement)
{
    static const char *const heads[] = {"ghp_", "gho_", "ghs_", "github_pat_", "glpat-",
                                        "npm_", "xox",  "AKIA", "sk-",         "pypi-"};
    size_t length = word_length(at);

    if (length < 20 || (at > start && is_word(at[-1])))
        return 0;
    *ret_replacement = MASK;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        if (strncmp(at, heads[i], strlen(heads[i])) == 0)
            return length;
    }
    return 0;
}

char *mask_text(const char *text)
{
    static const mask_rule rules[] = {rule_variable, rule_address, rule_home,
                                      rule_homes,    rule_user,    rule_token};
    char *masked = memory_take(strlen(MASK) * strlen(text) + 1);
    char *to = masked;

    for (const char *at = text; *at != '\0';) {
        const char *replacement = NULL;
        size_t taken = 0;

        for (size_t i = 0; i < sizeof rules / sizeof rules[0] && taken == 0; i++)
            taken = rules[i](text, at, &replacement);
        if (taken == 0) {
            *to++ = *at++;
            continue;
        }
        to = stpcpy(to, replacement);
        at += taken;
    }
    *to = '\0';
    return masked;
}
