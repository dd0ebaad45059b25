/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "registry/rules.h"

#include "registry/manifest.h"
#include "registry/pattern.h"
#include "registry/version.h"
#include <string.h>

/* Classes of characters, for masks. */
enum {
    LOWER = 1,
    UPPER = 2,
    DIGIT = 4,
    UNDERSCORE = 8,
    DASH = 16,
    DOT = 32,
    PLUS = 64,
    HASH = 128,
    DOLLAR = 256
};

static const unsigned short classes[256] = {
    ['a' ... 'z'] = LOWER, ['A' ... 'Z'] = UPPER, ['0' ... '9'] = DIGIT,
    ['_'] = UNDERSCORE,    ['-'] = DASH,          ['.'] = DOT,
    ['+'] = PLUS,          ['#'] = HASH,          ['$'] = DOLLAR,
};

static unsigned class_of(char c)
{
    return classes[(unsigned char)c];
}

static int spelled(const char *text, unsigned first, unsigned rest)
{
    if (!(class_of(*text) & first))
        return 0;
    while (class_of(*++text) & rest)
        ;
    return *text == '\0';
}

static int is_plain(const char *text)
{
    if (!*text)
        return 0;
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return 0;
    }
    return 1;
}

static int any_text(const char *text)
{
    (void)text;
    return 1;
}

int manifest_tag_valid(const char *tag)
{
    return strlen(tag) <= MANIFEST_TAG_MAX &&
           spelled(tag, LOWER, LOWER | DIGIT | UNDERSCORE | DASH);
}

static int is_alias(const char *text)
{
    return spelled(text, LOWER | UPPER | DIGIT,
                   LOWER | UPPER | DIGIT | UNDERSCORE | PLUS | HASH | DOT | DASH);
}

static int is_extension(const char *text)
{
    return spelled(text, DOT, LOWER | UPPER | DIGIT | UNDERSCORE | PLUS | DASH | DOT) && text[1];
}

static int is_identifier(const char *text)
{
    return spelled(text, LOWER | UPPER | DIGIT, LOWER | UPPER | DIGIT | UNDERSCORE | DOT | DASH);
}

static int is_symbol(const char *text)
{
    return spelled(text, LOWER | UPPER | UNDERSCORE | DOT | DOLLAR,
                   LOWER | UPPER | DIGIT | UNDERSCORE | DOT | DOLLAR);
}

static int is_variable(const char *text)
{
    return spelled(text, LOWER | UPPER | UNDERSCORE, LOWER | UPPER | DIGIT | UNDERSCORE);
}

/* No ".." anywhere, but for one "../" at the beginning: from loaders.d into the package. */
static int is_path(const char *text)
{
    if (strncmp(text, "../", 3) == 0)
        text += 3;
    if (!is_plain(text))
        return 0;
    for (const char *at = text; at; at = strchr(at, '/')) {
        at += *at == '/';
        if (at[0] == '.' && at[1] == '.' && (at[2] == '/' || at[2] == '\0'))
            return 0;
    }
    return 1;
}

static int is_path_below(const char *text)
{
    return text[0] != '/' && strncmp(text, "../", 3) != 0 && is_path(text);
}

static int is_path_absolute(const char *text)
{
    return text[0] == '/' && is_path(text);
}

static int is_program(const char *text)
{
    return spelled(text, LOWER | UPPER | DIGIT | UNDERSCORE,
                   LOWER | UPPER | DIGIT | UNDERSCORE | PLUS | DOT | DASH);
}

const char *const rule_template_names[] = {"manifest_dir",
                                           "package_dir",
                                           "runtime_library",
                                           "runtime_dir",
                                           "runtime_version",
                                           "runtime_executable",
                                           "tag",
                                           NULL};

static int is_template(const char *text)
{
    for (const char *at = strchr(text, '$'); at; at = strchr(at, '$')) {
        const char *end = at[1] == '{' ? strchr(at, '}') : NULL;
        const char *const *name = rule_template_names;
        if (!end)
            return 0;
        size_t size = (size_t)(end - at) - 2;
        while (*name && (strlen(*name) != size || memcmp(*name, at + 2, size) != 0))
            name++;
        if (!*name)
            return 0;
        at = end;
    }
    return 1;
}

static int is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static int is_strict_version(const char *text)
{
    return *text && strspn(text, "0123456789.") == strlen(text) && version_range_valid(text);
}

/* Literal text, then %v, and nothing after it. */
static int is_version_text(const char *text)
{
    const char *place = strchr(text, '%');
    return place && place > text && strcmp(place, "%v") == 0 && is_plain(text);
}

static int is_pointer(const char *text)
{
    return text[0] == '/' && text[1] && is_plain(text) && !strchr(text, '~');
}

