/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A table: aligned columns under a header for people, tab-separated records for scripts. */
#ifndef METACALL_REGISTRY_TABLE_H
#define METACALL_REGISTRY_TABLE_H

#include "output.h"

enum table_column_flag {
    TABLE_FLEXIBLE = 1, /* broken into lines, at slashes and blanks, where the terminal is narrow */
    TABLE_RIGHT = 2
};

struct table_column {
    const char *title;
    unsigned flags;
};

struct table; /* columns are fixed, records are added, then all is printed */

/* `columns` must outlive the table. */
struct table *table_create(const struct table_column *columns, size_t count);
/* One record: as many texts as there are columns, copied. NULL shows as "-". */
void table_add(struct table *table, const char *const *texts);
/* How the cell of the last record in `column` is painted. */
void table_paint(struct table *table, size_t column, enum paint paint);
void table_print(const struct table *table, const struct output *output);
void table_destroy(struct table *table);

#endif /* METACALL_REGISTRY_TABLE_H */
