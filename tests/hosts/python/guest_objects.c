/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Objects, futures and memory of the guest in C, and what it does with Python's. An object of the
 * guest asks a Python function for every operation, so that a test says in Python what the foreign
 * side answers. */
#include "guest.h"

#include <metacall/future.h>
#include <metacall/memory.h>
#include <metacall/object.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FUTURES 2048

/* ------------------------------------------------------------------------------------ objects */

static long objects_alive;

/* handler(operation, name, arguments) gives [status, result]: 0 and 1 as of perform, 2 = there is
 * no such thing, 3 = no such operation. */
static int object_perform(metacall_object *object, enum metacall_object_operation operation,
                          const char *name, const struct metacall_call *call, metacall_value *ret)
{
    metacall_value slots[3] = {METACALL_SLOT_INIT, METACALL_SLOT_INIT, METACALL_SLOT_INIT};
    metacall_value *args[3] = {&slots[0], &slots[1], &slots[2]}, answer = METACALL_SLOT_INIT;
    struct metacall_call question = {args, 3, NULL, 0};
    size_t i;
    int rc = -1;
    metacall_slot_long(&slots[0], operation);
    if (name != NULL)
        metacall_slot_borrow(&slots[1], METACALL_STRING, name, strlen(name));
    if (metacall_slot_array(&slots[2], call->count) != 0)
        return -1;
    for (i = 0; i < call->count; i++)
        metacall_slot_copy(slots[2].as.array.items[i], call->args[i]);
    if (metacall_function_call(object->native, &question, &answer) == 0) {
        rc = (int)answer.as.array.items[0]->as.long_;
        if (rc >= 2)
            rc = metacall_error_raise(rc == 2 ? METACALL_ERROR_NOT_FOUND : METACALL_ERROR_SUPPORT,
                                      "no '%s'", name != NULL ? name : "operation");
        else
            metacall_slot_copy(ret, answer.as.array.items[1]);
    }
    metacall_slot_clear(&slots[2]);
    metacall_slot_clear(&answer);
    return rc;
}

static void object_destroy(metacall_object *object)
{
    metacall_function_release(object->native);
    __atomic_sub_fetch(&objects_alive, 1, __ATOMIC_RELAXED);
}

static const struct metacall_object_ops object_ops = {object_perform, object_destroy};

/* guest_object(type, flags, handler) */
static void *make_object(size_t count, void *args[], void *data)
{
    metacall_value slot = METACALL_SLOT_INIT, *value;
    metacall_function *handler = metacall_value_to_function(args[2]);
    metacall_object *object;
    (void)count, (void)data;
    metacall_function_reference(handler);
    object = metacall_object_create(NULL, metacall_value_to_string(args[0]), &object_ops, handler,
                                    (uint32_t)metacall_value_to_long(args[1]));
    __atomic_add_fetch(&objects_alive, 1, __ATOMIC_RELAXED);
    metacall_slot_object(&slot, object);
    metacall_object_release(object);
    value = metacall_value_copy(&slot);
    metacall_slot_clear(&slot);
    return value;
}

static void *count_objects(size_t count, void *args[], void *data)
{
    (void)count, (void)args, (void)data;
    return metacall_value_create_long(__atomic_load_n(&objects_alive, __ATOMIC_RELAXED));
}

/* guest_perform(object, operation, name, ...): [status, result] of one operation. */
static void *perform(size_t count, void *args[], void *data)
{
    metacall_value *object = args[0], slot = METACALL_SLOT_INIT, pair = METACALL_SLOT_INIT, *value;
    struct metacall_call call = {(metacall_value *const *)(args + 3), count - 3, NULL, 0};
    const char *name =
        metacall_value_id(args[2]) == METACALL_STRING ? metacall_value_to_string(args[2]) : NULL;
    int rc;
    (void)data;
    if (object->id != METACALL_OBJECT && object->id != METACALL_CLASS) {
        metacall_error_raise(METACALL_ERROR_TYPE, "not an object but a %s",
                             metacall_kind_name(object->id));
        return NULL;
    }
    rc = metacall_object_perform(object->as.object,
                                 (enum metacall_object_operation)metacall_value_to_long(args[1]),
                                 name, &call, &slot);
    if (rc < 0 || metacall_slot_array(&pair, 2) != 0)
        return NULL;
    metacall_slot_long(pair.as.array.items[0], rc);
    metacall_slot_copy(pair.as.array.items[1], &slot);
    metacall_slot_clear(&slot);
    value = metacall_value_copy(&pair);
    metacall_slot_clear(&pair);
    return value;
}

