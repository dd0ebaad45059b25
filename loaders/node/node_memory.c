/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_memory.h. An export keeps the view itself, and so its ArrayBuffer; an import is tied to
 * the ArrayBuffer, whose views may come and go. */
#include "node_memory.h"
#include "node_error.h"
#include "node_link.h"
#include "node_value.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------- memory of JavaScript */

/* What bootstrap/memory.js says of a view. */
struct pinned {
    void *data;
    size_t size;
    uint32_t format;
    uint32_t item_size;
    bool copy;
};

static int pin(struct node_env *env, napi_value value, struct pinned *pinned)
{
    napi_value told = node_env_help(env, NODE_PIN, 1, &value), bytes, part;
    napi_typedarray_type type;
    napi_valuetype sort = napi_undefined;

    if (!told)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    if (napi_typeof(env->napi, told, &sort) == napi_ok && sort == napi_null)
        return metacall_error_raise(METACALL_ERROR_TYPE,
                                    ": the memory of a detached ArrayBuffer is gone");
    if (napi_get_element(env->napi, told, 0, &bytes) != napi_ok ||
        napi_get_typedarray_info(env->napi, bytes, &type, &pinned->size, &pinned->data, NULL,
                                 NULL) != napi_ok ||
        napi_get_element(env->napi, told, 1, &part) != napi_ok ||
        napi_get_value_uint32(env->napi, part, &pinned->format) != napi_ok ||
        napi_get_element(env->napi, told, 2, &part) != napi_ok ||
        napi_get_value_uint32(env->napi, part, &pinned->item_size) != napi_ok ||
        napi_get_element(env->napi, told, 3, &part) != napi_ok ||
        napi_get_value_bool(env->napi, part, &pinned->copy) != napi_ok)
        return metacall_error_raise(METACALL_ERROR_INTERNAL, ": its memory cannot be reached");
    return 0;
}

static void js_release(metacall_memory *memory)
{
    node_export_end(memory->native);
}

static void copy_release(metacall_memory *memory)
{
    free(memory->data);
}

/* Memory that JavaScript may move goes out as a copy. */
static metacall_memory *copy_out(const struct pinned *pinned)
{
    char *data = malloc(pinned->size + 1);
    metacall_memory *memory;

    if (!data) {
        metacall_error_raise(METACALL_ERROR_MEMORY, ": out of memory");
        return NULL;
    }
    if (pinned->size > 0)
        memcpy(data, pinned->data, pinned->size);
    memory = metacall_memory_create(NULL, data, pinned->size, NULL, copy_release);
    if (!memory)
        free(data);
    return memory;
}

static metacall_memory *share_out(struct node_env *env, napi_value value,
                                  const struct pinned *pinned)
{
    struct node_export *js = calloc(1, sizeof *js);
    metacall_memory *memory =
        js ? metacall_memory_create(env->owner->loader, pinned->data, pinned->size, js, js_release)
           : NULL;

    if (!memory) {
        free(js);
        metacall_error_raise(METACALL_ERROR_MEMORY, ": out of memory");
        return NULL;
    }
    if (node_export_make(env, value, js, NODE_KIND_MEMORY, memory, &memory->refs) != 0) {
        metacall_memory_release(memory);
        return NULL;
    }
    return memory;
}

int node_memory_take(struct node_env *env, napi_value value, metacall_value *slot)
{
    struct pinned pinned;
    struct node_link link;
    metacall_memory *memory;

    if (node_link_look(env, value, &link) != 0)
        return -1;
    if (link.self || link.held)
        return node_link_take(&link, slot);
    if (pin(env, value, &pinned) != 0)
        return -1;
    memory = pinned.copy ? copy_out(&pinned) : share_out(env, value, &pinned);
    if (!memory)
        return -1;
    memory->format = (char)pinned.format;
    memory->item_size = pinned.item_size;
    metacall_slot_memory(slot, memory);
    metacall_memory_release(memory);
    return 0;
}

/* ------------------------------------------------------------------- memory of other languages */

static void external_gone(napi_env napi, void *data, void *hint)
{
    (void)data;
    node_import_end(napi, hint);
}

/* One ArrayBuffer over the memory, or a copy where this Node allows none. */
static int make_buffer(struct node_env *env, metacall_memory *memory, napi_value *ret_buffer)
{
    struct node_import *import;
    napi_status status = napi_generic_failure;
    void *data;

    if (node_import_create(env, NODE_KIND_MEMORY, memory, &import) != 0)
        return -1;
    if (memory->size > 0)
        status = napi_create_external_arraybuffer(env->napi, memory->data, memory->size,
                                                  external_gone, import, ret_buffer);
    if (status == napi_ok)
        return node_import_attach(env, import, *ret_buffer, 0);
    if (napi_create_arraybuffer(env->napi, memory->size, &data, ret_buffer) != napi_ok) {
        node_import_end(env->napi, import);
        return metacall_error_raise(METACALL_ERROR_MEMORY, ": out of memory");
    }
    if (memory->size > 0)
        memcpy(data, memory->data, memory->size);
    return node_import_attach(env, import, *ret_buffer, 1);
}

static int make_view(struct node_env *env, metacall_memory *memory, napi_value buffer,
                     napi_value *ret_view)
{
    napi_value args[3] = {buffer};

    napi_create_uint32(env->napi, (unsigned char)memory->format, &args[1]);
    napi_get_boolean(env->napi, (memory->flags & METACALL_MEMORY_READONLY) != 0, &args[2]);
    *ret_view = node_env_help(env, NODE_MAKE_VIEW, 3, args);
    if (!*ret_view)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    node_import_alias(env, *ret_view, buffer);
    return 0;
}

int node_memory_make(struct node_env *env, metacall_memory *memory, napi_value *ret_value)
{
    napi_value buffer;

    if (memory->release == js_release && ((struct node_export *)memory->native)->env == env) {
        *ret_value = node_export_value(memory->native);
        return *ret_value ? 0 : node_env_refuse(env);
    }
    if (node_import_find(env, memory, &buffer)) {
        *ret_value = node_env_help(env, NODE_VIEW_OF, 1, &buffer);
        return *ret_value ? 0 : node_error_from_pending(env, METACALL_ERROR_GUEST);
    }
    if (make_buffer(env, memory, &buffer) != 0)
        return -1;
    return make_view(env, memory, buffer, ret_value);
}
