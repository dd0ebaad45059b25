/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The inside of a plan, shared by the file that makes it and the file that carries it out. */
#ifndef HOST_VARIANTS_REBIND_PLAN_H
#define HOST_VARIANTS_REBIND_PLAN_H

#include "host_variants/rebind.h"

struct rebind_plan {
    const struct module *object, *to;
    const struct module *from; /* NULL = any */
    struct rebind_slot *slots;
    size_t count, room;
    void *pin; /* of `to`, while committed */
    int committed;
};

#endif /* HOST_VARIANTS_REBIND_PLAN_H */
