/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The name under which MetaCall core 0.9 has its build definitions; there are none here. */
#ifndef METACALL_DEF_H
#define METACALL_DEF_H

#include <metacall/api.h>

#endif /* METACALL_DEF_H */
