/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Values of the kinds that MetaCall core 0.9 does not have. */
#include "core/bigint.h"
#include "core/error.h"
#include "core/value.h"
#include "ports/c/value_assign.h"

#include <metacall/metacall.h>
#include <metacall/metacall_kinds.h>

static metacall_value *kinds_expect(void *v, enum metacall_value_id id)
{
    metacall_value *value = v;
    if (value != NULL && value->id == id)
        return value;
    metacall_error_raise(METACALL_ERROR_TYPE, "a %s is no %s", metacall_value_type_name(v),
                         value_kind_name((unsigned)id));
    return NULL;
}

metacall_value_ref metacall_value_create_date(int64_t microseconds)
{
    metacall_value *value = value_create();
    if (value != NULL)
        metacall_slot_date(value, microseconds);
    return value;
}

int64_t metacall_value_to_date(void *v)
{
    const metacall_value *value = kinds_expect(v, METACALL_DATE);
    return value != NULL ? value->as.date : 0;
}

metacall_value_ref metacall_value_create_set(const void *values[], size_t size, int frozen)
{
    metacall_value *value = value_create();
    if (value == NULL)
        return NULL;
    if (value_fill_array(value, values, size) != 0) {
        value_destroy(value);
        return NULL;
    }
    value->id = METACALL_SET;
    if (frozen)
        value->storage |= METACALL_STORAGE_FROZEN;
    return value;
}

void **metacall_value_to_set(void *v)
{
    metacall_value *value = kinds_expect(v, METACALL_SET);
    return value != NULL ? (void **)value->as.array.items : NULL;
}

metacall_value_ref metacall_value_create_bigint(const char *text, size_t size)
{
    metacall_value *value = text != NULL ? value_create() : NULL;
    if (text == NULL)
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "the text of the integer is NULL");
    if (value != NULL && bigint_from_text(value, text, size) != 0) {
        value_destroy(value);
        return NULL;
    }
    return value;
}
