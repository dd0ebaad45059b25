/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A C program that works with Python's objects, classes, dates, sets, memory and coroutines through
 * the public API alone. Prints what is wrong; ends with 0 when nothing is. */
#include <metacall/loader.h>

#include <metacall/memory.h>
#include <metacall/object.h>

#include <metacall/metacall.h>
#include <metacall/metacall_kinds.h>

#include <stdio.h>
#include <string.h>

static const char script[] =
    "import asyncio, datetime\n"
    "class Point:\n"
    "    count = 0\n"
    "    def __init__(self, x, y=0):\n"
    "        self.x, self.y = x, y\n"
    "        Point.count += 1\n"
    "    def add(self, other):\n"
    "        return Point(self.x + other.x, self.y + other.y)\n"
    "    def typed(self, number: int):\n"
    "        return number\n"
    "def echo(value): return value\n"
    "def type_name(value): return type(value).__name__\n"
    "def day(): return datetime.datetime(1970, 1, 2, tzinfo=datetime.timezone.utc)\n"
    "def items(): return {1, 2, 3}\n"
    "def count(n):\n"
    "    for i in range(n):\n"
    "        yield i\n"
    "memory = bytearray(8)\n"
    "def shared(): return memory\n"
    "def first(): return memory[0]\n"
    "async def later(value):\n"
    "    await asyncio.sleep(0.01)\n"
    "    if value < 0:\n"
    "        raise ValueError('negative')\n"
    "    return value * 2\n"
    "async def never(): await asyncio.sleep(1000)\n";

static int wrong;

static void expect(int truth, const char *what)
{
    struct metacall_exception_type error = {0};
    if (truth)
        return;
    wrong++;
    metacall_error_last(&error);
    printf("wrong: %s (%s: %s)\n", what, error.label, error.message);
    metacall_error_clear();
}

static void *call1(const char *name, void *arg)
{
    void *args[1] = {arg}, *result = metacallv_s(name, args, 1);
    metacall_value_destroy(arg);
    return result;
}

/* Takes the value. */
static long number(void *value)
{
    long result = value != NULL && metacall_value_id(value) == METACALL_LONG
                      ? metacall_value_to_long(value)
                      : -999;
    metacall_value_destroy(value);
    return result;
}

static int failed_with(void *value, const char *label)
{
    struct metacall_exception_type error = {0};
    int right = value == NULL && metacall_error_last(&error) == 0 && strstr(error.label, label);
    metacall_value_destroy(value);
    metacall_error_clear();
    return right;
}

static void try_objects(void)
{
    void *class = metacall_class("Point"), *args[2], *point, *sum, *typed[1];
    expect(class != NULL, "the class");
    args[0] = metacall_value_create_long(3);
    args[1] = metacall_value_create_long(4);
    point = metacall_class_new(class, "Point", args, 2);
    expect(point != NULL && metacall_value_id(point) == METACALL_OBJECT, "an instance");
    expect(number(metacall_object_get(metacall_value_to_object(point), "x")) == 3, "attribute");
    expect(metacall_object_set(metacall_value_to_object(point), "x", args[1]) == 0, "set");
    sum = metacallv_object(metacall_value_to_object(point), "add", &point, 1);
    expect(sum != NULL && number(metacall_object_get(metacall_value_to_object(sum), "x")) == 8,
           "method");
    expect(number(metacall_class_static_get(class, "count")) == 2, "static attribute");
    expect(failed_with(metacall_object_get(metacall_value_to_object(point), "z"), "AttributeError"),
           "missing attribute");
    typed[0] = metacall_value_create_string("abc", 3);
    expect(failed_with(metacallv_object(metacall_value_to_object(point), "typed", typed, 1), ""),
           "annotation of a method");
    metacall_value_destroy(typed[0]);
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
    metacall_value_destroy(sum);
    metacall_value_destroy(point);
    expect(number(metacallv_s("type_name", (void *[]){metacall_value_create_null()}, 1)) == -999,
           "type of null");
}

static void try_kinds(void)
{
    void *value = metacallv_s("day", metacall_null_args, 0), *set[2];
    expect(value != NULL && metacall_value_to_date(value) == INT64_C(86400000000), "a date");
    metacall_value_destroy(value);
    value = call1("type_name", metacall_value_create_date(0));
    expect(value != NULL && strcmp(metacall_value_to_string(value), "datetime") == 0, "date in");
    metacall_value_destroy(value);
    value = metacallv_s("items", metacall_null_args, 0);
    expect(value != NULL && metacall_value_count(value) == 3 &&
               metacall_value_to_set(value) != NULL,
           "a set");
    metacall_value_destroy(value);
    set[0] = metacall_value_create_long(1);
    set[1] = metacall_value_create_long(2);
    value = call1("type_name", metacall_value_create_set((const void **)set, 2, 1));
    expect(value != NULL && strcmp(metacall_value_to_string(value), "frozenset") == 0, "frozen");
    metacall_value_destroy(value);
}

static void try_generator(void)
{
    void *generator = call1("count", metacall_value_create_long(2));
    metacall_value slot = METACALL_SLOT_INIT;
    int rc;
    long sum = 0;
    metacall_object *object = generator != NULL ? ((metacall_value *)generator)->as.object : NULL;
    expect(object != NULL && (object->flags & METACALL_OBJECT_IS_GENERATOR), "a generator");
    while (object != NULL &&
           (rc = metacall_object_perform(object, METACALL_OBJECT_NEXT, NULL, NULL, &slot)) == 0) {
        sum += slot.as.long_ + 10;
        metacall_slot_clear(&slot);
    }
    expect(sum == 21, "what it yields");
    metacall_value_destroy(generator);
}

static void try_memory(void)
{
    void *value = metacallv_s("shared", metacall_null_args, 0);
    expect(value != NULL && metacall_value_size(value) == 8, "memory");
    if (value != NULL)
        memset(metacall_value_to_buffer(value), 7, 8);
    metacall_value_destroy(value);
    expect(number(metacallv_s("first", metacall_null_args, 0)) == 7, "written in place");
}

static void try_futures(void)
{
    void *future = call1("later", metacall_value_create_long(21)), *result;
    expect(future != NULL && metacall_value_id(future) == METACALL_FUTURE, "a coroutine");
    result = metacall_future_value(metacall_value_to_future(future), 5000);
    expect(number(result) == 42, "its result");
    metacall_value_destroy(future);
    future = call1("later", metacall_value_create_long(-1));
    expect(failed_with(metacall_future_value(metacall_value_to_future(future), 5000), "ValueError"),
           "its failure");
    metacall_value_destroy(future);
    future = metacallv_s("never", metacall_null_args, 0);
    expect(failed_with(metacall_future_value(metacall_value_to_future(future), 50), ""),
           "time runs out");
    metacall_value_destroy(future); /* still pending at the end */
}

int main(void)
{
    void *forever;
    if (metacall_initialize() != 0 ||
        metacall_load_from_memory("py", script, sizeof script, NULL) != 0) {
        expect(0, "the start");
        return 1;
    }
    try_objects();
    try_kinds();
    try_generator();
    try_memory();
    try_futures();
    forever = metacallv_s("never", metacall_null_args, 0);
    expect(metacall_destroy() == 0, "the end");
    metacall_value_destroy(forever);
    printf("%d wrong\n", wrong);
    return wrong != 0;
}
