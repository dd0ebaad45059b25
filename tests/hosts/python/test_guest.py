# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Python as a guest of a C program, of the runner and of each Node: the same Python as its own
program, and one that behaves. METACALL_TEST_HOST says which: c, runner, or the path of a node."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

import pythons

HOST = os.environ['METACALL_TEST_HOST']
STAGE = os.environ['METACALL_STAGE_DIR']
HERE = os.path.dirname(os.path.abspath(__file__))
PORT = os.path.join(STAGE, 'lib', 'metacall', 'ports', 'python')
IS_NODE = HOST not in ('c', 'runner')
PYTHONS = pythons.shared(HOST)

if IS_NODE and not os.access(HOST, os.X_OK):
    raise unittest.SkipTest('there is no %s' % HOST)
if not PYTHONS:
    raise unittest.SkipTest('no shared CPython on this machine')

# What the runner's script does by itself, as the other hosts do with its functions.
RUN = '''
if __name__ == '__main__':
    import json
    for _name in %r:
        try:
            print(json.dumps(globals()[_name]()))
        except BaseException as _error:
            print(_name, 'failed: %%s: %%s' %% (type(_error).__name__, _error))
'''


def environment(**names):
    """This one, without what would change what Python says of itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith('PYTHON')
            and name not in ('VIRTUAL_ENV', 'CONDA_PREFIX', 'METACALL_PY_LIBRARY')}
    kept.update(names)
    return kept


class Guest(unittest.TestCase):
    def setUp(self):
        self.folder = os.path.realpath(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def command(self, script, functions):
        if HOST == 'c':
            return [os.environ['METACALL_TEST_EMBED'], script, *functions]
        if HOST == 'runner':
            return [os.path.join(STAGE, 'bin', 'metacall'), script]
        return [HOST, os.path.join(HERE, 'guest_driver.js'), script, *functions]

    def guest(self, text, *functions, library=PYTHONS[-1][0], status=None, timeout=60, **names):
        """Runs the script in the host; the lines of its output that the functions gave."""
        script = os.path.join(self.folder, 'script.py')
        with open(script, 'w') as stream:
            stream.write(textwrap.dedent(text) + (RUN % (functions,) if HOST == 'runner' else ''))
        names = environment(**names)
        if library:
            names['METACALL_PY_LIBRARY'] = library
        if IS_NODE:
            names['NODE_PATH'] = os.path.join(STAGE, 'lib', 'metacall', 'ports', 'node')
        done = subprocess.run(self.command(script, functions), text=True, timeout=timeout,
                              env=names, cwd=self.folder, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        wanted = status if status is not None else 0 if HOST == 'runner' else 5
        self.assertEqual(done.returncode, wanted, done)
        self.done, self.environment = done, names
        return done.stdout.splitlines()


FACTS = '''
import sys
def facts():
    return [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, sys.executable,
            sys.version, sys.flags.utf8_mode, sys.stdout.encoding, sys.getfilesystemencoding(),
            [each for each in sys.path if each not in (%r, %r, '')]]
'''


class SamePython(Guest):
    """sys.path, sys.prefix, sys.executable ... are those of that Python's own program."""

    def own(self, program, **names):
        code = textwrap.dedent(FACTS % (PORT, self.folder))
        code += 'import json; print(json.dumps(facts()))'
        return json.loads(subprocess.check_output([program, '-c', code], text=True, cwd='/',
                                                  env=environment(**names)))

    def facts(self, **names):
        [line, *_] = self.guest(FACTS % (PORT, self.folder), 'facts', **names)
        self.assertEqual(self.done.stderr, '')
        return json.loads(line)

    def test_each_library(self):
        for library, program in PYTHONS:
            with self.subTest(library):
                self.assertEqual(self.facts(library=library), self.own(program))

    def test_locales(self):
        for names in ({'LC_ALL': 'C'}, {'LC_ALL': 'C.UTF-8'}, {'PYTHONUTF8': '1', 'LC_ALL': 'C'}):
            with self.subTest(names):
                self.assertEqual(self.facts(**names), self.own(PYTHONS[-1][1], **names))

    def make_environment(self, program, *options):
        path = os.path.join(self.folder, 'environment')
        subprocess.run([program, '-m', 'venv', '--without-pip', *options, path], check=True,
                       env=environment())
        site = subprocess.check_output([os.path.join(path, 'bin', 'python3'), '-c',
                                        'import site; print(site.getsitepackages()[0])'], text=True)
        with open(os.path.join(site.strip(), 'only_here.py'), 'w') as stream:
            stream.write('VALUE = 42\n')
        return path

    def test_virtual_environment(self):
        """Active, the library found through it or named beside it."""
        for library, program in (PYTHONS[0], PYTHONS[-1], pythons.system()):
            for named in ('', library):
                with self.subTest(library=library, named=named):
                    path = self.make_environment(program)
                    names = {'VIRTUAL_ENV': path, 'library': named}
                    facts = self.facts(**names)
                    self.assertEqual(facts[0], path)
                    own = os.path.join(path, 'bin', 'python3')
                    self.assertEqual(facts, self.own(own))
                    lines = self.guest('def only(): import only_here; return only_here.VALUE\n',
                                       'only', **names)
                    self.assertEqual(lines[0], '42')
                    shutil.rmtree(path)

    def test_environment_of_another_version(self):
        """A library that is named is not taken for another version's environment."""
        if PYTHONS[0][1] == PYTHONS[-1][1]:
            self.skipTest('one version only')
        path = self.make_environment(PYTHONS[0][1])
        library, program = PYTHONS[-1]
        self.assertEqual(self.facts(library=library, VIRTUAL_ENV=path), self.own(program))

    def test_environment_with_site_packages(self):
        program = pythons.system()[1]
        path = self.make_environment(program, '--system-site-packages')
        self.assertEqual(self.facts(library='', VIRTUAL_ENV=path),
                         self.own(os.path.join(path, 'bin', 'python3')))


