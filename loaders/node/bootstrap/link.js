// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// Which JavaScript function belongs to which metacall_function.
(function link(shared, require) {
  'use strict';

  const links = new WeakMap(); // function -> address of its metacall_function

  return {
    linkGet: (key) => links.get(key),
    linkSet: (key, value) => { links.set(key, value); },
    linkDelete: (key) => { links.delete(key); },
  };
})
