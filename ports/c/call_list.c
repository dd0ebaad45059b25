/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Calls with arguments as C types: what the signature or a list of kinds says is taken from the
 * variable arguments, into slots on the stack. */
#include "core/convert.h"
#include "core/error.h"
#include "core/function.h"
#include "core/value.h"
#include "ports/c/call.h"
#include "ports/c/value_assign.h"

#include <metacall/metacall.h>

#include <stdarg.h>
#include <string.h>

#define LIST_ARGS_MAX 256 /* metacall_args_size */

/* A plain int, for kinds that C promotes to it, checked against the kind. */
static int list_take_small(metacall_value *slot, int number, enum metacall_value_id id)
{
    metacall_value wide = METACALL_SLOT_INIT;
    metacall_slot_kind(&wide, METACALL_INT);
    wide.as.int_ = number;
    if (convert_exact(slot, &wide, id) == CONVERT_RANGE)
        return metacall_error_raise(METACALL_ERROR_RANGE, "%d does not fit %s", number,
                                    metacall_kind_name(id));
    return 0;
}

static int list_take_pointer(metacall_value *slot, void *pointer, enum metacall_value_id id)
{
    switch (id) {
    case METACALL_STRING:
        if (pointer == NULL)
            return metacall_error_raise(METACALL_ERROR_ARGUMENT, "a string argument is NULL");
        metacall_slot_borrow(slot, METACALL_STRING, pointer, strlen(pointer));
        return 0;
    case METACALL_FUNCTION:
        if (pointer == NULL)
            return metacall_error_raise(METACALL_ERROR_ARGUMENT, "a function argument is NULL");
        metacall_slot_function(slot, pointer);
        return 0;
    case METACALL_FUTURE:
        return value_fill_future(slot, pointer);
    case METACALL_CLASS:
    case METACALL_OBJECT:
        return value_fill_object(slot, id, pointer);
    default:
        metacall_slot_kind(slot, METACALL_PTR);
        slot->as.reference.pointer = pointer;
        slot->as.reference.extra = NULL;
        return 0;
    }
}

/* One argument of kind `id`; *ret_value is the slot, or the value that was passed itself. */
static int list_take(metacall_value *slot, enum metacall_value_id id, va_list *list,
                     metacall_value **ret_value)
{
    *ret_value = slot;
    switch (id) {
    case METACALL_BOOL:
        metacall_slot_bool(slot, va_arg(*list, int));
        return 0;
    case METACALL_CHAR:
    case METACALL_SHORT:
        return list_take_small(slot, va_arg(*list, int), id);
    case METACALL_INT:
        metacall_slot_kind(slot, METACALL_INT);
        slot->as.int_ = va_arg(*list, int);
        return 0;
    case METACALL_LONG:
        metacall_slot_long(slot, va_arg(*list, long));
        return 0;
    case METACALL_FLOAT:
        metacall_slot_kind(slot, METACALL_FLOAT);
        slot->as.float_ = (float)va_arg(*list, double);
        return 0;
    case METACALL_DOUBLE:
        metacall_slot_double(slot, va_arg(*list, double));
        return 0;
    case METACALL_NULL:
        return 0;
    case METACALL_STRING:
    case METACALL_PTR:
    case METACALL_FUNCTION:
    case METACALL_FUTURE:
    case METACALL_CLASS:
    case METACALL_OBJECT:
        return list_take_pointer(slot, va_arg(*list, void *), id);
    default: /* buffers, arrays, maps, exceptions, and a parameter without a type: a value */
        *ret_value = va_arg(*list, void *);
        if (*ret_value == NULL)
            return metacall_error_raise(METACALL_ERROR_ARGUMENT, "an argument is NULL");
        return 0;
    }
}

/* `ids` NULL: by the signature. The list is used up. */
static metacall_value *list_call(metacall_function *function, const enum metacall_value_id ids[],
                                 size_t size, va_list *list)
{
    metacall_value *ret = NULL;
    const struct function_signature *signature = function_signature(function);
    if (signature == NULL)
        return NULL;
    if (size == SIZE_MAX)
        size = signature->count;
    if (size > LIST_ARGS_MAX) {
        metacall_error_raise(METACALL_ERROR_RANGE,
                             "%zu arguments are too many for a list, which takes %d", size,
                             LIST_ARGS_MAX);
        return NULL;
    }
    metacall_value slots[size + 1];
    metacall_value *args[size + 1];
    size_t taken = 0;
    int result = 0;
    for (; taken < size && result == 0; taken++) {
        enum metacall_value_id id = ids != NULL ? ids[taken] : signature->parameters[taken].type;
        slots[taken] = (metacall_value)METACALL_SLOT_INIT;
        result = list_take(&slots[taken], id, list, &args[taken]);
    }
    if (result == 0)
        ret = call_function(function, args, size);
    while (taken != 0)
        metacall_slot_clear(&slots[--taken]);
    return ret;
}

static metacall_value *list_call_by_name(void *handle, const char *name,
                                         const enum metacall_value_id ids[], size_t size,
                                         va_list *list)
{
    metacall_function *function = call_find(handle, name);
    if (function == NULL)
        return NULL;
    metacall_value *ret = list_call(function, ids, size, list);
    metacall_function_release(function);
    return ret;
}

metacall_value_ref metacall(const char *name, ...)
{
    va_list list;
    va_start(list, name);
    metacall_value *ret = list_call_by_name(NULL, name, NULL, SIZE_MAX, &list);
    va_end(list);
    return ret;
}

metacall_value_ref metacallt(const char *name, const enum metacall_value_id ids[], ...)
{
    va_list list;
    va_start(list, ids);
    metacall_value *ret = list_call_by_name(NULL, name, ids, SIZE_MAX, &list);
    va_end(list);
    return ret;
}

metacall_value_ref metacallt_s(const char *name, const enum metacall_value_id ids[], size_t size,
                               ...)
{
    va_list list;
    va_start(list, size);
    metacall_value *ret = list_call_by_name(NULL, name, ids, size, &list);
    va_end(list);
    return ret;
}

metacall_value_ref metacallht_s(void *handle, const char *name, const enum metacall_value_id ids[],
                                size_t size, ...)
{
    va_list list;
    if (handle == NULL) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "the handle to call in is NULL");
        return NULL;
    }
    va_start(list, size);
    metacall_value *ret = list_call_by_name(handle, name, ids, size, &list);
    va_end(list);
    return ret;
}

metacall_value_ref metacallf(void *func, ...)
{
    va_list list;
    if (func == NULL) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "the function to call is NULL");
        return NULL;
    }
    va_start(list, func);
    metacall_value *ret = list_call(func, NULL, SIZE_MAX, &list);
    va_end(list);
    return ret;
}
