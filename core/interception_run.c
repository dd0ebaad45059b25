/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* One call through the hooks of its function: the newest before first, the original, the newest
 * after last. A call runs the chain that it began with, whatever is added or removed meanwhile. */
#include "core/interception_run.h"

#include "core/error.h"
#include "core/function.h"
#include "core/interception.h"
#include "core/thread.h"
#include "core/value.h"

/* A hook that is running on this thread, on the stack of who runs it. */
struct interception_frame {
    const metacall_interception *item;
    const struct interception_frame *outer;
};

/* What one call has at hand. */
struct interception_run {
    metacall_function *function;
    const struct metacall_call *call;
    struct interception_chain *chain;
    struct thread_state *thread;
    metacall_intercept_proceed proceed; /* NULL = the function's own call */
    void *data;
    metacall_value *ret;
    int replaced; /* *ret is not what the original gave */
};

/* A hook that calls the function again reaches it without this hook. */
static int run_passes_over(const struct interception_run *run, const metacall_interception *item)
{
    for (const struct interception_frame *frame = run->thread->frames; frame != NULL;
         frame = frame->outer)
        if (frame->item == item)
            return 1;
    return 0;
}

static int run_before(struct interception_run *run, const metacall_interception *item)
{
    struct interception_frame frame = {item, run->thread->frames};
    run->thread->frames = &frame;
    int result = item->before(run->function, run->call, run->ret, item->data);
    run->thread->frames = frame.outer;
    if (result != 1)
        metacall_slot_clear(run->ret);
    if (result < 0 && metacall_error_peek() == NULL)
        metacall_error_raise(METACALL_ERROR_INTERNAL, "a hook before %s failed without an error",
                             metacall_function_name(run->function));
    return result;
}

/* *ret as the hook may see and replace it: what lies behind is kept meanwhile, so that a value put
 * in its place cannot look like the same one. */
static int run_lend_result(struct interception_run *run, metacall_value *kept,
                           metacall_value *ret_seen)
{
    metacall_value *ret = run->ret;
    value_move(kept, ret);
    switch (kept->id) {
    case METACALL_STRING:
    case METACALL_BUFFER:
    case METACALL_ARRAY:
    case METACALL_MAP:
    case METACALL_SET:
    case METACALL_BIGINT:
        if (!(kept->storage & METACALL_STORAGE_SHARED)) {
            ret->id = kept->id;
            ret->storage |=
                (kept->storage & (uint16_t)~METACALL_STORAGE_PLACE) | METACALL_STORAGE_BORROW;
            ret->as = kept->as;
            break;
        }
        /* fall through */
    default: /* scalars, and what is counted */
        if (metacall_slot_copy(ret, kept) != 0) {
            value_move(ret, kept);
            return -1;
        }
        break;
    }
    *ret_seen = *ret;
    return 0;
}

/* 1 when both are the same and lead to the same. */
static int run_is_same(const metacall_value *a, const metacall_value *b)
{
    if (a->id != b->id || a->storage != b->storage)
        return 0;
    switch (a->id) {
    case METACALL_NULL:
        return 1;
    case METACALL_BOOL:
    case METACALL_CHAR:
        return a->as.char_ == b->as.char_;
    case METACALL_SHORT:
        return a->as.short_ == b->as.short_;
    case METACALL_INT:
    case METACALL_FLOAT: /* to the bit */
        return a->as.int_ == b->as.int_;
    case METACALL_LONG:
    case METACALL_DOUBLE:
    case METACALL_DATE:
        return a->as.long_ == b->as.long_;
    case METACALL_STRING:
    case METACALL_BUFFER:
        return a->as.bytes.data == b->as.bytes.data && a->as.bytes.size == b->as.bytes.size;
    case METACALL_ARRAY:
    case METACALL_MAP:
    case METACALL_SET:
    case METACALL_BIGINT:
        return a->as.array.items == b->as.array.items && a->as.array.count == b->as.array.count;
    case METACALL_PTR:
        return a->as.reference.pointer == b->as.reference.pointer &&
               a->as.reference.extra == b->as.reference.extra;
    default: /* one pointer, to what is counted */
        return a->as.function == b->as.function;
    }
}

