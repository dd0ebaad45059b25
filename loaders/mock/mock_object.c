/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Classes and their instances: attributes are the constructor's parameters, methods the functions
 * called "Class.name", which get the instance first. */
#include "mock_language.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Behind a class: its definition, whose script it keeps, and what checks a constructor's arguments.
 */
struct class
{
    struct mock_definition *definition;
    metacall_function *constructor; /* data: the class's object, which holds this */
};

struct instance {
    metacall_object *class_object; /* a reference */
    pthread_mutex_t lock;
    metacall_value values[]; /* one for each parameter */
};

static const struct metacall_object_ops instance_ops, class_ops;

static int object_refuse(const metacall_object *object, enum metacall_object_operation operation)
{
    return metacall_error_raise(METACALL_ERROR_SUPPORT, "a %s cannot do this (operation %d)",
                                object->type, (int)operation);
}

static int object_raise_attribute(const metacall_object *object, const char *name)
{
    char message[160];
    snprintf(message, sizeof(message), "%.60s has no attribute '%.60s'", object->type, name);
    metacall_error *error = metacall_error_create(METACALL_ERROR_GUEST, "AttributeError", message);
    if (error == NULL)
        return -1;
    error->loader = object->loader;
    return metacall_error_set(error);
}

static const struct mock_definition *object_definition(const metacall_object *class_object)
{
    return ((struct class *)class_object->native)->definition;
}

static struct mock_definition *object_method(const metacall_object *class_object, const char *name)
{
    const struct mock_definition *definition = object_definition(class_object);
    return mock_script_find(definition->script, definition->name, name);
}

/* ------------------------------------------------------------------------------------ methods */

/* Calls a method with the instance before the arguments. */
static int method_call(metacall_object *object, struct mock_definition *method,
                       const struct metacall_call *call, metacall_value *ret)
{
    metacall_value self = METACALL_SLOT_INIT, *args[MOCK_PARAMETERS_MAX + 1];
    struct metacall_call whole = *call;
    if (call->count > MOCK_PARAMETERS_MAX)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT, "too many arguments");
    metacall_function *function = mock_script_function(method);
    if (function == NULL)
        return -1;
    metacall_slot_object(&self, object);
    args[0] = &self;
    if (call->count != 0)
        memcpy(args + 1, call->args, call->count * sizeof(*args));
    whole.args = args;
    whole.count++;
    int result = metacall_function_call(function, &whole, ret);
    metacall_slot_clear(&self);
    metacall_function_release(function);
    return result;
}

/* A method of one instance, as a function. */
struct bound {
    metacall_object *object; /* a reference */
    struct mock_definition *method;
};

static int bound_call(metacall_function *function, const struct metacall_call *call,
                      metacall_value *ret)
{
    const struct bound *bound = function->data;
    return method_call(bound->object, bound->method, call, ret);
}

static void bound_destroy(metacall_function *function)
{
    struct bound *bound = function->data;
    metacall_object_release(bound->object);
    free(bound);
}

static const struct metacall_function_ops bound_ops = {bound_call, NULL, bound_destroy, NULL};

static int method_bind(metacall_object *object, struct mock_definition *method, metacall_value *ret)
{
    struct bound *bound = malloc(sizeof(*bound));
    metacall_function *function =
        bound != NULL ? metacall_function_create(object->loader, method->name, &bound_ops, bound)
                      : NULL;
    if (function == NULL) {
        free(bound);
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    }
    *bound = (struct bound){object, method};
    metacall_object_reference(object);
    metacall_slot_function(ret, function);
    metacall_function_release(function);
    return 0;
}

/* ---------------------------------------------------------------------------------- instances */

