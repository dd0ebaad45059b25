/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_draft.h. */
#include "node_draft.h"
#include "node_text.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT_CELLS = 131072, KEPT_TEXT = 1048576 };

double *node_draft_grow(struct node_draft *draft, size_t count)
{
    size_t room = draft->room * 2;
    double *cells;

    if (room < draft->count + count)
        room = draft->count + count + 256;
    cells = realloc(draft->cells, room * sizeof *cells);
    if (!cells)
        return NULL;
    draft->cells = cells;
    draft->room = room;
    return cells + draft->count;
}

/* Room for `count` units more of text. */
static int grow_text(struct node_draft *draft, size_t count)
{
    size_t width = draft->wide ? sizeof(char16_t) : 1;
    size_t needed = (draft->text + count) * width, room = draft->text_room * 2;
    char *bytes;

    if (needed <= draft->text_room)
        return 0;
    if (room < needed)
        room = needed + 1024;
    bytes = realloc(draft->bytes, room);
    if (!bytes)
        return -1;
    draft->bytes = bytes;
    draft->text_room = room;
    return 0;
}

/* Bytes become units. */
static int widen(struct node_draft *draft)
{
    size_t count = draft->text;

    draft->wide = 1;
    if (grow_text(draft, 0) != 0) {
        draft->wide = 0;
        return -1;
    }
    while (count-- > 0) {
        char16_t unit = (unsigned char)draft->bytes[count];
        memcpy(draft->bytes + count * sizeof unit, &unit, sizeof unit);
    }
    return 0;
}

static size_t add_wide(struct node_draft *draft, const char *data, size_t size)
{
    size_t count = node_text_units(data, size);

    if (count == (size_t)-1)
        return (size_t)-1;
    if ((!draft->wide && widen(draft) != 0) || grow_text(draft, count) != 0)
        return (size_t)-2;
    node_text_decode(data, size, (char16_t *)(void *)draft->bytes + draft->text);
    draft->text += count;
    return count;
}

size_t node_draft_text(struct node_draft *draft, const char *data, size_t size)
{
    if (draft->wide || !node_text_ascii(data, size))
        return add_wide(draft, data, size);
    if (grow_text(draft, size) != 0)
        return (size_t)-2;
    if (size > 0)
        memcpy(draft->bytes + draft->text, data, size);
    draft->text += size;
    return size;
}

void node_draft_clear(struct node_draft *draft)
{
    if (draft->room > KEPT_CELLS || draft->text_room > KEPT_TEXT)
        node_draft_finish(draft);
    draft->count = draft->text = 0;
    draft->wide = 0;
}

void node_draft_finish(struct node_draft *draft)
{
    free(draft->cells);
    free(draft->bytes);
    *draft = (struct node_draft){0};
}