static int run_after(struct interception_run *run, const metacall_interception *item, int result)
{
    metacall_value kept = METACALL_SLOT_INIT, seen = METACALL_SLOT_INIT;
    struct interception_frame frame = {item, run->thread->frames};
    metacall_error *error = result != 0 ? metacall_error_peek() : NULL;
    if (result == 0 && run_lend_result(run, &kept, &seen) != 0)
        return -1;
    if (error != NULL)
        metacall_error_reference(error);
    run->thread->frames = &frame;
    int after = item->after(run->function, run->call, result, run->ret, item->data);
    run->thread->frames = frame.outer;
    if (after == 0 && result == 0 && run_is_same(run->ret, &seen)) {
        metacall_slot_clear(run->ret); /* a borrowed view, or a reference of its own */
        value_move(run->ret, &kept);
    } else {
        run->replaced = 1;
        if (after == 0 && value_own(run->ret) != 0)
            after = -1;
        metacall_slot_clear(&kept);
    }
    if (after != 0) {
        metacall_slot_clear(run->ret);
        if (metacall_error_peek() == NULL && error != NULL) {
            metacall_error_reference(error);
            metacall_error_set(error);
        } else if (metacall_error_peek() == NULL) {
            metacall_error_raise(METACALL_ERROR_INTERNAL, "a hook after %s failed without an error",
                                 metacall_function_name(run->function));
        }
    } else if (result != 0) {
        metacall_error_release(metacall_error_take()); /* the hook dealt with it */
    }
    metacall_error_release(error);
    return after != 0 ? -1 : 0;
}

/* The original. */
static int run_original(struct interception_run *run)
{
    if (run->proceed == NULL)
        return function_call_checked(run->function, run->call, run->ret);
    int wanted = 0;
    for (size_t i = 0; i < run->chain->count && !wanted; i++)
        wanted = run->chain->items[i]->after != NULL && !run_passes_over(run, run->chain->items[i]);
    if (run->proceed(run->data, wanted, run->ret) != 0) {
        metacall_slot_clear(run->ret);
        return -1;
    }
    return 0;
}

static int run_chain(struct interception_run *run)
{
    const struct interception_chain *chain = run->chain;
    size_t at = 0;
    int result = 0;
    for (; at < chain->count && result == 0; at++)
        if (chain->items[at]->before != NULL && !run_passes_over(run, chain->items[at]))
            result = run_before(run, chain->items[at]);
    if (result == 0) {
        result = run_original(run);
    } else {
        at--; /* whose own `after` has nothing to look at */
        run->replaced = 1;
        result = result < 0 ? -1 : value_own(run->ret);
    }
    while (at-- != 0)
        if (chain->items[at]->after != NULL && !run_passes_over(run, chain->items[at]))
            result = run_after(run, chain->items[at], result);
    return result;
}

/* 0, or -1 where this thread has no state of its own to note running hooks in. */
static int run_init(struct interception_run *run)
{
    run->thread = thread_state();
    if (!thread_state_is_shared(run->thread))
        return 0;
    return error_raise_memory();
}

int interception_call(metacall_function *function, const struct metacall_call *call,
                      metacall_value *ret)
{
    struct interception_run run = {.function = function, .call = call, .ret = ret};
    run.chain = interception_chain_take(function);
    if (run.chain == NULL)
        return function_call_checked(function, call, ret);
    metacall_function_reference(function); /* the last hook may go with its last reference */
    int result = run_init(&run) == 0 ? run_chain(&run) : -1;
    interception_chain_release(run.chain);
    metacall_function_release(function);
    return result;
}

int metacall_function_intercepted(metacall_function *function, const struct metacall_call *call,
                                  metacall_intercept_proceed proceed, void *data,
                                  metacall_value *ret, int *ret_replaced)
{
    struct interception_run run = {
        .function = function, .call = call, .proceed = proceed, .data = data, .ret = ret};
    run.chain = interception_chain_take(function);
    int result;
    if (run.chain == NULL) {
        result = proceed(data, 0, ret);
    } else {
        metacall_function_reference(function);
        result = run_init(&run) == 0 ? run_chain(&run) : -1;
        interception_chain_release(run.chain);
        metacall_function_release(function);
    }
    if (result == 0)
        *ret_replaced = run.replaced;
    return result;
}
