import type { WireError } from './protocol/structs.ts';
import { Code, Domain, template } from './protocol/error-numbers.ts';

/** Where the detail goes in a template. */
const PLACE = /%(?:1\$)?s/;
/** `VIR_ERR_ERROR`. */
const LEVEL_ERROR = 2;

/** An error as a libvirt client is told it. Thrown inside this face; `toRemoteError` makes one of anything else. */
export class RemoteError extends Error {
  readonly code: number;
  readonly domain: number;
  readonly str1: string | undefined;
  readonly str2: string | undefined;
  readonly int1: number;
  readonly int2: number;

  constructor(init: {
    readonly code: number;
    readonly domain: number;
    /** The whole message, prefix included. */
    readonly message: string;
    readonly str1?: string | undefined;
    readonly str2?: string | undefined;
    readonly int1?: number;
    readonly int2?: number;
  }) {
    super(init.message);
    this.name = 'RemoteError';
    this.code = init.code;
    this.domain = init.domain;
    this.str1 = init.str1;
    this.str2 = init.str2;
    this.int1 = init.int1 ?? (init.code === Code.systemError ? errnoOf(init.message) : -1);
    this.int2 = init.int2 ?? -1;
  }

  toWire(): WireError {
    const { code, domain, message, str1, str2, int1, int2 } = this;
    return { code, domain, message, level: LEVEL_ERROR, guest: undefined, str1, str2, str3: undefined, int1, int2, network: undefined };
  }
}

/** The error of a code with its detail put into libvirt's message form. */
export function remoteError(code: number, domain: number, detail: string, int1?: number): RemoteError {
  const str1 = template(code);
  const takesDetail = PLACE.test(str1);
  const message = takesDetail ? str1.replace(PLACE, () => detail) : str1;
  return new RemoteError({ code, domain, message, str1, str2: takesDetail ? detail : undefined, ...(int1 === undefined ? {} : { int1 }) });
}

/** The error of a code whose whole message (with libvirt's prefix) is known: the detail is taken out of it again. */
export function remoteErrorOfMessage(code: number, domain: number, message: string): RemoteError {
  const str1 = template(code);
  const [before = '', after = ''] = str1.split(PLACE);
  const fits = PLACE.test(str1) && message.startsWith(before) && message.endsWith(after);
  return new RemoteError({
    code,
    domain,
    message,
    str1,
    str2: fits ? message.slice(before.length, message.length - after.length) : undefined,
  });
}

/** What strerror(3) says of what the kernel refuses, with its numbers; a system error has them beside its message. */
const errnos: readonly (readonly [words: string, errno: number])[] = [
  ['Operation not permitted', 1],
  ['No such file or directory', 2],
  ['File exists', 17],
  ['No such device', 19],
  ['Invalid argument', 22],
  ['No space left on device', 28],
  ['Numerical result out of range', 34],
  ['Cannot assign requested address', 99],
];

/** The number of the words that a message ends in; -1 for none that is known. */
function errnoOf(message: string): number {
  return errnos.find(([words]) => message.endsWith(`: ${words}`))?.[1] ?? -1;
}

/** Flags that a function does not know; `cFunction` is the driver's, such as `networkUpdate`. */
export function unsupportedFlags(cFunction: string, unknown: number, domain: number = Domain.network): RemoteError {
  return new RemoteError({
    code: Code.invalidArg,
    domain,
    message: `unsupported flags (0x${unknown.toString(16)}) in function ${cFunction}`,
    str1: cFunction,
    str2: 'flags',
    int1: 0,
    int2: 0,
  });
}

/** A complaint about one argument of a public function, with libvirt's free message. */
export function argumentError(cFunction: string, argument: string, message: string): RemoteError {
  return new RemoteError({ code: Code.invalidArg, domain: Domain.network, message, str1: cFunction, str2: argument, int1: 0, int2: 0 });
}

/** An error of the RPC layer itself. */
export function rpcError(detail: string): RemoteError {
  return remoteError(Code.rpc, Domain.rpc, detail);
}
