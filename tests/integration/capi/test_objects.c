/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Classes and objects from C: constructed by handle and by name, attributes, methods, iterators,
 * inspection; sets, dates and memory that cross. */
#include <metacall/memory.h>
#include <metacall/object.h>

#include "capi.h"

#include <metacall/metacall_kinds.h>

static const char script[] =
    "class Point(double x, double y, string label?)\n"
    "double Point.sum(any self, double more) = get(self, \"x\") + get(self, \"y\") + more\n"
    "any Point.fail(any self) = raise(\"ValueError\", get(self, \"label\"))\n"
    "any make(double x) = Point(x, 2 * x)\n"
    "any use(any p) = send(p, \"sum\", 0.5)\n"
    "any move(any p, double x) = set(p, \"x\", x)\n"
    "any numbers(long from, long to) = count(from, to)\n"
    "any all(any it) = items(it)\n"
    "any same(any x) = x\n"
    "set some() = setof([1, \"two\"])\n"
    "date when() = instant(1795457160123456)\n"
    "buffer zeros(long size) = memory(size)\n"
    "const origin = Point(0, 0)\n";

static metacall_object *object_of(void *value)
{
    return metacall_value_to_object(value);
}

static void test_constructed_by_handle(void)
{
    void *point = metacall_class("Point");
    void *args[3] = {metacall_value_create_double(1.5), metacall_value_create_long(2),
                     metacall_value_create_string("here", 4)};
    CHECK(point != NULL);
    void *object = metacall_class_new(point, "p", args, 3);
    CHECK_LONG(metacall_value_id(object), METACALL_OBJECT);
    void *p = metacall_value_to_object(object);
    CHECK_TEXT(object_of(object)->type, "Point");
    CHECK_JSON(metacall_object_get(p, "y"), "2.0"); /* converted, as the constructor says */
    CHECK_JSON(metacall_object_get(p, "label"), "\"here\"");
    CHECK(metacall_object_set(p, "x", args[1]) == 0);
    CHECK_JSON(metacall_object_get(p, "x"), "2");
    CHECK_JSON(metacallv_object(p, "sum", args, 1), "5.5");
    CHECK_JSON(metacallt_object(p, "sum", METACALL_LONG, args, 1), "5");
    CHECK(metacallt_object(p, "sum", METACALL_MAP, args, 1) == NULL);
    CHECK_ERROR("TYPE", "a Double cannot be cast to Map");
    CHECK(metacall_object_get(p, "z") == NULL);
    CHECK_ERROR("AttributeError", "Point has no attribute 'z'");
    CHECK(metacall_object_set(p, "z", args[0]) != 0);
    CHECK_ERROR("AttributeError", "'z'");
    CHECK(metacallv_object(p, "fail", NULL, 0) == NULL);
    CHECK_ERROR("ValueError", "here");
    CHECK(metacallv_object(p, "nothing", NULL, 0) == NULL);
    CHECK_ERROR("AttributeError", "'nothing'");
    CHECK(metacall_class_new(point, "p", args, 1) == NULL);
    CHECK_ERROR("ARGUMENT", "Point (mock) takes at least 2 arguments, got 1");
    CHECK(metacall_class_new(p, "p", args, 2) == NULL);
    CHECK_ERROR("SUPPORT", "Point");
    /* A method that is kept is bound. */
    void *sum = metacall_object_get(p, "sum");
    CHECK_LONG(metacall_value_id(sum), METACALL_FUNCTION);
    metacall_value_destroy(object);
    CHECK_JSON(metacallfv_s(metacall_value_to_function(sum), args, 1), "5.5");
    metacall_value_destroy(sum);
    for (int i = 0; i < 3; i++)
        metacall_value_destroy(args[i]);
}

static void test_class_members(void)
{
    void *point = metacall_class("Point");
    void *args[2] = {metacallv_s("origin", NULL, 0), metacall_value_create_double(4)};
    CHECK(args[0] == NULL); /* a constant, no function */
    CHECK_ERROR("TYPE", "'origin' is loaded, but it is no function");
    void *x = metacall_value_create_double(1);
    args[0] = metacallv_s("make", &x, 1);
    void *method = metacall_class_static_get(point, "sum");
    CHECK_LONG(metacall_value_id(method), METACALL_FUNCTION);
    CHECK_JSON(metacallfv_s(metacall_value_to_function(method), args, 2), "7.0");
    CHECK_JSON(metacallv_class(point, "sum", args, 2), "7.0");
    CHECK_JSON(metacallt_class(point, "sum", METACALL_INT, args, 2), "7");
    CHECK(metacall_class_static_get(point, "nothing") == NULL);
    CHECK_ERROR("AttributeError", "'nothing'");
    CHECK(metacall_class_static_set(point, "nothing", x) != 0);
    CHECK_ERROR("SUPPORT", "Point");
    metacall_value_destroy(method);
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
    metacall_value_destroy(x);
}

