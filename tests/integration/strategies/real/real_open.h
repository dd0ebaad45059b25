/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* strategy_open for the tests in real hosts: detection by the runtime's markers, then the open. */
#ifndef TESTS_STRATEGIES_REAL_OPEN_H
#define TESTS_STRATEGIES_REAL_OPEN_H

#include <stddef.h>

struct real_request {
    const char *tag;      /* "py" or "node" */
    const char *strategy; /* by name */
    const char *plugin;
    const char *needed;  /* NULL = none */
    const char *version; /* the host's version must begin with it; NULL = any */
    const char *runtime_library;
    int promote;
};

/* What came of it. Texts live until the next call. */
struct real_result {
    void *function;      /* the plugin's `real_plugin`; NULL = refused */
    const char *message; /* of the refusal, with its id; or how it was bound */
    const char *owner;   /* whom detection found; "" = nobody */
    const char *host_version;
    size_t owners;
    int running;
};

void real_open(const struct real_request *request, struct real_result *ret_result);
/* How many different mapped files have `part` in their base name. */
int real_mapped(const char *part);

#endif /* TESTS_STRATEGIES_REAL_OPEN_H */
