/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Iterators over integers: count(from, to), and ticks(from, to, ms), whose items come later. */
#include "mock_language.h"

#include <pthread.h>
#include <stdlib.h>

struct counter {
    pthread_mutex_t lock;
    int64_t next, end;
    int64_t ms; /* < 0: not asynchronous */
};

/* 1 and the next number, 0 at the end. */
static int counter_take(struct counter *counter, int64_t *ret_number)
{
    pthread_mutex_lock(&counter->lock);
    int more = counter->next < counter->end;
    if (more)
        *ret_number = counter->next++;
    pthread_mutex_unlock(&counter->lock);
    return more;
}

/* A future of [number], or of [] at the end. */
static int counter_tick(metacall_object *object, struct counter *counter, metacall_value *ret)
{
    int64_t number = 0;
    metacall_value item = METACALL_SLOT_INIT;
    int more = counter_take(counter, &number);
    if (metacall_slot_array(&item, more ? 1 : 0) != 0)
        return -1;
    if (more)
        metacall_slot_long(item.as.array.items[0], number);
    metacall_future *future = mock_later(object->loader, &item, NULL, counter->ms);
    metacall_slot_clear(&item);
    if (future == NULL)
        return -1;
    metacall_slot_future(ret, future);
    metacall_future_release(future);
    return 0;
}

static int counter_finish(struct counter *counter)
{
    pthread_mutex_lock(&counter->lock);
    counter->end = counter->next;
    pthread_mutex_unlock(&counter->lock);
    return 1;
}

static int counter_perform(metacall_object *object, enum metacall_object_operation operation,
                           const char *name, const struct metacall_call *call, metacall_value *ret)
{
    struct counter *counter = object->native;
    int64_t number;
    (void)name, (void)call;
    switch (operation) {
    case METACALL_OBJECT_ITERATE:
    case METACALL_OBJECT_ASYNC_ITERATE:
        if ((operation == METACALL_OBJECT_ITERATE) != (counter->ms < 0))
            break;
        metacall_slot_object(ret, object);
        return 0;
    case METACALL_OBJECT_NEXT:
        if (counter->ms >= 0)
            break;
        if (!counter_take(counter, &number))
            return 1;
        metacall_slot_long(ret, number);
        return 0;
    case METACALL_OBJECT_ASYNC_NEXT:
        if (counter->ms < 0)
            break;
        return counter_tick(object, counter, ret);
    case METACALL_OBJECT_RETURN:
        return counter_finish(counter);
    case METACALL_OBJECT_LENGTH:
        pthread_mutex_lock(&counter->lock);
        metacall_slot_long(ret, counter->end > counter->next ? counter->end - counter->next : 0);
        pthread_mutex_unlock(&counter->lock);
        return 0;
    default:
        break;
    }
    return metacall_error_raise(METACALL_ERROR_SUPPORT, "a %s cannot do this (operation %d)",
                                object->type, (int)operation);
}

static void counter_destroy(metacall_object *object)
{
    struct counter *counter = object->native;
    pthread_mutex_destroy(&counter->lock);
    free(counter);
}

static const struct metacall_object_ops counter_ops = {counter_perform, counter_destroy};

static int counter_make(const struct mock_frame *frame, const struct mock_node *node,
                        metacall_value **args, metacall_value *slot)
{
    uint32_t flags = METACALL_OBJECT_HAS_LENGTH;
    for (size_t i = 1; i < node->count; i++)
        if (args[i]->id != METACALL_LONG)
            return mock_builtin_raise_type(frame, node, args[i], "Longs");
    struct counter *counter = calloc(1, sizeof(*counter));
    if (counter == NULL)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    pthread_mutex_init(&counter->lock, NULL);
    counter->next = args[1]->as.long_;
    counter->end = args[2]->as.long_;
    counter->ms = node->count > 3 ? args[3]->as.long_ : -1;
    flags |= counter->ms < 0
                 ? METACALL_OBJECT_IS_ITERABLE | METACALL_OBJECT_IS_ITERATOR
                 : METACALL_OBJECT_IS_ASYNC_ITERABLE | METACALL_OBJECT_IS_ASYNC_ITERATOR;
    metacall_object *object =
        metacall_object_create(frame->definition->script->loader,
                               counter->ms < 0 ? "count" : "ticks", &counter_ops, counter, flags);
    if (object == NULL) {
        free(counter);
        return -1;
    }
    metacall_slot_object(slot, object);
    metacall_object_release(object);
    return 0;
}

static int builtin_counter(const struct mock_frame *frame, const struct mock_node *node,
                           metacall_value *slot)
{
    return mock_builtin_with(frame, node, slot, counter_make);
}

const struct mock_builtin mock_counter_builtins[] = {
    {"count", 2, 2, builtin_counter}, {"ticks", 3, 3, builtin_counter}, {NULL, 0, 0, NULL}};