static void test_constructed_by_name(void)
{
    const enum metacall_value_id ids[2] = {METACALL_DOUBLE, METACALL_DOUBLE};
    void *x = metacall_value_create_double(3), *args[2] = {x, x}, *handle = NULL;
    void *object = metacallv_s("Point", args, 2);
    CHECK_JSON(metacallv_s("use", &object, 1), "6.5");
    metacall_value_destroy(object);
    object = metacallt_s("Point", ids, 2, 1.0, 2.0);
    CHECK_JSON(metacallv_s("use", &object, 1), "3.5");
    metacall_value_destroy(object);
    object = metacall("Point", 4.0, 5.0, "there"); /* by its signature */
    CHECK_JSON(metacall_object_get(metacall_value_to_object(object), "label"), "\"there\"");
    metacall_value_destroy(object);
    /* As a function it is the same one as long as it is held. */
    void *function = metacall_function("Point");
    CHECK(function != NULL && function == metacall_function("Point"));
    CHECK_LONG(metacall_function_size(function), 3);
    object = metacallfs(function, "[1, 2]", 6, NULL);
    CHECK_JSON(metacallv_s("use", &object, 1), "3.5");
    metacall_value_destroy(object);
    object = metacallfms(function, "{\"y\": 1, \"x\": 2}", 16, NULL);
    CHECK_JSON(metacall_object_get(metacall_value_to_object(object), "x"), "2.0");
    metacall_value_destroy(object);
    CHECK(metacall_load_from_memory("mock", "class Own(any a)\n", 18, &handle) == 0);
    object = metacallhv_s(handle, "Own", args, 1);
    CHECK_LONG(metacall_value_id(object), METACALL_OBJECT);
    metacall_value_destroy(object);
    CHECK(metacall_handle_function(handle, "Own") != NULL); /* the handle's, which goes with it */
    CHECK(metacallv_s("Own", args, 1) == NULL);             /* it is the handle's own */
    CHECK_ERROR("NOT_FOUND", "Own");
    CHECK(metacall_clear(handle) == 0);
    metacall_value_destroy(x);
}

static void test_identity(void)
{
    void *x = metacall_value_create_double(1), *object = metacallv_s("make", &x, 1);
    void *same = metacallv_s("same", &object, 1);
    CHECK(metacall_value_to_object(same) == metacall_value_to_object(object));
    void *args[2] = {object, x};
    metacall_value_destroy(metacallv_s("move", args, 2));
    CHECK_JSON(metacall_object_get(metacall_value_to_object(same), "x"), "1.0");
    void *copy = metacall_value_create_object(metacall_value_to_object(object));
    metacall_value_destroy(object);
    metacall_value_destroy(same);
    CHECK_JSON(metacall_object_get(metacall_value_to_object(copy), "y"), "2.0");
    void *class_value = metacall_value_create_class(metacall_class("Point"));
    CHECK_LONG(metacall_value_id(class_value), METACALL_CLASS);
    CHECK(metacall_value_to_class(class_value) == metacall_class("Point"));
    CHECK(metacall_value_create_class(metacall_value_to_object(copy)) == NULL);
    CHECK_ERROR("TYPE", "an object of type Point is no class");
    size_t size;
    CHECK(metacall_serialize(metacall_serial(), class_value, &size, NULL) == NULL);
    CHECK_ERROR("TYPE", "JSON has no form for the class Point");
    const void *list[1] = {copy};
    void *array = metacall_value_create_array(list, 1);
    CHECK(metacall_serialize(metacall_serial(), array, &size, NULL) == NULL);
    CHECK_ERROR("TYPE", "JSON has no form for an object of type Point at [0]");
    metacall_value_destroy(array);
    metacall_value_destroy(class_value);
    metacall_value_destroy(x);
}