static size_t instance_find(const struct mock_definition *definition, const char *name)
{
    for (size_t i = 0; i < definition->count; i++)
        if (strcmp(definition->parameters[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

static int instance_get(metacall_object *object, const char *name, metacall_value *ret)
{
    struct instance *instance = object->native;
    size_t at = instance_find(object_definition(instance->class_object), name);
    if (at != SIZE_MAX) {
        pthread_mutex_lock(&instance->lock);
        int result = metacall_slot_copy(ret, &instance->values[at]);
        pthread_mutex_unlock(&instance->lock);
        return result;
    }
    struct mock_definition *method = object_method(instance->class_object, name);
    return method != NULL ? method_bind(object, method, ret) : object_raise_attribute(object, name);
}

static int instance_set(metacall_object *object, const char *name, const metacall_value *value)
{
    struct instance *instance = object->native;
    size_t at = instance_find(object_definition(instance->class_object), name);
    metacall_value copy = METACALL_SLOT_INIT;
    if (at == SIZE_MAX)
        return object_raise_attribute(object, name);
    if (metacall_slot_copy(&copy, value) != 0)
        return -1;
    pthread_mutex_lock(&instance->lock);
    metacall_value former = instance->values[at];
    instance->values[at] = copy;
    pthread_mutex_unlock(&instance->lock);
    metacall_slot_clear(&former);
    return 0;
}

static int instance_names(const struct mock_definition *definition, metacall_value *ret)
{
    int result = metacall_slot_array(ret, definition->count);
    for (size_t i = 0; i < definition->count && result == 0; i++)
        result = metacall_slot_bytes(ret->as.array.items[i], METACALL_STRING,
                                     definition->parameters[i].name,
                                     strlen(definition->parameters[i].name));
    if (result != 0)
        metacall_slot_clear(ret);
    return result;
}

static int instance_text(const metacall_object *object, metacall_value *ret)
{
    char text[96];
    int size = snprintf(text, sizeof(text), "<%.80s>", object->type);
    return metacall_slot_bytes(ret, METACALL_STRING, text, (size_t)size);
}

static int instance_perform(metacall_object *object, enum metacall_object_operation operation,
                            const char *name, const struct metacall_call *call, metacall_value *ret)
{
    struct instance *instance = object->native;
    metacall_object *class_object = instance->class_object;
    struct mock_definition *method;
    switch (operation) {
    case METACALL_OBJECT_GET:
        return instance_get(object, name, ret);
    case METACALL_OBJECT_SET:
        return instance_set(object, name, call->args[0]);
    case METACALL_OBJECT_HAS:
        metacall_slot_bool(ret, instance_find(object_definition(class_object), name) != SIZE_MAX ||
                                    object_method(class_object, name) != NULL);
        return 0;
    case METACALL_OBJECT_NAMES:
        return instance_names(object_definition(class_object), ret);
    case METACALL_OBJECT_METHOD:
        method = object_method(class_object, name);
        return method != NULL ? method_call(object, method, call, ret)
                              : object_raise_attribute(object, name);
    case METACALL_OBJECT_TEXT:
    case METACALL_OBJECT_REPR:
        return instance_text(object, ret);
    case METACALL_OBJECT_TYPE:
        metacall_slot_object(ret, class_object);
        return 0;
    case METACALL_OBJECT_INSTANCE:
        metacall_slot_bool(ret, call->args[0]->id == METACALL_CLASS &&
                                    call->args[0]->as.object == class_object);
        return 0;
    case METACALL_OBJECT_EQUAL:
        metacall_slot_bool(ret, call->args[0]->id == METACALL_OBJECT &&
                                    call->args[0]->as.object == object);
        return 0;
    case METACALL_OBJECT_HASH:
        metacall_slot_long(ret, (int64_t)((uintptr_t)object >> 4));
        return 0;
    default:
        return object_refuse(object, operation);
    }
}

static void instance_destroy(metacall_object *object)
{
    struct instance *instance = object->native;
    size_t count = object_definition(instance->class_object)->count;
    for (size_t i = 0; i < count; i++)
        metacall_slot_clear(&instance->values[i]);
    pthread_mutex_destroy(&instance->lock);
    metacall_object_release(instance->class_object);
    free(instance);
}

static const struct metacall_object_ops instance_ops = {instance_perform, instance_destroy};

/* ------------------------------------------------------------------------------------ classes */

/* Behind the gate, which has counted and converted the arguments. */
static int class_construct(metacall_function *function, const struct metacall_call *call,
                           metacall_value *ret)
{
    metacall_object *class_object = function->data;
    const struct mock_definition *definition = object_definition(class_object);
    metacall_value *args[MOCK_PARAMETERS_MAX];
    if (metacall_function_arrange(function, call, args, MOCK_PARAMETERS_MAX) != 0)
        return -1;
    struct instance *instance =
        calloc(1, sizeof(*instance) + definition->count * sizeof(instance->values[0]));
    if (instance == NULL)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    pthread_mutex_init(&instance->lock, NULL);
    instance->class_object = class_object;
    metacall_object_reference(class_object);
    for (size_t i = 0; i < definition->count; i++)
        instance->values[i] = (metacall_value)METACALL_SLOT_INIT;
    metacall_object *object =
        metacall_object_create(class_object->loader, definition->name, &instance_ops, instance, 0);
    if (object == NULL) {
        metacall_object_release(class_object);
        free(instance);
        return -1;
    }
    int result = 0;
    for (size_t i = 0; i < definition->count && result == 0; i++)
        if (args[i] != NULL)
            result = metacall_slot_copy(&instance->values[i], args[i]);
    if (result == 0)
        metacall_slot_object(ret, object);
    metacall_object_release(object);
    return result;
}

static const struct metacall_function_ops constructor_ops = {class_construct, NULL, NULL, NULL};

/* [name, kind, flags] of each parameter. */
static int class_signature(const struct mock_definition *definition, metacall_value *ret)
{
    int result = metacall_slot_array(ret, definition->count);
    for (size_t i = 0; i < definition->count && result == 0; i++) {
        const struct mock_parameter *parameter = &definition->parameters[i];
        metacall_value *slot = ret->as.array.items[i];
        if ((result = metacall_slot_array(slot, 3)) != 0)
            break;
        result = metacall_slot_bytes(slot->as.array.items[0], METACALL_STRING, parameter->name,
                                     strlen(parameter->name));
        if (parameter->type != METACALL_INVALID)
            metacall_slot_long(slot->as.array.items[1], parameter->type);
        metacall_slot_long(slot->as.array.items[2],
                           parameter->required ? METACALL_PARAMETER_REQUIRED : 0);
    }
    if (result != 0)
        metacall_slot_clear(ret);
    return result;
}

static int class_member(metacall_value *map, size_t at, const char *name)
{
    return metacall_slot_bytes(map->as.array.items[at]->as.array.items[0], METACALL_STRING, name,
                               strlen(name));
}

/* {"methods": {name: function}, "attributes": {name: null}} */
static int class_members(const struct mock_definition *definition, metacall_value *ret)
{
    size_t length = strlen(definition->name), count = 0, at = 0;
    for (struct mock_definition *each = definition->script->definitions; each; each = each->next)
        count += strncmp(each->name, definition->name, length) == 0 && each->name[length] == '.';
    if (metacall_slot_map(ret, 2) != 0)
        return -1;
    metacall_value *methods = ret->as.array.items[0]->as.array.items[1];
    metacall_value *attributes = ret->as.array.items[1]->as.array.items[1];
    int result = class_member(ret, 0, "methods") != 0 || class_member(ret, 1, "attributes") != 0 ||
                 metacall_slot_map(methods, count) != 0 ||
                 metacall_slot_map(attributes, definition->count) != 0;
    for (struct mock_definition *each = definition->script->definitions; each && !result;
         each = each->next) {
        if (strncmp(each->name, definition->name, length) != 0 || each->name[length] != '.')
            continue;
        metacall_function *function = mock_script_function(each);
        result = function == NULL || class_member(methods, at, each->name + length + 1) != 0;
        if (function != NULL)
            metacall_slot_function(methods->as.array.items[at++]->as.array.items[1], function);
        metacall_function_release(function);
    }
    for (size_t i = 0; i < definition->count && !result; i++)
        result = class_member(attributes, i, definition->parameters[i].name);
    if (result != 0)
        metacall_slot_clear(ret);
    return result != 0 ? -1 : 0;
}

/* A method, to be called with an instance. */
static int class_get(metacall_object *object, const char *name, metacall_value *ret)
{
    struct mock_definition *method = object_method(object, name);
    metacall_function *function = method != NULL ? mock_script_function(method) : NULL;
    if (function == NULL)
        return method != NULL ? -1 : object_raise_attribute(object, name);
    metacall_slot_function(ret, function);
    metacall_function_release(function);
    return 0;
}

static int class_perform(metacall_object *object, enum metacall_object_operation operation,
                         const char *name, const struct metacall_call *call, metacall_value *ret)
{
    const struct class *class = object->native;
    metacall_value method = METACALL_SLOT_INIT;
    int result;
    switch (operation) {
    case METACALL_OBJECT_CONSTRUCT:
    case METACALL_OBJECT_CALL:
        return metacall_function_call(class->constructor, call, ret);
    case METACALL_OBJECT_GET:
        return class_get(object, name, ret);
    case METACALL_OBJECT_METHOD:
        if (class_get(object, name, &method) != 0)
            return -1;
        result = metacall_function_call(method.as.function, call, ret);
        metacall_slot_clear(&method);
        return result;
    case METACALL_OBJECT_HAS:
        metacall_slot_bool(ret, object_method(object, name) != NULL);
        return 0;
    case METACALL_OBJECT_SIGNATURE:
        return class_signature(class->definition, ret);
    case METACALL_OBJECT_MEMBERS:
        return class_members(class->definition, ret);
    case METACALL_OBJECT_TEXT:
    case METACALL_OBJECT_REPR:
        return instance_text(object, ret);
    case METACALL_OBJECT_EQUAL:
        metacall_slot_bool(ret, call->args[0]->id == METACALL_CLASS &&
                                    call->args[0]->as.object == object);
        return 0;
    default:
        return object_refuse(object, operation);
    }
}

static void class_destroy(metacall_object *object)
{
    struct class *class = object->native;
    struct mock_definition *definition = class->definition;
    mock_weak_lock();
    if (definition->class_object == object)
        definition->class_object = NULL;
    mock_weak_unlock();
    metacall_function_release(class->constructor);
    mock_script_release(definition->script);
    free(class);
}

static const struct metacall_object_ops class_ops = {class_perform, class_destroy};

static metacall_object *class_known(struct mock_definition *definition)
{
    return definition->class_object != NULL && mock_weak_take(&definition->class_object->refs)
               ? definition->class_object
               : NULL;
}

static metacall_object *class_create(struct mock_definition *definition)
{
    struct class *class = calloc(1, sizeof(*class));
    metacall_loader *loader = definition->script->loader;
    metacall_object *object = NULL;
    if (class == NULL) {
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        return NULL;
    }
    class->definition = definition;
    class->constructor = metacall_function_create(loader, definition->name, &constructor_ops, NULL);
    if (class->constructor != NULL && mock_script_describe(definition, class->constructor) == 0)
        object = metacall_object_create(loader, definition->name, &class_ops, class,
                                        METACALL_OBJECT_IS_CLASS | METACALL_OBJECT_IS_CALLABLE);
    if (object == NULL) {
        metacall_function_release(class->constructor);
        free(class);
        return NULL;
    }
    class->constructor->data = object;
    __atomic_add_fetch(&definition->script->refs, 1, __ATOMIC_RELAXED);
    return object;
}

metacall_object *mock_class_object(struct mock_definition *definition)
{
    mock_weak_lock();
    metacall_object *known = class_known(definition);
    mock_weak_unlock();
    if (known != NULL)
        return known;
    metacall_object *object = class_create(definition);
    if (object == NULL)
        return NULL;
    mock_weak_lock();
    if ((known = class_known(definition)) == NULL)
        definition->class_object = object;
    mock_weak_unlock();
    if (known == NULL)
        return object;
    metacall_object_release(object);
    return known;
}
