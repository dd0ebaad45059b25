/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The library of a made-up runtime; TOY_VERSION is its hexadecimal version. */
__attribute__((visibility("default"))) const unsigned toy_hex = TOY_VERSION;
__attribute__((visibility("default"))) int toy_none;
#ifndef TOY_WITHOUT_START
__attribute__((visibility("default"))) void toy_start(void);
void toy_start(void)
{
    toy_none++;
}
#endif
__attribute__((visibility("default"))) int toy_is_running(void);
int toy_is_running(void)
{
    return 0;
}
/* A file that the runtime reads at its start. */
__attribute__((visibility("default"), used)) const char toy_data[] = "/nonexistent/toy/boot.data";
