/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The host variant embeds nothing: the process is Node already. No environment of this variant has
 * an embedding, so that only the start can be reached, and it says what to do instead. */
#include "node_embed.h"
#include <metacall/loader.h>

int node_embed_start(const char *executable, const char *name, napi_addon_register_func binding,
                     const char *script, struct node_embed **ret_embed)
{
    (void)executable, (void)name, (void)binding, (void)script, (void)ret_embed;
    return metacall_error_raise(METACALL_ERROR_LOADER,
                                "the host variant of the node loader cannot start Node: this "
                                "process is one already; use require('metacall')");
}

int node_embed_enter(struct node_embed *embed, struct node_embed_frame *frame)
{
    (void)embed, (void)frame;
    return -1;
}

void node_embed_leave(struct node_embed *embed, struct node_embed_frame *frame)
{
    (void)embed, (void)frame;
}

void node_embed_unlock(struct node_embed *embed, struct node_embed_gap *gap)
{
    (void)embed, (void)gap;
}

void node_embed_relock(struct node_embed *embed, struct node_embed_gap *gap)
{
    (void)embed, (void)gap;
}

int node_embed_here(struct node_embed *embed)
{
    (void)embed;
    return 0;
}

int node_embed_frames_here(const struct node_embed *embed)
{
    (void)embed;
    return 0;
}

enum node_embed_state node_embed_state(const struct node_embed *embed)
{
    (void)embed;
    return NODE_EMBED_STOPPED;
}

int node_embed_exit_code(const struct node_embed *embed)
{
    (void)embed;
    return 0;
}

void node_embed_exit(struct node_embed *embed, int code)
{
    (void)embed, (void)code;
}

int node_embed_spin(struct node_embed *embed, int (*done)(void *data), void *data)
{
    (void)embed, (void)done, (void)data;
    return -1;
}

void node_embed_settle(struct node_embed *embed, unsigned grace_ms)
{
    (void)embed, (void)grace_ms;
}

int node_embed_finish(struct node_embed *embed)
{
    (void)embed;
    return 0;
}

void node_embed_stop(struct node_embed *embed)
{
    (void)embed;
}

void node_embed_lost(struct node_embed *embed)
{
    (void)embed;
}
