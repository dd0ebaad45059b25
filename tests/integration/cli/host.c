/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A program that holds a runtime, and exports names of a library that guests use as well. */
__attribute__((visibility("default"))) int clissl_new(void);
__attribute__((visibility("default"))) int clissl_free(void);

int clissl_new(void)
{
    return 1;
}

int clissl_free(void)
{
    return 0;
}

int main(void)
{
    return clissl_free();
}
