/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What crosses the border by identity: functions, objects, futures, memory. While somebody holds
 * it, a thing of JavaScript's has one export and a foreign thing one import in each environment;
 * each comes home as itself. Which belongs to which value stands in a WeakMap of bootstrap/link.js:
 * an address as a number, positive for an export, negative for an import. */
#ifndef NODE_LINK_H
#define NODE_LINK_H

#include "node_env.h"

enum node_kind {
    NODE_KIND_FUNCTION = 0,
    NODE_KIND_OBJECT = 1,
    NODE_KIND_FUTURE = 2,
    NODE_KIND_MEMORY = 3
};

/* Of JavaScript, held by another language. Made with calloc; the kinds may put it first in a
 * larger struct. */
struct node_export {
    struct node_garbage garbage;
    struct node_env *env;
    napi_ref ref;
    enum node_kind kind;
    void *self;     /* metacall_function ...; NULL once its last reference is gone; the lock's */
    uint32_t *refs; /* its count */
};

/* Foreign, held by JavaScript. */
struct node_import {
    struct node_env *env;
    enum node_kind kind;
    void *held;   /* metacall_function ..., a reference of our own; NULL: a grave in the table */
    napi_ref ref; /* weak */
};

/* What is known of a value. At most one of the two is there. */
struct node_link {
    void *self; /* of the export: metacall_function ..., a new reference */
    void *held; /* of the import, borrowed */
    enum node_kind kind;
};

/* All of them inside. 0, or -1 with the error set. */
int node_link_look(struct node_env *env, napi_value value, struct node_link *ret_link);
/* What was found, into a slot; gives up the link's reference. */
int node_link_take(struct node_link *link, metacall_value *slot);
/* Keeps `value` for `self`, whose references count at `refs`. `made` is `self`'s from now on, also
 * after a failure: the end of `self` calls node_export_end. */
int node_export_make(struct node_env *env, napi_value value, struct node_export *made,
                     enum node_kind kind, void *self, uint32_t *refs);
/* The value of an export; NULL where it is gone with its environment. */
napi_value node_export_value(const struct node_export *made);
/* The last reference of `self` is gone. On any thread. */
void node_export_end(struct node_export *made);

/* 1 = `held` has a value already; 0 = it has none. */
int node_import_find(struct node_env *env, const void *held, napi_value *ret_value);
/* An import of `held`, with a reference of its own, that no value stands for yet. */
int node_import_create(struct node_env *env, enum node_kind kind, void *held,
                       struct node_import **ret_import);
/* `value` stands for it from now on. `finalize`: it ends with that value; else node_import_end is
 * the caller's to call. A failure ends it. */
int node_import_attach(struct node_env *env, struct node_import *import, napi_value value,
                       int finalize);
/* `value` goes home as `other` does. */
void node_import_alias(struct node_env *env, napi_value value, napi_value other);
void node_import_end(napi_env napi, struct node_import *import);
/* The environment ends. */
void node_link_forget_all(struct node_env *env);

#endif /* NODE_LINK_H */
