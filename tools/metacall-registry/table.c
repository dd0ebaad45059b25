/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Tables: see table.h. A flexible column gives up width down to FLEXIBLE_MINIMUM before a line
 * grows past the terminal; what it holds then goes on in the lines below, in its own column. */
#include "table.h"

#include "memory.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

#define GAP 2
#define FLEXIBLE_MINIMUM 20

struct cell {
    char *text;
    enum paint paint;
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    struct cell *cells; /* row by row */
    size_t row_count;
};

struct table *table_create(const struct table_column *columns, size_t count)
{
    struct table *table = memory_take(sizeof *table);

    table->columns = columns;
    table->column_count = count;
    return table;
}

void table_add(struct table *table, const char *const *texts)
{
    size_t first = table->row_count * table->column_count;

    table->cells = memory_grow(table->cells, (first + table->column_count) * sizeof *table->cells);
    for (size_t i = 0; i < table->column_count; i++) {
        table->cells[first + i].text = output_clean(texts[i]);
        table->cells[first + i].paint = PAINT_NONE;
    }
    table->row_count++;
}

void table_paint(struct table *table, size_t column, enum paint paint)
{
    table->cells[(table->row_count - 1) * table->column_count + column].paint = paint;
}

void table_destroy(struct table *table)
{
    for (size_t i = 0; i < table->row_count * table->column_count; i++)
        free(table->cells[i].text);
    free(table->cells);
    free(table);
}

static void print_plain(const struct table *table, FILE *stream)
{
    for (size_t row = 0; row < table->row_count; row++) {
        for (size_t i = 0; i < table->column_count; i++) {
            fputs(table->cells[row * table->column_count + i].text, stream);
            fputc(i + 1 < table->column_count ? '\t' : '\n', stream);
        }
    }
}

/* The bytes of `text` that go on a line of `width` columns: up to and with the last slash, up to
 * the last blank, else as many as fit. */
static size_t break_at(const char *text, size_t width)
{
    size_t at = 0, good = 0;

    for (size_t columns = 0; text[at] != '\0'; columns++) {
        size_t length = utf8_length(text + at);

        if (columns == width)
            return good != 0 ? good : at;
        at += length != 0 ? length : 1;
        if (text[at] == ' ' || (text[at - 1] == '/' && text[at] != '\0'))
            good = at;
    }
    return at;
}

static void measure(const struct table *table, size_t limit, size_t *widths)
{
    size_t total = 0, flexible = 0, fixed = 0;

    for (size_t i = 0; i < table->column_count; i++) {
        widths[i] = utf8_columns(table->columns[i].title);
        for (size_t row = 0; row < table->row_count; row++) {
            size_t columns = utf8_columns(table->cells[row * table->column_count + i].text);

            if (columns > widths[i])
                widths[i] = columns;
        }
        total += widths[i] + (i != 0 ? GAP : 0);
        if (table->columns[i].flags & TABLE_FLEXIBLE)
            flexible += widths[i];
    }
    if (limit == 0 || total <= limit || flexible == 0)
        return;
    fixed = total - flexible;
    for (size_t i = 0; i < table->column_count; i++) {
        size_t share;

        if (!(table->columns[i].flags & TABLE_FLEXIBLE))
            continue;
        share = limit > fixed ? (limit - fixed) * widths[i] / flexible : 0;
        if (share < FLEXIBLE_MINIMUM)
            share = FLEXIBLE_MINIMUM;
        if (share < widths[i])
            widths[i] = share;
    }
}

/* One cell's share of one line. */
static void print_cell(const struct output *output, const struct table_column *column,
                       const char *text, size_t length, size_t width, enum paint paint, int last)
{
    char *part = memory_format("%.*s", (int)length, text);
    size_t padding = width - utf8_columns(part);

    if (column->flags & TABLE_RIGHT)
        fprintf(output->stream, "%*s", (int)padding, "");
    if (length != 0)
        fprintf(output->stream, "%s%s%s", output_paint(output, paint), part,
                output_unpaint(output, paint));
    if (!last)
        fprintf(output->stream, "%*s", (int)((column->flags & TABLE_RIGHT ? 0 : padding) + GAP),
                "");
    free(part);
}

/* One record, on as many lines as its longest cell takes. `rest` is what is left of each cell. */
static void print_row(const struct table *table, const struct output *output, const char **rest,
                      const enum paint *paints, const size_t *widths)
{
    int more;

    do {
        size_t last = 0;

        for (size_t i = 0; i < table->column_count; i++) {
            if (rest[i][0] != '\0')
                last = i;
        }
        more = 0;
        for (size_t i = 0; i <= last; i++) {
            size_t length = break_at(rest[i], widths[i]);

            print_cell(output, &table->columns[i], rest[i], length, widths[i], paints[i],
                       i == last);
            rest[i] += length;
            while (length != 0 && *rest[i] == ' ')
                rest[i]++;
            more |= rest[i][0] != '\0';
        }
        fputc('\n', output->stream);
    } while (more);
}

void table_print(const struct table *table, const struct output *output)
{
    size_t count = table->column_count;
    size_t *widths;
    const char **rest;
    enum paint *paints;

    if (output->form == OUTPUT_PLAIN) {
        print_plain(table, output->stream);
        return;
    }
    widths = memory_take(count * sizeof *widths);
    rest = memory_take(count * sizeof *rest);
    paints = memory_take(count * sizeof *paints);
    measure(table, output->width, widths);
    for (size_t i = 0; i < count; i++) {
        rest[i] = table->columns[i].title;
        paints[i] = PAINT_STRONG;
    }
    print_row(table, output, rest, paints, widths);
    for (size_t row = 0; row < table->row_count; row++) {
        for (size_t i = 0; i < count; i++) {
            rest[i] = table->cells[row * count + i].text;
            paints[i] = table->cells[row * count + i].paint;
        }
        print_row(table, output, rest, paints, widths);
    }
    free(widths);
    free(rest);
    free(paints);
}