class Found(Guest):
    """Which library is taken, in the order of the manifest."""

    WHICH = '''
    def which():
        with open('/proc/self/maps') as maps:
            return sorted({line.split()[-1] for line in maps if 'libpython3' in line})
    def prefix():
        import sys
        return sys.prefix
    '''

    def which(self, **names):
        lines = self.guest(self.WHICH, 'which', 'prefix', library=None, **names)
        [found] = json.loads(lines[0])  # one, and one only
        return found, json.loads(lines[1])

    def folder_of(self, *programs):
        path = tempfile.mkdtemp(dir=self.folder)
        for name, target in programs:
            os.symlink(target, os.path.join(path, name))
        return path

    def test_setting_comes_first(self):
        library = PYTHONS[0][0]
        path = self.folder_of(('python3', PYTHONS[-1][1]))
        found, _ = self.which(METACALL_PY_LIBRARY=library, PATH=path)
        self.assertTrue(os.path.samefile(found, library), found)

    def test_path(self):
        for library, program in PYTHONS:
            with self.subTest(program):
                found, _ = self.which(PATH=self.folder_of(('python3', program)))
                self.assertTrue(os.path.samefile(found, library), found)

    def test_active_prefix_before_path(self):
        """A conda-like prefix: its library in its own lib folder."""
        if len(PYTHONS) < 2:
            self.skipTest('one version only')
        library, program = PYTHONS[0]
        prefix = os.path.dirname(os.path.dirname(program))
        if prefix == '/usr':
            self.skipTest('no Python with a prefix of its own')
        path = self.folder_of(('python3', PYTHONS[-1][1]))
        found, own = self.which(CONDA_PREFIX=prefix, PATH=path)
        self.assertTrue(os.path.samefile(found, library), found)
        self.assertEqual(own, prefix)

    def test_nothing_on_path(self):
        if pythons.system()[0] is None:
            self.skipTest('no library of the system')
        for path in (self.folder_of(), self.folder_of(('pkg-config', shutil.which('pkg-config')))):
            found, own = self.which(PATH=path)
            self.assertTrue(os.path.samefile(found, pythons.system()[0]), found)
            self.assertEqual(own, '/usr')

    def test_build_details(self):
        """PEP 739: a prefix that says where its library lies."""
        library, program = PYTHONS[-1]
        minor = os.path.basename(program)
        prefix = os.path.join(self.folder, 'prefix')
        os.makedirs(os.path.join(prefix, 'bin'))
        os.makedirs(os.path.join(prefix, 'lib', minor))
        os.symlink(program, os.path.join(prefix, 'bin', 'python3'))
        with open(os.path.join(prefix, 'lib', minor, 'build-details.json'), 'w') as stream:
            json.dump({'schema_version': '1.0', 'base_prefix': prefix,
                       'libpython': {'dynamic': os.path.realpath(library)}}, stream)
        found, _ = self.which(VIRTUAL_ENV=prefix, PATH=self.folder_of())
        self.assertTrue(os.path.samefile(found, library), found)

    def test_inspected(self):
        """What the guest has is told to a Node that is the host."""
        if not IS_NODE:
            self.skipTest('test_describe.py has C and Python')
        self.guest('def shown(a: int, /, b=1, *rest, c): pass\nclass Kind:\n'
                   '    def __init__(self, size): pass\n    def method(self, a): pass\n')
        code = 'const m = require("metacall"); m.metacall_load_from_file("py", ["script.py"]);' \
            'const [{scope}] = m.metacall_inspect().py; console.log(JSON.stringify(scope))'
        scope = json.loads(subprocess.check_output([HOST, '-e', code], text=True, cwd=self.folder,
                                                   env=self.environment))
        [function], [kind] = scope['funcs'], scope['classes']
        self.assertEqual([(each['name'], each['kind'], each['required'])
                          for each in function['signature']['args']],
                         [('a', 'positional', True), ('b', 'any', False), ('c', 'keyword', True)])
        self.assertTrue(function['signature']['variadic'])
        self.assertEqual([each['name'] for each in kind['methods']], ['method'])
        self.assertEqual(kind['constructors'][0]['signature']['args'][0]['name'], 'size')

    def test_a_library_that_is_none(self):
        """What is named and is not a libpython is refused with its reason."""
        fake = os.path.join(self.folder, 'libpython3.11.so.1.0')
        with open(fake, 'w') as stream:
            stream.write('no library')
        status = {'c': 5, 'runner': 1}.get(HOST, 5)
        self.guest('', library=fake, status=status)
        self.assertIn(fake, self.done.stdout + self.done.stderr)


