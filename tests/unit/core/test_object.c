/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What stays where it is and is counted: objects with their gate, memory in place; dates and sets,
 * the kinds that travel. */
#include "check.h"
#include "fake_loader.h"

#include "core/value.h"

#include <metacall/intercept.h>
#include <metacall/memory.h>
#include <metacall/object.h>

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned destroyed, released;

static struct {
    unsigned calls;
    enum metacall_object_operation operation;
    char name[32];
    size_t count;
} seen;

static int perform(metacall_object *object, enum metacall_object_operation operation,
                   const char *name, const struct metacall_call *call, metacall_value *ret)
{
    (void)object;
    seen.calls++;
    seen.operation = operation;
    snprintf(seen.name, sizeof(seen.name), "%s", name != NULL ? name : "");
    seen.count = call->count;
    if (operation == METACALL_OBJECT_NEXT)
        return 1;
    metacall_slot_long(ret, 5);
    return 0;
}

static void object_destroy(metacall_object *object)
{
    (void)object;
    destroyed++;
}

static const struct metacall_object_ops ops = {perform, object_destroy};

static int ask(metacall_object *object, enum metacall_object_operation operation, const char *name,
               size_t count)
{
    metacall_value slots[3] = {METACALL_SLOT_INIT, METACALL_SLOT_INIT, METACALL_SLOT_INIT};
    metacall_value *args[3] = {&slots[0], &slots[1], &slots[2]}, ret = METACALL_SLOT_INIT;
    struct metacall_call call = {args, count, NULL, 0};
    return metacall_object_perform(object, operation, name, &call, &ret);
}

static void test_objects_are_values(void)
{
    metacall_value slot = METACALL_SLOT_INIT, list = METACALL_SLOT_INIT;
    destroyed = 0;
    metacall_object *object = metacall_object_create(NULL, "Point", &ops, NULL, 0);
    metacall_object *class =
        metacall_object_create(NULL, NULL, &ops, NULL, METACALL_OBJECT_IS_CLASS);
    CHECK_TEXT(object->type, "Point");
    CHECK_TEXT(class->type, "");
    metacall_slot_object(&slot, object);
    CHECK_LONG(slot.id, METACALL_OBJECT);
    CHECK(metacall_slot_array(&list, 2) == 0);
    CHECK(metacall_slot_copy(list.as.array.items[0], &slot) == 0);
    metacall_slot_object(list.as.array.items[1], class);
    CHECK_LONG(list.as.array.items[1]->id, METACALL_CLASS);
    metacall_object_release(object);
    metacall_object_release(class);
    metacall_object_release(NULL);
    metacall_slot_clear(&slot);
    CHECK_LONG(destroyed, 0);
    metacall_value *copy = value_copy(&list);
    metacall_slot_clear(&list);
    CHECK(copy->as.array.items[0]->as.object == object);
    value_destroy(copy);
    CHECK_LONG(destroyed, 2);
}

static void test_operations_are_checked(void)
{
    memset(&seen, 0, sizeof(seen));
    metacall_object *object = metacall_object_create(NULL, "Point", &ops, NULL, 0);
    metacall_value ret = METACALL_SLOT_INIT;
    CHECK_LONG(metacall_object_perform(object, METACALL_OBJECT_GET, "x", NULL, &ret), 0);
    CHECK_LONG(ret.as.long_, 5);
    CHECK_TEXT(seen.name, "x");
    CHECK_LONG(ask(object, METACALL_OBJECT_NEXT, NULL, 0), 1);
    CHECK_LONG(ask(object, METACALL_OBJECT_METHOD, "move", 3), 0);
    CHECK_LONG(seen.count, 3);
    CHECK_LONG(ask(object, METACALL_OBJECT_ITEM_SET, NULL, 2), 0);
    seen.calls = 0;
    CHECK_LONG(ask(object, METACALL_OBJECT_GET, NULL, 0), -1);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "to get an attribute of a Point takes a name");
    CHECK_LONG(ask(object, METACALL_OBJECT_SET, "x", 0), -1);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "to set an attribute of a Point takes 1 argument, got 0");
    CHECK_LONG(ask(object, METACALL_OBJECT_ITEM_SET, NULL, 1), -1);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "takes 2 arguments, got 1");
    CHECK_LONG(ask(object, (enum metacall_object_operation)99, NULL, 1), -1);
    CHECK_ERROR(METACALL_ERROR_SUPPORT, "a Point knows no operation 99");
    metacall_value *none[1] = {NULL};
    struct metacall_call call = {none, 1, NULL, 0};
    CHECK_LONG(metacall_object_perform(object, METACALL_OBJECT_CALL, NULL, &call, &ret), -1);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "argument 1 to a Point is NULL");
    CHECK_LONG(seen.calls, 0);
    metacall_object_release(object);
}