static void test_iterators(void)
{
    void *args[2] = {metacall_value_create_long(2), metacall_value_create_long(4)};
    void *numbers = metacallv_s("numbers", args, 2);
    metacall_object *object = object_of(numbers);
    metacall_value item = METACALL_SLOT_INIT;
    CHECK(object->flags & METACALL_OBJECT_IS_ITERATOR);
    CHECK_LONG(metacall_object_perform(object, METACALL_OBJECT_LENGTH, NULL, NULL, &item), 0);
    CHECK_LONG(item.as.long_, 2);
    CHECK_LONG(metacall_object_perform(object, METACALL_OBJECT_NEXT, NULL, NULL, &item), 0);
    CHECK_LONG(item.as.long_, 2);
    CHECK_LONG(metacall_object_perform(object, METACALL_OBJECT_NEXT, NULL, NULL, &item), 0);
    CHECK_LONG(item.as.long_, 3);
    CHECK_LONG(metacall_object_perform(object, METACALL_OBJECT_NEXT, NULL, NULL, &item), 1);
    metacall_value_destroy(numbers);
    numbers = metacallv_s("numbers", args, 2);
    CHECK_JSON(metacallv_s("all", &numbers, 1), "[2,3]");
    metacall_value_destroy(numbers);
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
}

static void test_other_kinds(void)
{
    void *set = metacallv_s("some", NULL, 0), *when = metacallv_s("when", NULL, 0);
    CHECK_LONG(metacall_value_id(set), METACALL_SET);
    CHECK_JSON(metacallv_s("same", &set, 1), "[1,\"two\"]");
    CHECK_JSON(when, "\"2026-11-23T18:06:00.123456Z\"");
    metacall_value_destroy(set);
    void *size = metacall_value_create_long(4096);
    void *zeros = metacallv_s("zeros", &size, 1);
    char *bytes = metacall_value_to_buffer(zeros);
    CHECK_LONG(metacall_value_count(zeros), 4096);
    bytes[4095] = 7;
    void *same = metacallv_s("same", &zeros, 1);
    CHECK(metacall_value_to_buffer(same) == bytes); /* in place */
    metacall_value_destroy(zeros);
    CHECK(((char *)metacall_value_to_buffer(same))[4095] == 7);
    metacall_value_destroy(same);
    metacall_value_destroy(size);
}

#define ANY "{\"type\":{\"name\":\"\",\"id\":20}}"
#define ARG(name, type, id, required)                                                              \
    "{\"name\":\"" name "\",\"type\":{\"name\":\"" type "\",\"id\":" id "},\"required\":" required \
    ",\"kind\":\"any\"}"

/* A class and an object in an inspection. */
static void test_inspection(void)
{
    void *handle = NULL;
    size_t size = 0;
    static const char text[] = "class Pair(long a, any b?)\n"
                               "long Pair.first(any self) = get(self, \"a\")\n"
                               "const one = Pair(1)\n";
    char wanted[2048];
    CHECK(metacall_load_from_memory("mock", text, sizeof(text), &handle) == 0);
    char *json = metacall_inspect(&size, NULL);
    snprintf(
        wanted, sizeof(wanted),
        "{\"name\":\"%s\",\"scope\":{\"name\":\"%s\",\"funcs\":[],\"classes\":[{\"name\":"
        "\"Pair\",\"constructors\":[{\"name\":\"Pair\",\"signature\":{\"ret\":" ANY
        ",\"args\":[" ARG("a", "Long", "4", "true") "," ARG(
            "b", "", "20", "false") "],\"variadic\":false}}],\"methods\":[{\"name\":\"first\","
                                    "\"signature\":{\"ret\":"
                                    "{\"type\":{\"name\":\"Long\",\"id\":4}},\"args\":[" ARG(
                                        "self", "", "20",
                                        "true") "],\"variadic\":false},\"async\":false,"
                                                "\"generator\":false}],\"staticMethods\":[],"
                                                "\"attributes\":[{\"name\":\"a\",\"type\":{"
                                                "\"name\":\"\",\"id\":20}},{\"name\":\"b\","
                                                "\"type\":{\"name\":\"\",\"id\":20}}],"
                                                "\"staticAttributes\":[]}],\"objects\":[{\"name\":"
                                                "\"one\",\"class\":\"Pair\"}]}}",
        metacall_handle_id(handle), metacall_handle_id(handle));
    if (!CHECK(json != NULL && strstr(json, wanted) != NULL))
        fprintf(stderr, "    %s\n    %s\n", json, wanted);
    free(json);
    CHECK(metacall_clear(handle) == 0);
}

int main(void)
{
    CHECK(metacall_initialize() == 0);
    if (!CHECK(metacall_load_from_memory("mock", script, sizeof(script), NULL) == 0))
        CHECK_ERROR("", "nothing");
    test_constructed_by_handle();
    test_class_members();
    test_constructed_by_name();
    test_identity();
    test_iterators();
    test_other_kinds();
    test_inspection();
    CHECK(metacall_destroy() == 0);
    return capi_result();
}