class Modules(Guest):
    """Extension modules find the interpreter's symbols, and their own libraries."""

    EXTENSIONS = '''
    def modules():
        import bz2, ctypes, decimal, hashlib, lzma, sqlite3, ssl, zlib
        import _multiprocessing, pyexpat, unicodedata
        with sqlite3.connect(':memory:') as base:
            three = base.execute('select 1 + 2').fetchone()[0]
        assert ctypes.pythonapi.Py_IsInitialized() == 1
        digest = hashlib.new('sha256', b'').hexdigest()[:8]
        return [three, str(decimal.Decimal(1) / 8), digest, zlib.crc32(b'abc'),
                lzma.decompress(lzma.compress(b'abc')).decode(), ssl.OPENSSL_VERSION,
                bz2.decompress(bz2.compress(b'abc')).decode(), sqlite3.sqlite_version,
                zlib.ZLIB_RUNTIME_VERSION]
    '''

    def test_extensions(self):
        for library, program in PYTHONS:
            with self.subTest(library):
                lines = self.guest(self.EXTENSIONS, 'modules', library=library)
                own = json.loads(subprocess.check_output(
                    [program, '-c', textwrap.dedent(self.EXTENSIONS)
                     + 'import json; print(json.dumps(modules()))'], env=environment(), text=True))
                found = json.loads(lines[0])
                if pythons.shares_libraries(HOST):  # one OpenSSL for the host and for Python
                    del own[5:], found[5:]
                self.assertEqual(found, own)

    NUMPY = '''
    def numbers():
        import numpy
        ones = numpy.ones((60, 60))
        assert numpy.linalg.inv(numpy.eye(3) * 2)[0][0] == 0.5
        assert len(numpy.random.default_rng(1).random(3)) == 3
        return float((ones @ ones).sum())
    '''

    def test_numpy(self):
        library, program = pythons.system()
        if library is None or subprocess.call([program, '-c', 'import numpy'],
                                              stderr=subprocess.DEVNULL, env=environment()):
            self.skipTest('no numpy')
        lines = self.guest(self.NUMPY, 'numbers', 'numbers', library=library)
        self.assertEqual(lines[:2], ['216000' if IS_NODE else '216000.0'] * 2)
        if HOST == 'c':  # destroyed, and started again: an error, not a crash
            self.assertEqual(lines[2], 'destroyed')
            self.assertRegex('\n'.join(lines), 'again failed: .*finalised; CPython cannot')

    def test_https(self):
        """An HTTPS server and its client in the guest, with a certificate of our own."""
        pem = os.path.join(self.folder, 'own.pem')
        if shutil.which('openssl') is None:
            self.skipTest('no openssl to make a certificate with')
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
                        '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
                        '-keyout', pem + '.key', '-out', pem], check=True, env=environment(),
                       stderr=subprocess.DEVNULL)
        text = '''
        import http.client, http.server, ssl, threading
        PEM = %r
        class Answer(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                self.send_response(200)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body.upper())
            def log_message(self, *args):
                pass
        def https():
            server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Answer)
            server.daemon_threads = True
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(PEM, PEM + '.key')
            server.socket = context.wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            context = ssl.create_default_context(cafile=PEM)
            client = http.client.HTTPSConnection('localhost', server.server_port, context=context,
                                                 timeout=20)
            got = []
            for number in range(3):
                client.request('POST', '/', body=b'x' * 100000 + b'%%d' %% number)
                answer = client.getresponse()
                body = answer.read()
                got.append([answer.status, len(body), body[-2:].decode()])
            version = client.sock.version()
            client.close()
            server.shutdown()
            server.server_close()
            try:
                http.client.HTTPSConnection('localhost', server.server_port,
                                            timeout=5).request('GET', '/')
            except OSError as error:
                got.append(type(error).__name__)
            return got + [version[:5]]
        ''' % pem
        lines = self.guest(text, 'https')
        self.assertEqual(json.loads(lines[0]), [[200, 100001, 'X0'], [200, 100001, 'X1'],
                                                [200, 100001, 'X2'], 'ConnectionRefusedError',
                                                'TLSv1'], self.done)


