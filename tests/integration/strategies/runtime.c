/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A made-up runtime with every kind of symbol that a plugin can refer to. RT_ID tells one copy from
 * another: every answer is derived from it. */
#ifndef RT_VISIBILITY
#define RT_VISIBILITY "default"
#endif
#ifndef RT_VERSION
#define RT_VERSION 0x030b0200
#endif
#define EXPORT __attribute__((visibility(RT_VISIBILITY)))
#ifdef RT_HALF
#define EXPORT_LATER __attribute__((visibility("hidden")))
#else
#define EXPORT_LATER EXPORT
#endif

#define FUNCTION(kind, number)                                                                     \
    kind int rt_f##number(void);                                                                   \
    int rt_f##number(void)                                                                         \
    {                                                                                              \
        return RT_ID * 100 + number;                                                               \
    }

EXPORT int rt_id(void);
EXPORT int rt_is_running(void);
EXPORT void rt_start(void);
EXPORT_LATER int rt_chosen(void);
EXPORT unsigned rt_version = RT_VERSION;
EXPORT int rt_running;
EXPORT int rt_constructed; /* counts constructions of this object, by whichever copy */
EXPORT int rt_d0 = RT_ID * 100;
EXPORT int rt_d1 = RT_ID * 100 + 1;
EXPORT_LATER int rt_d2 = RT_ID * 100 + 2;
EXPORT_LATER int rt_array[4] = {RT_ID * 10, RT_ID * 10 + 1, RT_ID * 10 + 2, RT_ID * 10 + 3};
EXPORT_LATER __thread int rt_thread = RT_ID;

FUNCTION(EXPORT, 0)
FUNCTION(EXPORT, 1)
FUNCTION(EXPORT, 2)
FUNCTION(EXPORT_LATER, 3)
FUNCTION(EXPORT_LATER, 4)
FUNCTION(EXPORT_LATER, 5)

int rt_id(void)
{
    return RT_ID;
}

int rt_is_running(void)
{
    return rt_running;
}

void rt_start(void)
{
    rt_running = 1;
}

#ifdef RT_NO_IFUNC /* musl has none */
int rt_chosen(void)
{
    return RT_ID * 1000;
}
#else
static int chosen(void)
{
    return RT_ID * 1000;
}

static int (*choose(void))(void)
{
    return chosen;
}

int rt_chosen(void) __attribute__((ifunc("choose")));
#endif

__attribute__((constructor)) static void construct(void)
{
    rt_constructed++;
}
