# SPDX-License-Identifier: Apache-2.0
"""A class file by hand, as a JRE comes without a compiler:

    class Waits {
        public static void main(String[] arguments) throws Exception {
            System.out.println("ready ".concat(System.getProperty("java.version")));
            System.in.read();
        }
    }
"""

import struct


class Pool:
    def __init__(self):
        self.entries = []

    def add(self, entry):
        if entry not in self.entries:
            self.entries.append(entry)
        return self.entries.index(entry) + 1

    def utf8(self, text):
        return self.add(struct.pack(">BH", 1, len(text)) + text.encode())

    def string(self, text):
        return self.add(struct.pack(">BH", 8, self.utf8(text)))

    def type(self, name):
        return self.add(struct.pack(">BH", 7, self.utf8(name)))

    def member(self, kind, owner, name, descriptor):
        pair = self.add(struct.pack(">BHH", 12, self.utf8(name), self.utf8(descriptor)))
        return self.add(struct.pack(">BHH", kind, self.type(owner), pair))

    def field(self, *names):
        return self.member(9, *names)

    def method(self, *names):
        return self.member(10, *names)


def waits():
    pool = Pool()
    system = "java/lang/System"
    code = b"".join((
        struct.pack(">BH", 0xB2, pool.field(system, "out", "Ljava/io/PrintStream;")),  # getstatic
        struct.pack(">BH", 0x13, pool.string("ready ")),  # ldc_w
        struct.pack(">BH", 0x13, pool.string("java.version")),
        struct.pack(">BH", 0xB8, pool.method(  # invokestatic
            system, "getProperty", "(Ljava/lang/String;)Ljava/lang/String;")),
        struct.pack(">BH", 0xB6, pool.method(  # invokevirtual
            "java/lang/String", "concat", "(Ljava/lang/String;)Ljava/lang/String;")),
        struct.pack(">BH", 0xB6, pool.method(
            "java/io/PrintStream", "println", "(Ljava/lang/String;)V")),
        struct.pack(">BH", 0xB2, pool.field(system, "in", "Ljava/io/InputStream;")),
        struct.pack(">BH", 0xB6, pool.method("java/io/InputStream", "read", "()I")),
        b"\x57\xb1",  # pop, return
    ))
    body = struct.pack(">HHI", 3, 1, len(code)) + code + struct.pack(">HH", 0, 0)
    main = struct.pack(">HHHH", 0x0009, pool.utf8("main"), pool.utf8("([Ljava/lang/String;)V"), 1)
    main += struct.pack(">HI", pool.utf8("Code"), len(body)) + body
    this, parent = pool.type("Waits"), pool.type("java/lang/Object")
    return b"".join((
        struct.pack(">IHHH", 0xCAFEBABE, 0, 49, len(pool.entries) + 1), *pool.entries,
        struct.pack(">HHHHHH", 0x0021, this, parent, 0, 0, 1), main, struct.pack(">H", 0)))
