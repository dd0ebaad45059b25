/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A plugin of the made-up runtime, whole or with one fault; see CMakeLists.txt. */
#define EXPORT __attribute__((visibility("default")))

#ifndef PLUGIN_TAG
#define PLUGIN_TAG "toy"
#endif
#ifndef PLUGIN_STRATEGY
#define PLUGIN_STRATEGY "linked"
#endif
#ifndef PLUGIN_MAJOR
#define PLUGIN_MAJOR "1"
#endif
#ifndef PLUGIN_RUNTIME
#define PLUGIN_RUNTIME "1.5"
#endif

#ifndef PLUGIN_WITHOUT_NOTE
__asm__(".pushsection .note.metacall,\"a\",%note\n"
        ".balign 4\n"
        ".4byte 882f - 881f, 884f - 883f, 1\n"
        "881: .asciz \"MetaCall\"\n"
        "882: .balign 4\n"
        "883: .4byte 0x3152434d\n"
        ".2byte " PLUGIN_MAJOR "\n"
        ".2byte 0\n"
        ".asciz \"" PLUGIN_TAG "\"\n"
        ".asciz \"" PLUGIN_STRATEGY "\"\n"
        ".asciz \"" PLUGIN_RUNTIME "\"\n"
        "884: .balign 4\n"
        ".popsection\n");
#endif

#ifdef PLUGIN_USES_RUNTIME
void toy_start(void);
#endif
#ifdef PLUGIN_USES_NOBODY
void nobody_has_this(void);
#endif
EXPORT int toy_initialize(void);
int toy_initialize(void)
{
#ifdef PLUGIN_USES_RUNTIME
    toy_start();
#endif
#ifdef PLUGIN_USES_NOBODY
    nobody_has_this();
#endif
    return 0;
}
#ifndef PLUGIN_WITHOUT_LOAD
EXPORT int toy_load(void);
int toy_load(void)
{
    return 0;
}
#endif
#ifdef PLUGIN_DATA_HOOK
EXPORT int toy_destroy = 1;
#else
EXPORT int toy_destroy(void);
int toy_destroy(void)
{
    return 0;
}
#endif
EXPORT int toy_attach(void);
int toy_attach(void)
{
    return 0;
}
EXPORT int toy_detach(void);
int toy_detach(void)
{
    return 0;
}
#ifdef PLUGIN_TLS
EXPORT __thread char toy_local[PLUGIN_TLS] __attribute__((tls_model("initial-exec")));
EXPORT int toy_read_local(void);
int toy_read_local(void)
{
    return toy_local[0];
}
#endif
