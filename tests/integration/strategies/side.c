/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Another library of a plugin, found through its $ORIGIN. */
__attribute__((visibility("default"))) int side_number(void);

int side_number(void)
{
    return 55;
}
