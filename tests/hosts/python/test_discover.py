# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""The main program: found by name at call time, described from its code objects."""

import unittest

import support


class Main(unittest.TestCase):
    def check(self, code):
        child = support.run(code)
        self.assertEqual((child.status, child.errors), (0, ''), child)
        return child.output

    def test_defined_after_the_import(self):
        self.check('''
            import metacall
            def later(a): return a * 2
            assert metacall.metacall('later', 21) == 42
            def later(a): return a * 3
            assert metacall.metacall('later', 21) == 63
            del later
            try:
                metacall.metacall('later', 1)
            except metacall.NotFoundError:
                pass
            else:
                raise SystemError('still there')
        ''')

    def test_loaded_functions_come_first(self):
        self.check('''
            import metacall
            def both(): return 'main'
            metacall.metacall_load_from_memory('py', 'def both(): return "loaded"')
            assert metacall.metacall('both') == 'loaded'
        ''')

    def test_imported_functions(self):
        self.check('''
            import metacall, json, os.path
            from textwrap import dedent
            assert metacall.metacall('dumps', [1]) == '[1]'
            assert metacall.metacall('dedent', '  a') == 'a'
        ''')

    def test_paths(self):
        """By the name of an imported module, or from a name of the main program on."""
        self.check('''
            import metacall, json, os.path, xml.etree.ElementTree
            class Kind:
                def __init__(self, n): self.n = n
                @staticmethod
                def static(n): return n + 1
                class Inner:
                    @classmethod
                    def name(cls): return cls.__name__
            instance = Kind(4)
            instance.method = lambda: instance.n
            call = metacall.metacall
            assert call('json.dumps', [1]) == '[1]'
            assert call('os.path.join', 'a', 'b') == 'a/b'
            assert call('xml.etree.ElementTree.Element', 'x').tag == 'x'
            assert call('Kind.static', 1) == 2 and call('Kind.Inner.name') == 'Inner'
            assert call('instance.method') == 4
            assert call('__main__.Kind.static', 1) == 2
            for name in ('json.nothing', 'nothing.dumps', 'json.', '.json', 'Kind.static.',
                         'instance.n', 'json.decoder.x.y', 'wave.open'):
                try:
                    call(name)
                except metacall.NotFoundError as error:
                    assert name in str(error)
                else:
                    raise SystemError(name)
            assert 'wave' not in sys.modules
            json.later = lambda: 'later'
            assert call('json.later') == 'later'
            del json.later
            try:
                call('json.later')
            except metacall.NotFoundError:
                pass
            else:
                raise SystemError
        ''')

    def test_inspect(self):
        self.check('''
            import asyncio, functools, metacall
            from os.path import join
            def plain(a, b=2, *, c, d=4): pass
            def typed(a: int, b: 'str' = '', *rest, flag: bool = False, **more) -> float: pass
            async def waits(x): pass
            part = functools.partial(plain, 1)
            @functools.wraps(typed)
            def wrapper(*args, **kwargs): pass
            _hidden = plain
            def names(entry): return [each['name'] for each in entry['signature']['args']]
            def types(entry): return [each['type']['name'] for each in entry['signature']['args']]
            found = metacall.metacall_inspect()
            assert '__metacall_host__' not in found
            main = [each for each in found['py'] if each['name'] == '__main__'][0]
            entries = {each['name']: each for each in main['scope']['funcs']}
            assert 'join' not in entries and '_hidden' not in entries, sorted(entries)
            assert names(entries['plain']) == ['a', 'b', 'c', 'd']
            assert names(entries['typed'])[:2] == ['a', 'b'], entries['typed']
            assert types(entries['typed'])[:2] == ['Long', 'String'], entries['typed']
            assert entries['typed']['signature']['ret']['type']['name'] == 'Double'
            assert entries['waits']['async'] and not entries['plain']['async']
            assert names(entries['part']) == ['b', 'c', 'd'], entries['part']
            assert names(entries['wrapper'])[:2] == ['a', 'b']
            assert 'inspect' not in sys.modules or 'asyncio' in sys.modules
        ''')

    def test_inspect_after_definition(self):
        self.check('''
            import metacall
            def names():
                main = [each for each in metacall.metacall_inspect()['py']
                        if each['name'] == '__main__'][0]
                return {each['name'] for each in main['scope']['funcs']}
            assert 'fresh' not in names()
            def fresh(): pass
            assert 'fresh' in names()
            del fresh
            assert 'fresh' not in names()
        ''')


if __name__ == '__main__':
    unittest.main()
