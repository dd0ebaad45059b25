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

/**
 * What stands for an object of another language: attributes are properties, methods are called,
 * items are indexed, iterators, generators and asynchronous generators are JavaScript's. A class of
 * another language is a function: `new Cls(1)`, `x instanceof Cls`.
 */
export class ForeignObject {
  private constructor();
  [name: string]: any;
  [index: number]: any;
}

/** A class of another language. */
export interface ForeignClass {
  new (...args: any[]): ForeignObject;
  (...args: any[]): ForeignObject;
  readonly name: string;
  [name: string]: any;
}

/** Functions and classes of a loaded script, by name. */
export type Exports = Record<string, any>;

/** Calls the function of that name, whatever language it is written in. */
export function metacall(name: string, ...args: any[]): any;
/** The same as a Promise: what an asynchronous function gives, or a synchronous one returns. */
export const metacall_await: {
  (name: string, ...args: any[]): Promise<any>;
  /**
   * Rejects with the signal's reason when it is aborted, with a TimeoutError (code
   * 'ERR_METACALL_TIMEOUT') when the time is over; either way the callee is asked to give up: a task
   * of Python is cancelled.
   */
  with(options: AwaitOptions, name: string, ...args: any[]): Promise<any>;
};
export interface AwaitOptions {
  signal?: AbortSignal;
  /** Milliseconds. */
  timeout?: number;
}

/**
 * In a function that another language has called, before its first await: a signal that is aborted
 * when the caller cancels what the function gave. Elsewhere one that never is.
 */
export function abortSignal(): AbortSignal;

/**
 * Enters a context manager of another language, calls body with what it gives, and leaves it when
 * body has returned, has thrown, or its Promise has settled. Where the manager deals with the error,
 * the result is undefined. An asynchronous manager (`async with`) always gives a Promise.
 */
export function using<T>(manager: ForeignObject, body: (value: any) => Promise<T>):
  Promise<T | undefined>;
export function using<T>(manager: ForeignObject, body: (value: any) => T): T | undefined;

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
/** A call on its way through hooks. */
export interface InterceptedCall {
  readonly function: (...args: any[]) => any;
  readonly name: string;
  /** What JavaScript itself passes comes as it is; arguments by name come last, in an object. */
  readonly args: readonly any[];
  /** In `before`, setting it is the answer: the function is not called. In `after`, what the call
   * gives; setting it gives something else, also where the call failed. */
  result: any;
  /** What is thrown; setting it makes the call fail, as a throw in the hook does. */
  error: any;
  /** Anything of your own that you put here in `before` is there in `after`. */
  [own: string]: any;
}

export interface Interception {
  /** Takes the hooks off; with the last ones gone the function is as it was. Throws where somebody
   * else has changed what stands in its place; no hook is called any more even then. */
  remove(): void;
  /** 'all': also the calls of the function's own language are seen. 'registry': only those of other
   * languages and by name are; `reason` says why (an ES module alone exports it, for one). */
  readonly scope: 'all' | 'registry';
  readonly reason: string;
}

/** Calls your code before and after every call of a function of any language, whoever calls it. */
export function intercept(func: string | ((...args: any[]) => any), hooks: {
  before?: (call: InterceptedCall) => void;
  after?: (call: InterceptedCall) => void;
}): Interception;

/** From now on the library says on standard error what it does. */
export function metacall_logs(): void;
