/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* CPython as this loader sees it: the limited API of 3.9, so that one plugin serves every later
 * minor version, plus what that API lacks. Functions that every version since 3.9 exports are
 * declared as they are; those that only some export are weak and used when they are there. */
#ifndef PY_API_H
#define PY_API_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#if !defined(Py_LIMITED_API) || Py_LIMITED_API + 0 != 0x03090000
#error "build with Py_LIMITED_API=0x03090000"
#endif

#define PY_WEAK __attribute__((weak))
#define PY_LIKELY(x) __builtin_expect(!!(x), 1)
#define PY_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Exported by every CPython since 3.9, in the limited API only later. */
extern const char *PyUnicode_AsUTF8AndSize(PyObject *text, Py_ssize_t *ret_size);
extern PyObject *PyVectorcall_Call(PyObject *callable, PyObject *tuple, PyObject *dict);
/* The fourth argument is a dict here, not a tuple of names. */
extern PyObject *PyObject_VectorcallDict(PyObject *callable, PyObject *const *args, size_t nargsf,
                                         PyObject *kwargs);
extern void PyThreadState_DeleteCurrent(void);
extern PyTypeObject PyFunction_Type;
extern PyTypeObject PyMethod_Type;
extern PyTypeObject PyCoro_Type;
extern PyTypeObject PyGen_Type;

/* The layout is the same in all versions (and part of the stable ABI since 3.11). */
struct py_buffer {
    void *buf;
    PyObject *obj;
    Py_ssize_t len;
    Py_ssize_t itemsize;
    int readonly;
    int ndim;
    char *format;
    Py_ssize_t *shape;
    Py_ssize_t *strides;
    Py_ssize_t *suboffsets;
    void *internal;
};
extern int py_api_get_buffer(PyObject *object, struct py_buffer *ret_buffer,
                             int flags) __asm__("PyObject_GetBuffer");
extern void py_api_release_buffer(struct py_buffer *buffer) __asm__("PyBuffer_Release");
extern int py_api_check_buffer(PyObject *object) __asm__("PyObject_CheckBuffer");
#define PY_BUFFER_WRITABLE 0x0001
#define PY_BUFFER_FORMAT 0x0004
#define PY_BUFFER_ND 0x0008
#define PY_BUFFER_STRIDES 0x0018
#define PY_BUFFER_FULL_RO 0x011c /* PyBUF_FULL_RO */
#define PY_SLOT_GETBUFFER 1      /* Py_bf_getbuffer: taken by PyType_FromSpec since 3.9 */

/* 3.11 and later. */
extern PyObject *PyObject_Vectorcall(PyObject *callable, PyObject *const *args, size_t nargsf,
                                     PyObject *names) PY_WEAK;
/* The thread state that is current, without a check: until 3.12, and since 3.13. */
extern PyThreadState *_PyThreadState_UncheckedGet(void) PY_WEAK;
extern PyThreadState *PyThreadState_GetUnchecked(void) PY_WEAK;
/* An attribute in the type's own order of bases, borrowed, without an exception. */
extern PyObject *_PyType_Lookup(PyTypeObject *type, PyObject *name) PY_WEAK;
/* A dict with room for so many items: never in the limited API, in 3.9 to 3.15 all the same. */
extern PyObject *_PyDict_NewPresized(Py_ssize_t count) PY_WEAK;

typedef PyObject *(*py_vectorcall_function)(PyObject *callable, PyObject *const *args,
                                            size_t nargsf, PyObject *names);
#define PY_VECTORCALL_OFFSET ((size_t)1 << (8 * sizeof(size_t) - 1))
#define PY_VECTORCALL_COUNT(nargsf) ((Py_ssize_t)((nargsf) & ~PY_VECTORCALL_OFFSET))
#define PY_TPFLAGS_HAVE_VECTORCALL (1UL << 11)
#define PY_METH_FASTCALL 0x0080

/* Calls with the vectorcall convention on every version; `names` may be NULL. */
PyObject *py_api_vectorcall_dict(PyObject *callable, PyObject *const *args, size_t nargsf,
                                 PyObject *names);

static inline PyObject *py_api_vectorcall(PyObject *callable, PyObject *const *args, size_t nargsf,
                                          PyObject *names)
{
    if (PY_LIKELY(PyObject_Vectorcall != NULL))
        return PyObject_Vectorcall(callable, args, nargsf, names);
    return py_api_vectorcall_dict(callable, args, nargsf, names);
}

/* The thread state that runs now: of this thread since 3.12, of the process before. */
static inline PyThreadState *py_api_current(void)
{
    if (PyThreadState_GetUnchecked != NULL)
        return PyThreadState_GetUnchecked();
    return _PyThreadState_UncheckedGet();
}

#endif /* PY_API_H */
