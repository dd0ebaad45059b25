/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A machine whose relocations are not known: every plan is refused. */
#include "host_variants/rebind_machine.h"

int rebind_machine_known(void)
{
    return 0;
}

int rebind_machine_is_stub(const struct elf_image *image, uintptr_t value, size_t plt_index)
{
    (void)image, (void)value, (void)plt_index;
    return 0;
}

uintptr_t rebind_machine_resolve(uintptr_t resolver)
{
    return resolver;
}

uintptr_t rebind_machine_thread_pointer(void)
{
    return 0;
}

uintptr_t rebind_machine_word(enum elf_relocation_kind kind, uintptr_t symbol, int64_t addend)
{
    (void)kind;
    return symbol + (uintptr_t)addend;
}
