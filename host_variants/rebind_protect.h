/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Opening read-only pages for a few stores, and closing them with the protection that they had. */
#ifndef HOST_VARIANTS_REBIND_PROTECT_H
#define HOST_VARIANTS_REBIND_PROTECT_H

#include "host_variants/rebind.h"

/* Pages that were opened. */
struct rebind_opening {
    uintptr_t from, to;
    int protection; /* PROT_* as it was */
};

struct rebind_openings {
    struct rebind_opening at[16];
    size_t count;
};

/* Makes the pages of all slots writable; asks the kernel what they are, and opens those alone that
 * need it. Returns 0, or -1 with the error set and everything closed again. */
int rebind_open_pages(const struct rebind_slot *slots, size_t count,
                      struct rebind_openings *ret_openings);
/* Returns 0, or -1 with the error set where a page could not be closed. */
int rebind_close_pages(const struct rebind_openings *openings);

#endif /* HOST_VARIANTS_REBIND_PROTECT_H */
