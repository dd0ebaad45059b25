/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "host_variants/strategy_request.h"

#include <string.h>

static const char *const names[] = {"linked", "host-unresolved", "interposed"};

const char *strategy_name(enum strategy strategy)
{
    return (unsigned)strategy < sizeof(names) / sizeof(names[0]) ? names[strategy] : "unknown";
}

int strategy_from_name(const char *name, enum strategy *ret_strategy)
{
    for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0) {
            *ret_strategy = (enum strategy)i;
            return 0;
        }
    }
    return -1;
}