/* guest_about(value): the type and the flags of an object, or None. */
static void *about(size_t count, void *args[], void *data)
{
    metacall_value *value = args[0];
    void *pair[2], *result;
    (void)count, (void)data;
    if (value->id != METACALL_OBJECT && value->id != METACALL_CLASS)
        return metacall_value_create_null();
    pair[0] = metacall_value_create_string(value->as.object->type, strlen(value->as.object->type));
    pair[1] = metacall_value_create_long(value->as.object->flags);
    result = metacall_value_create_array((const void **)pair, 2);
    return result;
}

/* ------------------------------------------------------------------------------------- futures */

static metacall_future *futures[FUTURES];
static long cancelled;

static int future_cancel(metacall_future *future)
{
    cancelled++;
    metacall_future_reject(future, metacall_error_create(METACALL_ERROR_CANCELLED, "AbortError",
                                                         "the guest was told to end"));
    return 0;
}

static const struct metacall_future_ops future_ops = {future_cancel, NULL, NULL};

/* guest_future(number): a pending future, until settled under that number. */
static void *make_future(size_t count, void *args[], void *data)
{
    metacall_value slot = METACALL_SLOT_INIT, *value;
    long number = metacall_value_to_long(args[0]);
    (void)count, (void)data;
    metacall_future_release(futures[number]);
    futures[number] = metacall_future_create(NULL, &future_ops, NULL);
    metacall_slot_future(&slot, futures[number]);
    value = metacall_value_copy(&slot);
    metacall_slot_clear(&slot);
    return value;
}

struct settlement {
    long first, last;
    useconds_t delay;
    metacall_value value;
    metacall_error *error;
};

static void *settle(void *data)
{
    struct settlement *job = data;
    metacall_value copy = METACALL_SLOT_INIT;
    long i;
    usleep(job->delay);
    for (i = job->first; i < job->last; i++) {
        if (job->error != NULL) {
            metacall_error_reference(job->error);
            metacall_future_reject(futures[i], job->error);
        } else {
            metacall_slot_copy(&copy, &job->value);
            metacall_future_resolve(futures[i], &copy);
        }
    }
    metacall_slot_clear(&job->value);
    metacall_error_release(job->error);
    free(job);
    return NULL;
}

/* guest_settle(first, last, delay_ms, value): from a thread of its own; delay 0 = at once, here. An
 * exception as the value rejects. */
static void *start_settling(size_t count, void *args[], void *data)
{
    metacall_value *value = args[3];
    struct settlement *job = calloc(1, sizeof *job);
    pthread_t thread;
    (void)count, (void)data;
    job->first = metacall_value_to_long(args[0]);
    job->last = metacall_value_to_long(args[1]);
    job->delay = (useconds_t)metacall_value_to_long(args[2]) * 1000;
    if (value->id == METACALL_EXCEPTION) {
        job->error = value->as.error;
        metacall_error_reference(job->error);
    } else {
        metacall_slot_copy(&job->value, value);
    }
    if (job->delay == 0) {
        settle(job);
    } else if (pthread_create(&thread, NULL, settle, job) == 0) {
        pthread_detach(thread);
    }
    return metacall_value_create_null();
}

static void *count_cancelled(size_t count, void *args[], void *data)
{
    (void)count, (void)args, (void)data;
    return metacall_value_create_long(cancelled);
}

/* guest_wait(future, timeout_ms): what Python's future settles with. */
static void *wait_for(size_t count, void *args[], void *data)
{
    metacall_value *given = args[0];
    const metacall_value *value = NULL;
    metacall_error *error = NULL;
    (void)count, (void)data;
    if (given->id != METACALL_FUTURE) {
        metacall_error_raise(METACALL_ERROR_TYPE, "not a future but a %s",
                             metacall_kind_name(given->id));
        return NULL;
    }
    if (metacall_future_wait(given->as.future, (unsigned)metacall_value_to_long(args[1])) != 0)
        return NULL;
    if (metacall_future_result(given->as.future, &value, &error) == METACALL_FUTURE_RESOLVED)
        return metacall_value_copy((metacall_value *)value);
    metacall_error_reference(error);
    metacall_error_set(error);
    return NULL;
}