static const char *const strategy_words[] = {"linked", "host-unresolved", "interposed", NULL};
static const char *const thread_words[] = {"any", "initializer", "host", NULL};
static const char *const action_words[] = {"isolate", "refuse", "report", NULL};
static const char *const flag_words[] = {"promote", NULL};
static const char *const host_words[] = {"self", "other", "none", "any", NULL};
static const char *const platform_words[] = {"linux", "freebsd", "netbsd", "openbsd",
                                             "macos", "windows", NULL};
static const char *const libc_words[] = {"glibc", "musl", NULL};
static const char *const find_words[] = {"variable", "prefix",     "executable", "build-details",
                                         "command",  "pkg-config", "glob",       NULL};

const struct text_rule rule_text = {"manifest.text", "a text without control characters", is_plain,
                                    NULL};
const struct text_rule rule_raw = {"manifest.text", "a text", any_text, NULL};
const struct text_rule rule_tag = {
    "manifest.tag", "a lower-case letter, then up to 31 of a-z 0-9 _ -", manifest_tag_valid, NULL};
const struct text_rule rule_semver = {"manifest.semver", "a version such as 1.2.3 (semver.org)",
                                      version_is_semver, NULL};
const struct text_rule rule_range = {"manifest.range",
                                     "a version range such as \">=3.9 <3.15\" or \"18 || >=20\"",
                                     version_range_valid, NULL};
const struct text_rule rule_alias = {"manifest.alias", "a word of letters, digits and _ + # . -",
                                     is_alias, NULL};
const struct text_rule rule_extension = {
    "manifest.extension", "a file extension with its dot, such as \".ext\"", is_extension, NULL};
const struct text_rule rule_identifier = {
    "manifest.identifier", "a word of letters, digits and _ . -", is_identifier, NULL};
const struct text_rule rule_soname = {
    "manifest.pattern", "a file name without a slash, with at most one %v and no other %",
    pattern_valid, NULL};
const struct text_rule rule_symbol = {"manifest.symbol", "the name of a symbol", is_symbol, NULL};
const struct text_rule rule_variable = {"manifest.variable", "the name of an environment variable",
                                        is_variable, NULL};
const struct text_rule rule_path = {
    "manifest.path", "an absolute path, or one that stays in the package (at most one leading ../)",
    is_path, NULL};
const struct text_rule rule_path_below = {
    "manifest.path", "a path below the prefix, without a leading / and ..", is_path_below, NULL};
const struct text_rule rule_path_absolute = {"manifest.path", "an absolute path without ..",
                                             is_path_absolute, NULL};
const struct text_rule rule_program = {"manifest.program", "the name of a program, no path",
                                       is_program, NULL};
const struct text_rule rule_template = {"manifest.placeholder",
                                        "a text in which ${...} is one of the documented names",
                                        is_template, NULL};
const struct text_rule rule_sha256 = {"manifest.sha256", "64 lower-case hexadecimal digits",
                                      is_sha256, NULL};
const struct text_rule rule_strategy = {"manifest.value.unknown",
                                        "\"linked\", \"host-unresolved\" or \"interposed\"", NULL,
                                        strategy_words};
const struct text_rule rule_thread = {"manifest.value.unknown",
                                      "\"any\", \"initializer\" or \"host\"", NULL, thread_words};
const struct text_rule rule_action = {"manifest.value.unknown",
                                      "\"isolate\", \"refuse\" or \"report\"", NULL, action_words};
const struct text_rule rule_flag = {"manifest.value.unknown", "\"promote\"", NULL, flag_words};
const struct text_rule rule_host = {"manifest.value.unknown",
                                    "\"self\", \"other\", \"none\", \"any\" or a loader's tag",
                                    manifest_tag_valid, host_words};
const struct text_rule rule_platform = {"manifest.value.unknown",
                                        "one of linux freebsd netbsd openbsd macos windows", NULL,
                                        platform_words};
const struct text_rule rule_machine = {"manifest.identifier", "a machine as `uname -m` names it",
                                       is_identifier, NULL};
const struct text_rule rule_libc = {"manifest.value.unknown", "\"glibc\" or \"musl\"", NULL,
                                    libc_words};
const struct text_rule rule_find = {
    "manifest.value.unknown",
    "one of variable prefix executable build-details command pkg-config glob", NULL, find_words};
const struct text_rule rule_version = {"manifest.version", "a dotted number such as 3.11",
                                       is_strict_version, NULL};
const struct text_rule rule_version_text = {"manifest.pattern", "a text that ends with its only %v",
                                            is_version_text, NULL};
const struct text_rule rule_pointer = {
    "manifest.pointer", "a JSON pointer without escapes, such as \"/a/b\"", is_pointer, NULL};
