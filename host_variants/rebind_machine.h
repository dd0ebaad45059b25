/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What rebinding must know of the machine: one rebind_machine_<processor>.c is built. */
#ifndef HOST_VARIANTS_REBIND_MACHINE_H
#define HOST_VARIANTS_REBIND_MACHINE_H

#include "host_variants/elf_image.h"

/* 0 where relocations of this machine are not known. */
int rebind_machine_known(void);
/* Whether `value`, found in the slot of entry `plt_index` of DT_JMPREL, is the stub that has the
 * linker bind the slot at the first call. */
int rebind_machine_is_stub(const struct elf_image *image, uintptr_t value, size_t plt_index);
/* What an IFUNC symbol stands for: calls its resolver as the linker does. */
uintptr_t rebind_machine_resolve(uintptr_t resolver);
/* What static thread-local offsets count from. */
uintptr_t rebind_machine_thread_pointer(void);
/* The word for an address: what a relocation of that kind makes of symbol and addend. */
uintptr_t rebind_machine_word(enum elf_relocation_kind kind, uintptr_t symbol, int64_t addend);

#endif /* HOST_VARIANTS_REBIND_MACHINE_H */
