// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors

/** An error that was thrown in another language. */
export class ForeignError extends Error {
  /** Tag of the loader it comes from: "py". */
  readonly language?: string;
  /** Its type there: "ValueError". */
  readonly type: string;
  /** Its own number, where it has one: errno. */
  readonly code?: number;
}

/** Functions of a loaded script, by name. */
export type Exports = Record<string, (...args: any[]) => any>;

/** Calls the function of that name, whatever language it is written in. */
export function metacall(name: string, ...args: any[]): any;
/** The same as a Promise. */
export function metacall_await(name: string, ...args: any[]): Promise<any>;
/** Arguments as JSON text or as a value: an object by parameter names, an array by position. */
export function metacallfms(func: (...args: any[]) => any, args: string | object): any;

/** Loads scripts; throws an Error that begins with "MetaCall could not load from file". */
export function metacall_load_from_file(tag: string, paths: string[]): true;
export function metacall_load_from_file_export(tag: string, paths: string[]): Exports;
export function metacall_load_from_memory(tag: string, source: string): true;
export function metacall_load_from_memory_export(tag: string, source: string): Exports;
export function metacall_load_from_package(tag: string, name: string): true;
export function metacall_load_from_package_export(tag: string, name: string): Exports;
/** Loads what a metacall.json lists. */
export function metacall_load_from_configuration(file: string): true;
export function metacall_load_from_configuration_export(file: string): Exports;

/** Adds a folder where scripts of `tag` are looked for. */
export function metacall_execution_path(tag: string, folder: string): true;
/** What is loaded, by tag. */
export function metacall_inspect(): Record<string, any[]>;
/** Functions of a loaded file, by its path or its name. */
export function metacall_handle(tag: string, name: string): Exports;
/** From now on the library says on standard error what it does. */
export function metacall_logs(): void;
