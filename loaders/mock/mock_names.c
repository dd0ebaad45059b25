/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* All names that are built in, from wherever they are made. */
#include "mock_language.h"

#include <string.h>

const struct mock_builtin *mock_builtin_find(const char *name)
{
    static const struct mock_builtin *const tables[] = {mock_plain_builtins, mock_value_builtins,
                                                        mock_counter_builtins, mock_later_builtins};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const struct mock_builtin *each = tables[i]; each->name != NULL; each++)
            if (strcmp(each->name, name) == 0)
                return each;
    return NULL;
}
