/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Classes and objects in an inspection. What a class has is its loader's to tell
 * (METACALL_OBJECT_MEMBERS); where it does not, the names that it lists have to do. */
#include "ports/c/inspect.h"

#include <string.h>

/* The groups of a class, as METACALL_OBJECT_MEMBERS names them too. */
static const struct inspect_group {
    const char *key;
    int functions;
} inspect_groups[] = {
    {"methods", 1}, {"staticMethods", 1}, {"attributes", 0}, {"staticAttributes", 0}};

#define INSPECT_GROUPS (sizeof(inspect_groups) / sizeof(inspect_groups[0]))

/* {name, signature, async, generator} of a method that was not described. */
static int inspect_method_name(metacall_value *slot, const char *name)
{
    static const struct function_signature unknown = {.result = METACALL_INVALID};
    if (metacall_slot_map(slot, 4) != 0 || inspect_member_text(slot, 0, "name", name) != 0 ||
        inspect_signature(slot, 1, &unknown, METACALL_FUNCTION_VARIADIC) != 0 ||
        inspect_member_bool(slot, 2, "async", 0) != 0)
        return -1;
    return inspect_member_bool(slot, 3, "generator", 0);
}

/* {name, type} */
static int inspect_attribute(metacall_value *slot, const char *name)
{
    return metacall_slot_map(slot, 2) == 0 && inspect_member_text(slot, 0, "name", name) == 0
               ? inspect_type(slot, 1, METACALL_INVALID)
               : -1;
}

/* The group of that name in what the loader told, or NULL. */
static const metacall_value *inspect_find(const metacall_value *members, const char *key)
{
    for (size_t i = 0; members->id == METACALL_MAP && i < members->as.array.count; i++) {
        metacall_value *const *pair = members->as.array.items[i]->as.array.items;
        if (pair[0]->id == METACALL_STRING && strcmp(pair[0]->as.bytes.data, key) == 0)
            return pair[1]->id == METACALL_MAP ? pair[1] : NULL;
    }
    return NULL;
}

static int inspect_told(metacall_value *slot, size_t at, const struct inspect_group *group,
                        const metacall_value *members)
{
    const metacall_value *told = inspect_find(members, group->key);
    size_t count = told != NULL ? told->as.array.count : 0;
    metacall_value *list = inspect_nested(slot, at, group->key, METACALL_ARRAY, count);
    int result = list != NULL ? 0 : -1;
    for (size_t i = 0; i < count && result == 0; i++) {
        metacall_value *const *pair = told->as.array.items[i]->as.array.items;
        const char *name = pair[0]->id == METACALL_STRING ? pair[0]->as.bytes.data : "";
        if (!group->functions)
            result = inspect_attribute(list->as.array.items[i], name);
        else if (pair[1]->id == METACALL_FUNCTION)
            result = inspect_function(list->as.array.items[i], name, pair[1]->as.function);
        else
            result = inspect_method_name(list->as.array.items[i], name);
    }
    return result;
}

/* The names that a class lists of itself, as its attributes: nothing is read to tell more, for
 * reading may run code of the class. */
static int inspect_listed(metacall_value *slot, size_t at, const metacall_value *names)
{
    size_t count = names->id == METACALL_ARRAY ? names->as.array.count : 0;
    metacall_value *list = inspect_nested(slot, at, "staticAttributes", METACALL_ARRAY, count);
    int result = list != NULL ? 0 : -1;
    for (size_t i = 0; i < count && result == 0; i++) {
        const metacall_value *name = names->as.array.items[i];
        result = inspect_attribute(list->as.array.items[i],
                                   name->id == METACALL_STRING ? name->as.bytes.data : "");
    }
    return result;
}

static int inspect_members(metacall_value *slot, size_t at, metacall_object *class_object)
{
    metacall_value members = METACALL_SLOT_INIT, names = METACALL_SLOT_INIT;
    int result = 0;
    int told =
        metacall_object_perform(class_object, METACALL_OBJECT_MEMBERS, NULL, NULL, &members) == 0;
    if (!told) {
        metacall_error_release(metacall_error_take());
        if (metacall_object_perform(class_object, METACALL_OBJECT_NAMES, NULL, NULL, &names) != 0)
            metacall_error_release(metacall_error_take());
    }
    for (size_t i = 0; i < INSPECT_GROUPS && result == 0; i++) {
        if (!told && i == INSPECT_GROUPS - 1)
            result = inspect_listed(slot, at + i, &names);
        else
            result = inspect_told(slot, at + i, &inspect_groups[i], &members);
    }
    metacall_slot_clear(&members);
    metacall_slot_clear(&names);
    return result;
}

/* "constructors": one, {name, signature}. */
static int inspect_constructors(metacall_value *slot, size_t at, metacall_object *class_object)
{
    metacall_function *function = metacall_object_function(class_object);
    if (function == NULL)
        return -1;
    metacall_value *list = inspect_nested(slot, at, "constructors", METACALL_ARRAY, 1);
    int result = list != NULL ? metacall_slot_map(list->as.array.items[0], 2) : -1;
    if (result == 0)
        result = inspect_member_text(list->as.array.items[0], 0, "name", class_object->type);
    if (result == 0) {
        const struct function_signature *signature = inspect_describe(function);
        result = inspect_signature(list->as.array.items[0], 1, signature,
                                   __atomic_load_n(&function->flags, __ATOMIC_ACQUIRE));
    }
    metacall_function_release(function);
    return result;
}

int inspect_class(metacall_value *slot, const char *name, metacall_object *class_object)
{
    if (metacall_slot_map(slot, 2 + INSPECT_GROUPS) != 0 ||
        inspect_member_text(slot, 0, "name", name) != 0 ||
        inspect_constructors(slot, 1, class_object) != 0)
        return -1;
    return inspect_members(slot, 2, class_object);
}

int inspect_object(metacall_value *slot, const char *name, const metacall_object *object)
{
    return metacall_slot_map(slot, 2) == 0 && inspect_member_text(slot, 0, "name", name) == 0
               ? inspect_member_text(slot, 1, "class", object->type)
               : -1;
}
