# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Interception: what metacall.intercept() is made of."""

import _thread

from . import _metacall


class Call:
    """One call of an intercepted function, as its hooks see it.

    Before and after get the same Call, so that the one may leave something on it for the other.
    """

    def __init__(self, function, args, kwargs):
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.error = None
        self._result = None
        self._answer = None

    @property
    def result(self):
        """What the call gives. Assigning it in `before` answers in the function's stead; in
        `after` it replaces what the function gave, or the exception that it raised."""
        return self._result

    @result.setter
    def result(self, value):
        self._result = value
        self._answer = (value,)

    def __repr__(self):
        return '<metacall.Call of %r: args %r, kwargs %r>' % (
            self.function, self.args, self.kwargs)


class Interception:
    """Hooks on a function, until remove() or the end of a with statement takes them off."""

    def __init__(self, function, before, after):
        if before is None and after is None:
            raise TypeError('intercept() needs a hook: before, after or both')
        for hook in (before, after):
            if hook is not None and not callable(hook):
                raise TypeError('a hook is a callable with one parameter, the call, not %r' % hook)
        if isinstance(function, type):
            raise TypeError('a class is not intercepted itself; intercept its %s' % (
                '__init__' if '__init__' in vars(function) else '__init__ or __new__'))
        self.function = function
        self._before = before
        self._after = after
        self._calls = _thread._local()
        both = before is not None and after is not None
        self._handle, seen, self.reason = _metacall.intercept(
            function, self._enter if both else self._first if before is not None else None,
            self._leave if after is not None else None)
        self.scope = 'all' if seen else 'registry'

    @property
    def active(self):
        """Are the hooks on the function?"""
        return self._handle is not None

    def remove(self):
        """Takes the hooks off; with the last ones the function is as it was. Twice is once."""
        handle, self._handle = self._handle, None
        if handle is not None:
            _metacall.intercept_remove(handle)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.remove()

    def __repr__(self):
        return '<metacall.Interception of %r, %s>' % (
            self.function, 'removed' if not self.active else 'scope %r' % self.scope)

    def _first(self, args, kwargs):
        call = Call(self.function, args, kwargs)
        self._before(call)
        return call._answer

    def _enter(self, args, kwargs):
        call = Call(self.function, args, kwargs)
        self._before(call)
        if call._answer is None: # else there will be no `after` for it
            try:
                self._calls.stack.append(call)
            except AttributeError:
                self._calls.stack = [call]
        return call._answer

    def _leave(self, args, kwargs, result, error):
        stack = getattr(self._calls, 'stack', None)
        call = stack.pop() if stack else Call(self.function, args, kwargs)
        call.error = error
        call._result = result
        self._after(call)
        return call._answer