/* guest_cancel(future) */
static void *cancel(size_t count, void *args[], void *data)
{
    metacall_value *given = args[0];
    (void)count, (void)data;
    return metacall_future_cancel(given->as.future) == 0 ? metacall_value_create_null() : NULL;
}

/* -------------------------------------------------------------------------------------- memory */

static long memories_alive;

static void memory_release(metacall_memory *memory)
{
    free(memory->native);
    __atomic_sub_fetch(&memories_alive, 1, __ATOMIC_RELAXED);
}

/* guest_memory(size, format, item size, readonly): memory of the guest, of zeros. */
static void *make_memory(size_t count, void *args[], void *data)
{
    metacall_value slot = METACALL_SLOT_INIT, *value;
    size_t size = (size_t)metacall_value_to_long(args[0]);
    char *bytes = calloc(1, size + 1);
    metacall_memory *memory = metacall_memory_create(NULL, bytes, size, bytes, memory_release);
    (void)count, (void)data;
    memory->format = metacall_value_to_string(args[1])[0];
    memory->item_size = (uint32_t)metacall_value_to_long(args[2]);
    memory->flags = metacall_value_to_long(args[3]) ? METACALL_MEMORY_READONLY : 0;
    __atomic_add_fetch(&memories_alive, 1, __ATOMIC_RELAXED);
    metacall_slot_memory(&slot, memory);
    metacall_memory_release(memory);
    value = metacall_value_copy(&slot);
    metacall_slot_clear(&slot);
    return value;
}

static void *count_memories(size_t count, void *args[], void *data)
{
    (void)count, (void)args, (void)data;
    return metacall_value_create_long(__atomic_load_n(&memories_alive, __ATOMIC_RELAXED));
}

/* guest_fill(buffer, byte): writes it all over; gives [shared, read-only, format, item size]. */
static void *fill(size_t count, void *args[], void *data)
{
    metacall_value *value = args[0];
    metacall_memory *memory =
        value->storage & METACALL_STORAGE_SHARED ? value->as.bytes.memory : NULL;
    char format[2] = {memory != NULL ? memory->format : 'B', '\0'};
    long byte = metacall_value_to_long(args[1]);
    void *parts[4];
    (void)count, (void)data;
    if (byte >= 0)
        memset(value->as.bytes.data, (int)byte, value->as.bytes.size);
    parts[0] = metacall_value_create_bool(memory != NULL);
    parts[1] = metacall_value_create_bool(memory != NULL &&
                                          (memory->flags & METACALL_MEMORY_READONLY) != 0);
    parts[2] = metacall_value_create_string(format, 1);
    parts[3] = metacall_value_create_long(memory != NULL ? memory->item_size : 1);
    return metacall_value_create_array((const void **)parts, 4);
}

/* guest_keep(value): holds it until the next one. */
static void *keep(size_t count, void *args[], void *data)
{
    static void *kept;
    (void)count, (void)data;
    metacall_value_destroy(kept);
    kept = metacall_value_copy(args[0]);
    return metacall_value_create_null();
}

int guest_register_objects(void)
{
    static const struct {
        const char *name;
        guest_function function;
        size_t count;
    } functions[] = {
        {"guest_object", make_object, 3},
        {"guest_objects", count_objects, 0},
        {"guest_perform", perform, 3},
        {"guest_perform1", perform, 4},
        {"guest_perform2", perform, 5},
        {"guest_about", about, 1},
        {"guest_future", make_future, 1},
        {"guest_settle", start_settling, 4},
        {"guest_cancelled", count_cancelled, 0},
        {"guest_wait", wait_for, 2},
        {"guest_cancel", cancel, 1},
        {"guest_memory", make_memory, 4},
        {"guest_memories", count_memories, 0},
        {"guest_fill", fill, 2},
        {"guest_keep", keep, 1},
    };
    enum metacall_value_id any[8];
    size_t i;
    for (i = 0; i < sizeof any / sizeof any[0]; i++)
        any[i] = METACALL_INVALID;
    for (i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (metacall_registerv(functions[i].name, functions[i].function, NULL, METACALL_INVALID,
                               functions[i].count, any) != 0)
            return -1;
    return 0;
}
