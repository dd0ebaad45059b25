/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Objects, promises and shared memory of an embedded Node, from C and from several threads. */
#include <metacall/future.h>
#include <metacall/memory.h>
#include <metacall/object.h>

#include "embed_check.h"

#include <pthread.h>

static const char script[] =
    "class Counter { constructor(n) { this.n = n; } add(by) { this.n += by; return this.n; }\n"
    "  static zero() { return new Counter(0); } get twice() { return this.n * 2; } }\n"
    "const later = (ms, v) => new Promise((resolve) => setTimeout(resolve, ms, v));\n"
    "function* count(n) { for (let i = 0; i < n; i++) yield i; return 'end'; }\n"
    "module.exports = { Counter, later, count, never: () => new Promise(() => {}),\n"
    "  fail: async () => { await later(1); throw new RangeError('late'); },\n"
    "  numbers: (n) => new Float64Array(n).fill(1.5),\n"
    "  wait: (f) => f(later(1, 1)), same: (a, b) => a === b,\n"
    "  first: (x) => x[0] };\n";

static void *handle;

static void *function_of(const char *name)
{
    void *found = metacall_handle_function(handle, name);

    CHECK(found != NULL);
    return found;
}

/* Calls with values that it takes over. */
static metacall_value *call(const char *name, metacall_value *first, metacall_value *second)
{
    void *args[2] = {first, second};
    metacall_value *result =
        metacallfv_s(function_of(name), args, (first != NULL) + (second != NULL));

    metacall_value_destroy(first);
    metacall_value_destroy(second);
    return result;
}

static int perform(metacall_object *object, enum metacall_object_operation operation,
                   const char *name, metacall_value *argument, metacall_value *ret)
{
    struct metacall_call one = {&argument, argument != NULL, NULL, 0};

    *ret = (metacall_value)METACALL_SLOT_INIT;
    return metacall_object_perform(object, operation, name, &one, ret);
}

static void check_objects(void)
{
    metacall_value *exported = metacall_handle_export(handle), *class = NULL, ret, number;
    metacall_object *counter;

    for (size_t i = 0; i < exported->as.array.count; i++) {
        metacall_value **pair = exported->as.array.items[i]->as.array.items;
        if (strcmp(pair[0]->as.bytes.data, "Counter") == 0)
            class = pair[1];
    }
    CHECK(class != NULL && class->id == METACALL_CLASS);
    number = (metacall_value)METACALL_SLOT_INIT;
    metacall_slot_long(&number, 5);
    CHECK(perform(class->as.object, METACALL_OBJECT_CONSTRUCT, NULL, &number, &ret) == 0);
    CHECK(ret.id == METACALL_OBJECT && strcmp(ret.as.object->type, "Counter") == 0);
    counter = ret.as.object;
    CHECK(perform(counter, METACALL_OBJECT_METHOD, "add", &number, &ret) == 0);
    CHECK(ret.as.long_ == 10);
    CHECK(perform(counter, METACALL_OBJECT_GET, "twice", NULL, &ret) == 0 && ret.as.long_ == 20);
    CHECK(perform(counter, METACALL_OBJECT_GET, "nothing", NULL, &ret) == -1);
    CHECK(metacall_error_peek()->code == METACALL_ERROR_NOT_FOUND);
    CHECK(perform(counter, METACALL_OBJECT_METHOD, "nothing", NULL, &ret) == -1);
    CHECK(metacall_error_peek()->code == METACALL_ERROR_GUEST);
    metacall_object_release(counter);
    metacall_value_destroy(exported);
}

static void check_generator(void)
{
    metacall_value *generator = call("count", metacall_value_create_long(2), NULL), ret;

    CHECK(generator != NULL && generator->id == METACALL_OBJECT);
    CHECK(generator->as.object->flags & METACALL_OBJECT_IS_GENERATOR);
    CHECK(perform(generator->as.object, METACALL_OBJECT_NEXT, NULL, NULL, &ret) == 0);
    CHECK(ret.as.long_ == 0);
    CHECK(perform(generator->as.object, METACALL_OBJECT_NEXT, NULL, NULL, &ret) == 0);
    CHECK(perform(generator->as.object, METACALL_OBJECT_NEXT, NULL, NULL, &ret) == 1);
    CHECK(ret.id == METACALL_STRING && strcmp(ret.as.bytes.data, "end") == 0);
    metacall_slot_clear(&ret);
    metacall_value_destroy(generator);
}

static void check_futures(void)
{
    metacall_value *promise =
        call("later", metacall_value_create_long(20), metacall_value_create_string("came", 4));
    const metacall_value *value = NULL;
    metacall_error *error = NULL;

    CHECK(promise != NULL && promise->id == METACALL_FUTURE);
    CHECK(metacall_future_wait(promise->as.future, 5000) == 0);
    CHECK(metacall_future_result(promise->as.future, &value, &error) == METACALL_FUTURE_RESOLVED);
    CHECK(strcmp(value->as.bytes.data, "came") == 0);
    metacall_value_destroy(promise);

    promise = call("fail", NULL, NULL);
    CHECK(promise != NULL && metacall_future_wait(promise->as.future, 5000) == 0);
    CHECK(metacall_future_result(promise->as.future, &value, &error) == METACALL_FUTURE_REJECTED);
    CHECK(strcmp(error->type, "RangeError") == 0 && strcmp(error->message, "late") == 0);
    metacall_value_destroy(promise);

    promise = call("never", NULL, NULL);
    CHECK(metacall_future_wait(promise->as.future, 30) == -1);
    CHECK(metacall_error_peek()->code == METACALL_ERROR_TIMEOUT);
    CHECK(metacall_future_cancel(promise->as.future) == 0);
    CHECK(metacall_future_result(promise->as.future, &value, &error) == METACALL_FUTURE_REJECTED);
    CHECK(error->code == METACALL_ERROR_CANCELLED);
    metacall_value_destroy(promise);
}

