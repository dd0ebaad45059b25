# SPDX-License-Identifier: Apache-2.0
"""Pipes that break, disks that are full, streams that are closed, and colour."""

import os
import pty
import signal
import subprocess
import unittest

from fixture import COMMAND, Installation

ESCAPE = "\033["


class Streams(Installation):
    def setUp(self):
        super().setUp()
        self.install()

    def closed_pipe(self, restore):
        """Runs `list` with nobody at the other end of its standard output."""
        reader, writer = os.pipe()
        os.close(reader)
        process = subprocess.run(
            [COMMAND, "help", "doctor"], stdout=writer, stderr=subprocess.PIPE,
            env=self.environment(), restore_signals=restore, timeout=60)
        os.close(writer)
        return process

    def test_broken_pipe_is_quiet(self):
        process = self.closed_pipe(restore=True)
        self.assertEqual((process.returncode, process.stderr), (-signal.SIGPIPE, b""))

    def test_broken_pipe_is_quiet_where_the_signal_is_ignored(self):
        process = self.closed_pipe(restore=False)  # Python ignores SIGPIPE, and so its child
        self.assertEqual((process.returncode, process.stderr), (0, b""))

    def test_reader_that_leaves_early(self):
        for i in range(300):
            self.write(f"t{i}", self.variation(f"t{i}"))
        for prelude in ("", "trap '' PIPE; "):
            process = subprocess.run(
                ["bash", "-c", prelude + '"$0" list --json "$1" | head -c 10', COMMAND,
                 f"--prefix={self.prefix}"],
                env=self.environment(), capture_output=True, timeout=120)
            self.assertEqual((process.returncode, process.stderr), (0, b""))
            self.assertEqual(len(process.stdout), 10)

    def test_full_disk(self):
        with open("/dev/full", "wb") as full:
            result = self.run_command("list", stdout=full)
        self.assertEqual(result.status, 3)
        self.assertIn("could not be written: No space left on device", result.err)

    def test_closed_streams(self):
        def shell(redirection):
            return subprocess.run(["sh", "-c", f'exec "$0" list "$1" {redirection}', COMMAND,
                                   f"--prefix={self.prefix}"], env=self.environment(),
                                  capture_output=True, timeout=60)
        closed = shell(">&-")
        self.assertEqual(closed.returncode, 3)
        self.assertIn(b"could not be written", closed.stderr)
        self.assertEqual(shell("2>&-").returncode, 0)
        self.assertEqual(shell("<&-").returncode, 0)

    def test_color(self):
        self.assertNotIn(ESCAPE, self.good("list").out)
        self.assertIn(ESCAPE, self.good("list", "--color=always").out)
        self.assertIn(ESCAPE, self.good("list", "--color").out)
        self.assertNotIn(ESCAPE, self.good("list", "--color=always", "--plain").out)
        self.assertNotIn(ESCAPE, self.good("list", "--color=always", "--json").out)

    def on_terminal(self, *arguments, **env):
        master, slave = pty.openpty()
        process = subprocess.Popen([COMMAND, "list", f"--prefix={self.prefix}", *arguments],
                                   stdout=slave, stderr=slave, stdin=slave,
                                   env=self.environment(**env))
        os.close(slave)
        out = b""
        try:
            while chunk := os.read(master, 4096):
                out += chunk
        except OSError:  # the terminal's other side is closed
            pass
        os.close(master)
        self.assertEqual(process.wait(60), 0)
        return out.decode()

    def test_color_on_a_terminal(self):
        self.assertIn(ESCAPE, self.on_terminal(TERM="xterm"))
        self.assertNotIn(ESCAPE, self.on_terminal(TERM="dumb"))
        self.assertNotIn(ESCAPE, self.on_terminal())
        self.assertNotIn(ESCAPE, self.on_terminal(TERM="xterm", NO_COLOR="1"))
        self.assertIn(ESCAPE, self.on_terminal(TERM="xterm", NO_COLOR=""))
        self.assertNotIn(ESCAPE, self.on_terminal("--color=never", TERM="xterm"))
        self.assertIn(ESCAPE, self.on_terminal("--color=always", TERM="xterm", NO_COLOR="1"))


if __name__ == "__main__":
    unittest.main()
