/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What a script gives to others: its constants, functions and classes, in a handle. */
#include "mock_language.h"

#include <string.h>

int mock_script_define(struct mock_script *script, metacall_handle *handle)
{
    for (struct mock_definition *definition = script->definitions; definition != NULL;
         definition = definition->next) {
        metacall_value value = METACALL_SLOT_INIT;
        int result;
        if (strchr(definition->name, '.') != NULL)
            continue; /* a method: its class has it */
        if (definition->kind == MOCK_IS_CONSTANT) {
            result = metacall_handle_define(handle, definition->name, &definition->value);
        } else if (definition->kind == MOCK_IS_CLASS) {
            metacall_object *object = mock_class_object(definition);
            if (object == NULL)
                return -1;
            metacall_slot_object(&value, object);
            metacall_object_release(object);
            result = metacall_handle_define(handle, definition->name, &value);
        } else {
            metacall_function *function = mock_script_function(definition);
            if (function == NULL)
                return -1;
            metacall_slot_function(&value, function);
            metacall_function_release(function);
            result = metacall_handle_define(handle, definition->name, &value);
        }
        metacall_slot_clear(&value);
        if (result != 0)
            return -1;
    }
    return 0;
}