static void test_ended_loader_refuses(void)
{
    metacall_loader *loader = fake_start("fake");
    memset(&seen, 0, sizeof(seen));
    destroyed = 0;
    metacall_object *object = metacall_object_create(loader, "Point", &ops, NULL, 0);
    CHECK_LONG(ask(object, METACALL_OBJECT_TEXT, NULL, 0), 0);
    CHECK_LONG(loader_table_destroy(), 0);
    CHECK_LONG(ask(object, METACALL_OBJECT_GET, "x", 0), -1);
    CHECK_ERROR(METACALL_ERROR_STATE, "cannot use x: its loader 'fake' has ended");
    CHECK_LONG(ask(object, METACALL_OBJECT_TEXT, NULL, 0), -1);
    CHECK_ERROR(METACALL_ERROR_STATE, "cannot use Point: its loader 'fake' has ended");
    CHECK_LONG(seen.calls, 1);
    metacall_object_release(object);
    CHECK_LONG(destroyed, 1);
}

static void test_as_functions(void)
{
    metacall_value ret = METACALL_SLOT_INIT;
    struct metacall_call none = {NULL, 0, NULL, 0};
    destroyed = 0;
    metacall_object *class = metacall_object_create(
        NULL, "Point", &ops, NULL, METACALL_OBJECT_IS_CLASS | METACALL_OBJECT_IS_CALLABLE);
    metacall_object *callable =
        metacall_object_create(NULL, "Caller", &ops, NULL, METACALL_OBJECT_IS_CALLABLE);
    metacall_object *plain = metacall_object_create(NULL, "Plain", &ops, NULL, 0);
    metacall_function *function = metacall_object_function(class);
    CHECK_TEXT(metacall_function_name(function), "Point");
    CHECK_LONG(metacall_function_call(function, &none, &ret), 0);
    CHECK_LONG(seen.operation, METACALL_OBJECT_CONSTRUCT);
    metacall_function *again = metacall_object_function(class);
    CHECK(again == function);
    metacall_function_release(again);
    metacall_object_release(class);
    CHECK_LONG(destroyed, 0); /* the function holds it */
    metacall_function_release(function);
    CHECK_LONG(destroyed, 1);
    function = metacall_object_function(callable);
    CHECK_LONG(metacall_function_call(function, &none, &ret), 0);
    CHECK_LONG(seen.operation, METACALL_OBJECT_CALL);
    metacall_function_release(function);
    function = metacall_object_function(callable); /* made anew */
    CHECK(function != NULL);
    metacall_function_release(function);
    CHECK(metacall_object_function(plain) == NULL);
    CHECK_ERROR(METACALL_ERROR_TYPE, "an object of type Plain cannot be called");
    metacall_object_release(callable);
    metacall_object_release(plain);
    CHECK_LONG(destroyed, 3);
}

static int count_hook(metacall_function *function, const struct metacall_call *call,
                      metacall_value *ret, void *data)
{
    (void)function, (void)call, (void)ret;
    ++*(unsigned *)data;
    return 0;
}

static void test_constructions_are_intercepted(void)
{
    unsigned count = 0;
    metacall_object *class = metacall_object_create(
        NULL, "Point", &ops, NULL, METACALL_OBJECT_IS_CLASS | METACALL_OBJECT_IS_CALLABLE);
    metacall_function *function = metacall_object_function(class);
    metacall_interception *interception =
        metacall_intercept(function, count_hook, NULL, &count, NULL);
    metacall_function_release(function);
    CHECK_LONG(ask(class, METACALL_OBJECT_CONSTRUCT, NULL, 0), 0);
    CHECK_LONG(count, 1);
    CHECK_LONG(ask(class, METACALL_OBJECT_CALL, NULL, 0), 0); /* another thing */
    CHECK_LONG(count, 1);
    CHECK_LONG(metacall_intercept_remove(interception), 0);
    CHECK_LONG(ask(class, METACALL_OBJECT_CONSTRUCT, NULL, 0), 0);
    CHECK_LONG(count, 1);
    metacall_error_release(metacall_error_take());
    metacall_object_release(class);
}

/* ------------------------------------------------------------------------------------ memory */

static void memory_release(metacall_memory *memory)
{
    released++;
    free(memory->native);
}

static void test_memory_in_place(void)
{
    metacall_value slot = METACALL_SLOT_INIT;
    released = 0;
    char *bytes = malloc(16);
    memcpy(bytes, "0123456789abcdef", 16);
    metacall_memory *memory = metacall_memory_create(NULL, bytes, 16, bytes, memory_release);
    CHECK_LONG(memory->format, 'B');
    CHECK_LONG(memory->item_size, 1);
    CHECK_LONG(memory->flags, 0);
    metacall_slot_memory(&slot, memory);
    CHECK_LONG(slot.id, METACALL_BUFFER);
    CHECK(slot.storage & METACALL_STORAGE_SHARED);
    metacall_value *copy = value_copy(&slot);
    CHECK(copy->as.bytes.data == bytes); /* no copy of what is in it */
    CHECK(copy->storage & METACALL_STORAGE_SHARED);
    metacall_slot_clear(&slot);
    metacall_value moved = METACALL_SLOT_INIT;
    value_move(&moved, copy);
    value_destroy(copy);
    CHECK(moved.as.bytes.memory == memory);
    CHECK(value_own(&moved) == 0);
    CHECK(moved.as.bytes.data == bytes);
    metacall_memory_release(memory);
    CHECK_LONG(released, 0);
    metacall_slot_clear(&moved);
    CHECK_LONG(released, 1);
    metacall_memory_release(NULL);
}