class Behaviour(Guest):
    def test_output_without_a_newline(self):
        """What Python keeps in its buffers is written however the host ends."""
        text = '''
        import atexit, sys
        stream = open(%r, 'w')
        stream.write('kept')
        atexit.register(print, 'atexit', end='')
        def say():
            print('buffered', end='|')
            sys.stderr.write('to stderr')
        ''' % os.path.join(self.folder, 'written')
        ways = [({}, None)]
        if HOST == 'c':
            ways.append(({'METACALL_EMBED_FORGET': '1'}, None))
        if IS_NODE:
            ways += [({'METACALL_TEST_END': 'exit'}, 5), ({'METACALL_TEST_END': 'throw'}, 1)]
        for names, status in ways:
            with self.subTest(names):
                self.guest(text, 'say', status=status, **names)
                self.assertIn('buffered|', self.done.stdout)
                self.assertIn('atexit', self.done.stdout)
                self.assertEqual(self.done.stdout.count('buffered|'), 1)
                self.assertIn('to stderr', self.done.stderr)
                with open(os.path.join(self.folder, 'written')) as stream:
                    self.assertEqual(stream.read(), 'kept')

    def test_no_signal_handlers(self):
        text = '''
        def caught():
            with open('/proc/self/status') as status:
                masks = dict(line.split(':') for line in status if line.startswith('Sig'))
            return [masks['SigCgt'].strip(), masks['SigIgn'].strip()]
        '''
        [line, *_] = self.guest(text, 'caught')
        caught, ignored = (int(mask, 16) for mask in json.loads(line))
        if HOST == 'c':
            self.assertEqual((caught, ignored & ~(1 << 12)), (0, 0))  # nobody touched any
        elif HOST == 'runner':
            self.assertEqual(caught, 1 << 1)  # SIGINT: the main program's KeyboardInterrupt
        else:
            alone = subprocess.check_output(
                [HOST, '-p', 'require("fs").readFileSync("/proc/self/status", "latin1")'],
                text=True, env=environment())
            [own] = [int(each.split()[1], 16) for each in alone.splitlines() if 'SigCgt' in each]
            self.assertEqual(caught, own)

    def test_the_lock_is_free(self):
        """Threads of Python run while the host is not in it."""
        if HOST == 'runner':
            self.skipTest('its script is never left')
        text = '''
        import threading, time
        ticks = []
        def start():
            def work():
                while len(ticks) < 100000:
                    ticks.append(time.monotonic())
                    time.sleep(0.005)
            threading.Thread(target=work, daemon=True).start()
        def after():
            return len(ticks)
        '''
        if HOST == 'c':
            lines = self.guest(text, 'start', '#300', 'after')
        else:
            lines = self.guest(text, 'start', METACALL_TEST_WAIT='300')
        self.assertGreater(int(lines[1]), 20)

    def test_system_exit(self):
        if HOST == 'runner':
            self.skipTest('there it is the end of the program')
        lines = self.guest('''
        import sys
        def leave(): sys.exit(3)
        def leave_with_text(): raise SystemExit('text')
        def interrupt(): raise KeyboardInterrupt
        def goes_on(): return 'on'
        ''', 'leave', 'leave_with_text', 'interrupt', 'goes_on')
        text = '\n'.join(lines)
        for name in ('leave', 'leave_with_text', 'interrupt'):
            self.assertIn(name + ' failed', text)
        self.assertIn('"on"', text)

    def test_system_exit_in_a_script(self):
        if HOST == 'runner':
            self.skipTest('there it is the end of the program')
        self.guest('import sys\nsys.exit(3)\n')
        self.assertIn('load failed', self.done.stdout)

    def test_a_thread_that_never_ends(self):
        if HOST == 'runner':
            self.skipTest('there it is the program, which goes on')
        began = time.monotonic()
        for names, status in (({}, None), ({'METACALL_TEST_END': 'exit'}, 5))[:1 + IS_NODE]:
            self.guest('''
            import threading, time
            def start():
                threading.Thread(target=time.sleep, args=(60,)).start()
                print('started', end='|')
            ''', 'start', status=status, **names)
            self.assertIn('started|', self.done.stdout)
        self.assertLess(time.monotonic() - began, 20)

    def test_threads_of_a_main_program(self):
        """A main program is over when its threads are, and they may still call what they like."""
        if HOST != 'runner':
            self.skipTest('the runner alone has a Python main program')
        lines = self.guest('''
        import concurrent.futures, threading, time, metacall
        def twice(n): return 2 * n
        def work():
            time.sleep(2.5)
            print('thread', metacall.metacall('twice', 21))
        pool = concurrent.futures.ThreadPoolExecutor(1)
        pool.submit(lambda: (time.sleep(2.2), print('pool')))
        threading.Thread(target=work).start()
        ''')
        self.assertEqual(sorted(lines), ['pool', 'thread 42'])

    def test_threads_that_end_are_awaited(self):
        self.guest('''
        import concurrent.futures, threading, time
        pool = concurrent.futures.ThreadPoolExecutor(2)
        def start():
            pool.submit(time.sleep, 0.01)
            threading.Thread(target=lambda: (time.sleep(0.3), print('thread ended'))).start()
        ''', 'start')
        self.assertIn('thread ended', self.done.stdout)

    def test_children(self):
        """sys.executable is a Python that can be started."""
        lines = self.guest('''
        import subprocess, sys
        def child():
            return subprocess.run([sys.executable, '-c', 'import sys; print(sys.version)'],
                                  stdout=subprocess.PIPE, text=True).stdout == sys.version + '\\n'
        ''', 'child')
        self.assertEqual(lines[0], 'true')

    def test_multiprocessing(self):
        if HOST != 'runner':
            self.skipTest('a main program is needed')
        lines = self.guest('''
        import multiprocessing
        def square(x): return x * x
        def work():
            found = []
            for method in ('spawn', 'fork', 'forkserver'):
                with multiprocessing.get_context(method).Pool(2) as pool:
                    found.append(pool.map(square, [1, 2, 3]))
            return found
        ''', 'work')
        self.assertEqual(json.loads(lines[0]), [[1, 4, 9]] * 3)

    def test_imports_of_other_languages(self):
        """The finder works in a guest, too: the host's own Node serves it."""
        with open(os.path.join(self.folder, 'lib.js'), 'w') as stream:
            stream.write('exports.add = (a, b) => a + b; exports.pid = () => process.pid;\n')
        lines = self.guest('''
        import os
        def imported():
            from lib.js import add, pid  # nothing was imported before
            import metacall, sys
            assert [str(each) for each in sys.meta_path].count(str(metacall._Finder)) == 1
            return [add(1, 2), pid() == os.getpid()]
        def missing():
            try:
                import nothing.at_all
            except ModuleNotFoundError as error:
                return error.name
        ''', 'missing', 'imported')
        self.assertEqual(lines.pop(0), '"nothing"')
        if 'LoaderError' in lines[0] or 'cannot import' in lines[0]:
            self.skipTest(lines[0])
        self.assertEqual(json.loads(lines[0]), [3, True])


if __name__ == '__main__':
    unittest.main()
