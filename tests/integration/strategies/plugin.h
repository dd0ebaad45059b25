/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What the plugin of the fixtures reports. */
#ifndef TESTS_STRATEGIES_PLUGIN_H
#define TESTS_STRATEGIES_PLUGIN_H

struct plugin_report {
    int id;
    int called[6]; /* 0-2 by call, 3-4 through relocated words, 5 by an address that was taken */
    int data[3];   /* 0 by reference, 1-2 through relocated words */
    int inner;     /* through a relocated word with an addend */
    int thread;    /* thread-local */
    int chosen;    /* IFUNC */
    int side;      /* from another library of the plugin */
    int constructed_with;
    void *object;   /* where rt_d0 is, for the plugin */
    void *function; /* where rt_f5 is */
};

#endif /* TESTS_STRATEGIES_PLUGIN_H */
