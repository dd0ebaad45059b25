/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A plugin of the made-up runtime. It reports what each of its references leads to. */
#include "plugin.h"

#define EXPORT __attribute__((visibility("default")))

extern int rt_f0(void), rt_f1(void), rt_f2(void), rt_f3(void), rt_f4(void), rt_f5(void);
extern int rt_id(void), rt_chosen(void);
extern int rt_d0, rt_d1, rt_d2, rt_array[4];
extern __thread int rt_thread;
#ifdef PLUGIN_SIDE
extern int side_number(void);
#endif

EXPORT void plugin_report(struct plugin_report *report);
EXPORT int plugin_fault(const int *one);

/* Relocated words in data: functions, objects, an object with an addend. A compiler that knows what
 * they hold would do without them: they are read as if somebody else could have changed them. */
#define HELD(word) (*(__typeof__(word) const volatile *)&(word))
static int (*const static_functions[])(void) = {rt_f3, rt_f4};
static int *const static_objects[] = {&rt_d1, &rt_d2};
static int *const static_inner = &rt_array[2];
static int constructed_with;

#ifdef PLUGIN_CONSTRUCTOR
__attribute__((constructor)) static void construct(void)
{
    constructed_with = rt_id();
}
#endif

#ifdef PLUGIN_STATIC_TLS
/* More than the C library keeps for libraries that are opened late. */
static __thread volatile char static_block[PLUGIN_STATIC_TLS]
    __attribute__((tls_model("initial-exec")));
#endif

#ifdef PLUGIN_TEXTREL
__asm__(".pushsection .text\n.quad rt_d0\n.popsection\n");
#endif

void plugin_report(struct plugin_report *report)
{
    int (*volatile by_address)(void) = rt_f5;

    report->id = rt_id();
    report->called[0] = rt_f0();
    report->called[1] = rt_f1();
    report->called[2] = rt_f2();
    report->called[3] = HELD(static_functions[0])();
    report->called[4] = HELD(static_functions[1])();
    report->called[5] = by_address();
    report->data[0] = rt_d0;
    report->data[1] = *HELD(static_objects[0]);
    report->data[2] = *HELD(static_objects[1]);
    report->inner = *HELD(static_inner);
    report->thread = rt_thread;
    report->chosen = rt_chosen();
    report->object = &rt_d0;
    report->function = (void *)by_address;
    report->constructed_with = constructed_with;
#ifdef PLUGIN_SIDE
    report->side = side_number();
#endif
#ifdef PLUGIN_STATIC_TLS
    static_block[0] = 1;
#endif
}

/* Reads one past the end of what it is given: for the tool that must say where. */
int plugin_fault(const int *one)
{
    return one[1];
}
