/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Anchored patterns of file names: `%v` stands for a version (digits and dots, beginning and ending
 * with a digit), every other byte for itself. Never a substring, never a regular expression. */
#ifndef REGISTRY_PATTERN_H
#define REGISTRY_PATTERN_H

#include <stddef.h>

#define PATTERN_VERSION_SIZE 32

/* Whether the text is a pattern: not empty, at most one `%v`, no other `%`, no slash. */
int pattern_valid(const char *pattern);
/* Whether `name` as a whole matches. Copies what `%v` stood for to ret_version, "" where the
 * pattern has none; it may be NULL. */
int pattern_match(const char *pattern, const char *name, char ret_version[PATTERN_VERSION_SIZE]);
/* Finds the pattern inside bytes: its literal text followed by a version. Copies the version. */
int pattern_find(const char *pattern, const char *bytes, size_t size,
                 char ret_version[PATTERN_VERSION_SIZE]);
/* The distance of two words, for "did you mean": edits, case not counted. */
size_t pattern_distance(const char *a, const char *b);
/* The nearest of `words` that is near enough to be meant, or NULL: metacall_registry_nearer. */
const char *pattern_nearest(const char *word, const char *const *words, size_t count);

#endif /* REGISTRY_PATTERN_H */
