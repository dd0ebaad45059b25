// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// import ... from 'metacall': the same module, by name.
import metacallModule from './index.js';

export const {
  metacall,
  metacall_await,
  metacallfms,
  metacall_load_from_file,
  metacall_load_from_file_export,
  metacall_load_from_memory,
  metacall_load_from_memory_export,
  metacall_load_from_package,
  metacall_load_from_package_export,
  metacall_load_from_configuration,
  metacall_load_from_configuration_export,
  metacall_execution_path,
  metacall_inspect,
  metacall_handle,
  metacall_logs,
  ForeignError,
} = metacallModule;
export default metacallModule;
