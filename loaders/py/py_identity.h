/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Weak tables by address, which keep identity across the border: the same Python function crosses
 * as the same metacall_function while that lives, and the other way round. */
#ifndef PY_IDENTITY_H
#define PY_IDENTITY_H

#include <stddef.h>

struct py_identity_slot {
    const void *key;
    void *value;
};

/* Open addressing, a power of two of slots. Guarded by the interpreter's lock. Zero = empty. */
struct py_identity {
    struct py_identity_slot *slots;
    size_t capacity, used;
};

/* What was stored under `key`, or NULL. */
void *py_identity_find(const struct py_identity *table, const void *key);
/* Stores or replaces. 0, or -1 when out of memory (no error set). */
int py_identity_put(struct py_identity *table, const void *key, void *value);
/* Removes `key` if it stands for `value`. */
void py_identity_remove(struct py_identity *table, const void *key, const void *value);
void py_identity_finish(struct py_identity *table);

/* A lock for what a table's values share with threads that are not in Python. A leaf: nothing is
 * called while it is held. */
void py_identity_lock(void);
void py_identity_unlock(void);
void py_identity_fork_prepare(void);
void py_identity_fork_parent(void);
void py_identity_forked(void);

#endif /* PY_IDENTITY_H */
