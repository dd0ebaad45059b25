/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What every public header needs: symbol visibility and C linkage. Everything in libmetacall is
 * hidden unless it is declared METACALL_API. */
#ifndef METACALL_API_H
#define METACALL_API_H

#if defined(__GNUC__) || defined(__clang__)
#define METACALL_API __attribute__((visibility("default")))
#define METACALL_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#else
#define METACALL_API
#define METACALL_PRINTF(format_at, first_at)
#endif

#ifdef __cplusplus
#define METACALL_BEGIN_DECLS extern "C" {
#define METACALL_END_DECLS }
#else
#define METACALL_BEGIN_DECLS
#define METACALL_END_DECLS
#endif

#endif /* METACALL_API_H */
