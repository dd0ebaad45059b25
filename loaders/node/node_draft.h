/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A message to JavaScript while it is written: a run of cells and one joined text. The text is of
 * bytes as long as all is ASCII, else of units. */
#ifndef NODE_DRAFT_H
#define NODE_DRAFT_H

#include <stddef.h>
#include <uchar.h>

struct node_draft {
    double *cells;
    size_t count, room; /* cells: written; there is room for */
    char *bytes;        /* of the text; units once it is wide */
    size_t text, text_room;
    int wide;
};

/* Room for `count` cells more: where they begin, or NULL when out of memory. The writer adds what
 * it writes to draft->count. */
double *node_draft_grow(struct node_draft *draft, size_t count);
static inline double *node_draft_cells(struct node_draft *draft, size_t count)
{
    return __builtin_expect(draft->room - draft->count >= count, 1) ? draft->cells + draft->count
                                                                    : node_draft_grow(draft, count);
}

/* Adds WTF-8 to the text. Gives the units that were added; (size_t)-1 where it is not WTF-8,
 * (size_t)-2 when out of memory. */
size_t node_draft_text(struct node_draft *draft, const char *data, size_t size);
/* Empties it, to be used again; what is unusually large is given back. */
void node_draft_clear(struct node_draft *draft);
void node_draft_finish(struct node_draft *draft);

#endif /* NODE_DRAFT_H */