static void check_memory(void)
{
    metacall_value *numbers = call("numbers", metacall_value_create_long(1000000), NULL), *home;
    metacall_memory *memory;

    CHECK(numbers != NULL && numbers->storage & METACALL_STORAGE_SHARED);
    memory = numbers->as.bytes.memory;
    CHECK(memory->format == 'd' && memory->size == 8000000);
    ((double *)(void *)memory->data)[0] = 42;
    home = call("first", metacall_value_copy(numbers), NULL);
    CHECK(home != NULL && home->as.long_ == 42);
    metacall_value_destroy(home);
    home = call("same", metacall_value_copy(numbers), metacall_value_copy(numbers));
    CHECK(home != NULL && home->as.boolean_);
    metacall_value_destroy(home);
    metacall_value_destroy(numbers);
}

/* A function of C that JavaScript calls, which waits for a promise of that very JavaScript. */
static void *wait_here(size_t count, void *args[], void *data)
{
    metacall_value *promise = args[0];
    int *seen = data;

    CHECK(count == 1 && promise->id == METACALL_FUTURE);
    CHECK(metacall_future_wait(promise->as.future, 5000) == -1);
    *seen = metacall_error_peek()->code;
    return metacall_value_create_null();
}

static void check_deadlock(void)
{
    enum metacall_value_id types[1] = {METACALL_INVALID};
    void *function = NULL, *result;
    int seen = 0;

    CHECK(metacall_registerv_closure("wait_here", wait_here, &function, METACALL_INVALID, 1, types,
                                     &seen) == 0);
    result = call("wait", metacall_value_create_function(function), NULL);
    CHECK(result != NULL && seen == METACALL_ERROR_DEADLOCK);
    metacall_value_destroy(result);
}

/* A future of C that JavaScript awaits, settled by another thread. */
static void *settle_later(void *data)
{
    metacall_value value = METACALL_SLOT_INIT;

    sleep_ms(20);
    metacall_slot_long(&value, 7);
    CHECK(metacall_future_resolve(data, &value) == 0);
    metacall_future_release(data);
    return NULL;
}

static void check_settled_from_outside(void)
{
    void *waiter = load_script("module.exports = { add: async (p) => (await p) + 1 };");
    metacall_future *future = metacall_future_create(NULL, NULL, NULL);
    metacall_value *argument, *promise;
    const metacall_value *value = NULL;
    pthread_t thread;

    CHECK(future != NULL);
    argument = metacall_value_create_future(future);
    metacall_future_reference(future);
    CHECK(pthread_create(&thread, NULL, settle_later, future) == 0);
    promise = metacallfv_s(metacall_handle_function(waiter, "add"), (void *[]){argument}, 1);
    CHECK(promise != NULL && metacall_future_wait(promise->as.future, 5000) == 0);
    CHECK(metacall_future_result(promise->as.future, &value, NULL) == METACALL_FUTURE_RESOLVED);
    CHECK(value->as.long_ == 8);
    pthread_join(thread, NULL);
    metacall_value_destroy(promise);
    metacall_value_destroy(argument);
    metacall_future_release(future);
}

/* Several threads make objects and wait for promises at the same time. */
static void *work(void *data)
{
    for (int i = 0; i < 100; i++) {
        metacall_value *generator = call("count", metacall_value_create_long(3), NULL), ret;
        metacall_value *promise =
            call("later", metacall_value_create_long(1), metacall_value_create_long(i));
        const metacall_value *value = NULL;
        CHECK(generator && promise);
        for (int k = 0; k < 3; k++) {
            CHECK(perform(generator->as.object, METACALL_OBJECT_NEXT, NULL, NULL, &ret) == 0);
            CHECK(ret.as.long_ == k);
        }
        CHECK(metacall_future_wait(promise->as.future, 20000) == 0);
        CHECK(metacall_future_result(promise->as.future, &value, NULL) == METACALL_FUTURE_RESOLVED);
        CHECK(value->as.long_ == i);
        metacall_value_destroy(generator);
        metacall_value_destroy(promise);
    }
    return data;
}

int main(void)
{
    pthread_t threads[4];

    CHECK(metacall_initialize() == 0);
    handle = load_script(script);
    check_objects();
    check_generator();
    check_futures();
    check_memory();
    check_deadlock();
    check_settled_from_outside();
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, work, NULL) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    metacall_value_destroy(call("never", NULL, NULL)); /* and nobody waits for it */
    CHECK(metacall_destroy() == 0);
    puts("ok");
    return 0;
}