static void test_memory_of_a_lost_runtime(void)
{
    int status;
    metacall_loader *loader = fake_start("fake");
    char byte = 0;
    released = destroyed = 0;
    metacall_memory *memory = metacall_memory_create(loader, &byte, 1, NULL, memory_release);
    metacall_object *object = metacall_object_create(loader, "Point", &ops, NULL, 0);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(20);
        check_failed = check_passed = 0;
        CHECK_LONG(ask(object, METACALL_OBJECT_TEXT, NULL, 0), -1);
        CHECK_ERROR(METACALL_ERROR_FORK, "stayed in the parent");
        metacall_object_release(object);
        metacall_memory_release(memory);
        CHECK_LONG(released + destroyed, 0);
        fflush(stderr);
        _exit(check_failed != 0 || check_passed == 0);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_LONG(status, 0);
    metacall_object_release(object);
    metacall_memory_release(memory);
    CHECK_LONG(released + destroyed, 2);
    loader_table_destroy();
}

/* ------------------------------------------------------------------------- dates and sets */

static void test_dates(void)
{
    metacall_value slot = METACALL_SLOT_INIT, copy = METACALL_SLOT_INIT;
    metacall_slot_date(&slot, -1234567890123456);
    CHECK_LONG(slot.id, METACALL_DATE);
    CHECK(metacall_slot_copy(&copy, &slot) == 0);
    CHECK_LONG(copy.as.date, -1234567890123456);
    metacall_slot_clear(&copy);
    CHECK_LONG(copy.id, METACALL_NULL);
    CHECK_TEXT(metacall_kind_name(METACALL_DATE), "Date");
    CHECK_TEXT(metacall_kind_name(METACALL_SET), "Set");
    CHECK(value_kind_is_known(METACALL_DATE) && value_kind_is_known(METACALL_SET));
    CHECK(!value_kind_is_known(METACALL_SET + 1));
}

static void test_sets(void)
{
    metacall_value slot = METACALL_SLOT_INIT, empty = METACALL_SLOT_INIT;
    CHECK(metacall_slot_set(&slot, 3) == 0);
    CHECK_LONG(slot.id, METACALL_SET);
    CHECK_LONG(slot.as.array.items[2]->id, METACALL_NULL);
    slot.storage |= METACALL_STORAGE_FROZEN;
    CHECK(metacall_slot_bytes(slot.as.array.items[0], METACALL_STRING, "one", 3) == 0);
    CHECK(metacall_slot_set(slot.as.array.items[1], 1) == 0); /* a frozen one inside */
    slot.as.array.items[1]->storage |= METACALL_STORAGE_FROZEN;
    metacall_slot_long(slot.as.array.items[1]->as.array.items[0], 4);
    metacall_value *copy = value_copy(&slot);
    metacall_slot_clear(&slot);
    CHECK_LONG(copy->id, METACALL_SET);
    CHECK(copy->storage & METACALL_STORAGE_FROZEN);
    CHECK_TEXT(copy->as.array.items[0]->as.bytes.data, "one");
    CHECK_LONG(copy->as.array.items[1]->id, METACALL_SET);
    CHECK(copy->as.array.items[1]->storage & METACALL_STORAGE_FROZEN);
    CHECK_LONG(copy->as.array.items[1]->as.array.items[0]->as.long_, 4);
    value_destroy(copy);
    CHECK(metacall_slot_set(&empty, 0) == 0);
    copy = value_copy(&empty);
    CHECK_LONG(copy->id, METACALL_SET);
    CHECK(!(copy->storage & METACALL_STORAGE_FROZEN));
    value_destroy(copy);
    metacall_slot_clear(&empty);
}

static void test_a_borrowing_set_is_owned(void)
{
    char bytes[] = "mine";
    metacall_value slot = METACALL_SLOT_INIT;
    CHECK(metacall_slot_set(&slot, 1) == 0);
    slot.storage |= METACALL_STORAGE_FROZEN;
    metacall_slot_borrow(slot.as.array.items[0], METACALL_STRING, bytes, 4);
    CHECK(value_own(&slot) == 0);
    bytes[0] = 'X';
    CHECK_TEXT(slot.as.array.items[0]->as.bytes.data, "mine");
    CHECK(slot.storage & METACALL_STORAGE_FROZEN);
    metacall_slot_clear(&slot);
}

static const struct check_test tests[] = {
    {"objects are values", test_objects_are_values},
    {"operations are checked", test_operations_are_checked},
    {"an ended loader refuses", test_ended_loader_refuses},
    {"as functions", test_as_functions},
    {"constructions are intercepted", test_constructions_are_intercepted},
    {"memory in place", test_memory_in_place},
    {"memory of a lost runtime", test_memory_of_a_lost_runtime},
    {"dates", test_dates},
    {"sets", test_sets},
    {"a borrowing set is owned", test_a_borrowing_set_is_owned},
};
CHECK_MAIN(tests)
