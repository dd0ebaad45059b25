/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* One symbol of every kind that a lookup must tell apart. */
#define EXPORT __attribute__((visibility("default")))

EXPORT int fx_function(void);
EXPORT int fx_data = 42;
EXPORT __thread int fx_thread = 7;
EXPORT int fx_chosen(void);
EXPORT __attribute__((weak)) int fx_weak(void);
int fx_hidden(void);
extern int fx_missing_function(void);
extern int fx_missing_data;
extern __attribute__((weak)) int fx_missing_weak;
EXPORT int *fx_pointer = &fx_missing_data;
EXPORT int *fx_weak_pointer = &fx_missing_weak;

int fx_function(void)
{
    return fx_data + fx_hidden();
}

int fx_hidden(void)
{
    return 1;
}

int fx_weak(void)
{
    return fx_missing_function();
}

static int chosen(void)
{
    return 99;
}

static int (*choose(void))(void)
{
    return chosen;
}

int fx_chosen(void) __attribute__((ifunc("choose")));

#ifdef VERSIONED
EXPORT int fx_old(void);
EXPORT int fx_new(void);

int fx_old(void)
{
    return 1;
}

int fx_new(void)
{
    return 2;
}

__asm__(".symver fx_old, fx_both@FX_1");
__asm__(".symver fx_new, fx_both@@FX_2");
#endif
