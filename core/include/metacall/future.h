/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Results that come later: a promise, a running coroutine. A value of kind METACALL_FUTURE holds a
 * reference in as.future. The owner has started the work already; it settles the future once, from
 * any thread. One that comes home is the owner's native object again. */
#ifndef METACALL_FUTURE_H
#define METACALL_FUTURE_H

#include <metacall/loader.h>

METACALL_BEGIN_DECLS

typedef struct metacall_future metacall_future;

enum metacall_future_state {
    METACALL_FUTURE_PENDING = 0,
    METACALL_FUTURE_RESOLVED = 1,
    METACALL_FUTURE_REJECTED = 2 /* also cancelled: an error of METACALL_ERROR_CANCELLED */
};

struct metacall_future_ops {
    /* Asks the work to end (task.cancel(), an AbortController), on any thread. It may still
     * resolve. NULL = it cannot be cancelled: the future is rejected, the work goes on unseen. */
    int (*cancel)(metacall_future *future);
    /* Called before a thread blocks in metacall_future_wait: -1 with METACALL_ERROR_DEADLOCK where
     * the future could never settle while this thread waits (it is the loop's own); may also run
     * the loop itself for a while. 0 = block now; 1 = the loop has run, look and ask again (the
     * hook itself keeps such a loop from spinning). NULL = blocking is fine. */
    int (*wait)(metacall_future *future);
    /* The last reference is gone; on any thread, possibly after the runtime has ended. */
    void (*destroy)(metacall_future *future);
};

/* The open head. */
struct metacall_future {
    const struct metacall_future_ops *ops;
    metacall_loader *loader; /* the owner; NULL = made from C */
    void *native;            /* the owner's: its promise or task */
    uint32_t refs;           /* atomic */
    uint32_t state;          /* enum metacall_future_state; atomic */
    void *core;
};

/* A new pending future with one reference, the caller's. `ops` may be NULL. */
METACALL_API metacall_future *metacall_future_create(metacall_loader *loader,
                                                     const struct metacall_future_ops *ops,
                                                     void *native);
METACALL_API void metacall_future_reference(metacall_future *future);
/* NULL is accepted. Where the last reference goes while somebody follows a pending future, it is
 * rejected first. */
METACALL_API void metacall_future_release(metacall_future *future);

/* Settle it; only the first counts, 1 is returned when it was settled before. They take the value
 * over (the slot is empty afterwards; NULL = null), or the caller's reference of the error (as
 * metacall_error_set does), also when they return 1. Call them without a lock of a runtime (GIL,
 * v8::Locker): the callbacks of others run inside. */
METACALL_API int metacall_future_resolve(metacall_future *future, metacall_value *value);
METACALL_API int metacall_future_reject(metacall_future *future, metacall_error *error);

/* Asks the owner to cancel; without ops->cancel the future is rejected at once. 0, or -1 with the
 * error set when the owner refuses. Nothing for a settled one. */
METACALL_API int metacall_future_cancel(metacall_future *future);

/* Runs `settled` once: at once on this thread when the future is settled, else on the thread that
 * settles it, which holds no lock of a runtime. It must be short and must not wait; look at the
 * future with metacall_future_result. If the owner ends before, the future is rejected with
 * METACALL_ERROR_STATE. 0, or -1 with the error set. */
METACALL_API int metacall_future_then(metacall_future *future,
                                      void (*settled)(metacall_future *future, void *data),
                                      void *data);
/* What it settled with: RESOLVED with *ret_value, REJECTED with *ret_error; both stay the future's
 * and live as long as it. PENDING touches neither. */
METACALL_API enum metacall_future_state metacall_future_result(metacall_future *future,
                                                               const metacall_value **ret_value,
                                                               metacall_error **ret_error);
/* Blocks the calling thread, which holds no lock of a runtime, for at most timeout_ms (UINT_MAX =
 * for ever). 0 = settled; -1 with METACALL_ERROR_TIMEOUT or METACALL_ERROR_DEADLOCK. */
METACALL_API int metacall_future_wait(metacall_future *future, unsigned timeout_ms);
/* Makes `slot`, empty or a scalar, a METACALL_FUTURE with a reference of its own. */
METACALL_API void metacall_slot_future(metacall_value *slot, metacall_future *future);

METACALL_END_DECLS

#endif /* METACALL_FUTURE_H */
