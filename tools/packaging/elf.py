# SPDX-License-Identifier: Apache-2.0
"""What packaging asks of an ELF file of this machine's kind: needs, search path, symbol versions."""
import struct

DT_NULL, DT_NEEDED, DT_STRTAB, DT_SONAME, DT_RPATH, DT_RUNPATH = 0, 1, 5, 14, 15, 29
DT_VERNEED, DT_VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF
PT_LOAD, PT_DYNAMIC = 1, 2


def is_elf(data):
    return data[:4] == b"\x7fELF"


class Elf:
    """One 64-bit little-endian file, by its program headers alone."""

    def __init__(self, data):
        if data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("not a 64-bit little-endian ELF file")
        self.data = data
        (start,) = struct.unpack_from("<Q", data, 32)
        size, count = struct.unpack_from("<HH", data, 54)
        self.loads, self.dynamic = [], []
        found = None
        for at in range(start, start + size * count, size):
            kind, _, offset, address, _, in_file = struct.unpack_from("<IIQQQQ", data, at)
            if kind == PT_LOAD:
                self.loads.append((address, offset, in_file))
            elif kind == PT_DYNAMIC:
                found = (offset, in_file)
        if found is None:
            raise ValueError("a static file: no dynamic section")
        for at in range(found[0], found[0] + found[1], 16):
            tag, value = struct.unpack_from("<qQ", data, at)
            if tag == DT_NULL:
                break
            self.dynamic.append((tag, value))
        self.strings = self._offset(self._value(DT_STRTAB))

    def _value(self, wanted):
        return next((value for tag, value in self.dynamic if tag == wanted), None)

    def _offset(self, address):
        for start, offset, size in self.loads:
            if start <= address < start + size:
                return address - start + offset
        raise ValueError(f"nothing of the file lies at {address:#x}")

    def _text(self, index):
        at = self.strings + index
        return self.data[at:self.data.index(b"\0", at)].decode()

    @property
    def needed(self):
        return [self._text(value) for tag, value in self.dynamic if tag == DT_NEEDED]

    @property
    def soname(self):
        index = self._value(DT_SONAME)
        return None if index is None else self._text(index)

    @property
    def search_path(self):
        return [self._text(value) for tag, value in self.dynamic if tag in (DT_RPATH, DT_RUNPATH)]

    @property
    def versions(self):
        """The symbol versions that must be provided: {"GLIBC_2.34", "GLIBCXX_3.4.21"}."""
        found = set()
        address, count = self._value(DT_VERNEED), self._value(DT_VERNEEDNUM)
        if address is None:
            return found
        at = self._offset(address)
        for _ in range(count):
            _, names, _, first, following = struct.unpack_from("<HHIII", self.data, at)
            entry = at + first
            for _ in range(names):
                _, _, _, name, step = struct.unpack_from("<IHHII", self.data, entry)
                found.add(self._text(name))
                entry += step
            at += following
        return found

    def with_search_path(self, path):
        """The file with another RUNPATH, which must not be longer: the old one's place is used."""
        index = self._value(DT_RUNPATH)
        if index is None:
            raise ValueError("it has no RUNPATH")
        old, new = self._text(index).encode(), path.encode()
        if len(new) > len(old):
            raise ValueError(f"no room for RUNPATH {path!r} where {old.decode()!r} was")
        at = self.strings + index
        return self.data[:at] + new.ljust(len(old), b"\0") + self.data[at + len(old):]
