import { isVirtnetError } from '../../src/base/errors.ts';
import type { Diagnostic } from '../../src/base/diagnostic.ts';
import { readInterface, readPort, writePort } from '../../src/interface/index.ts';
import { commandOf, readNetwork, sectionOf, updateNetwork, writeNetwork } from '../../src/network/index.ts';
import { addFault } from '../oracle/generate/fault.ts';
import { networkTree } from '../oracle/generate/network.ts';
import { generatePort } from '../oracle/generate/port.ts';
import { random, type Random } from '../oracle/generate/random.ts';
import { writeTree } from '../oracle/generate/tree.ts';
import { generateUpdate, type GeneratedUpdate } from '../oracle/generate/update.ts';

/** What went wrong with one input: an exception of a kind that is not declared, a broken promise, or too long a time. */
export interface FuzzFailure {
  readonly seed: number;
  readonly kind: string;
  readonly what: string;
  readonly input: string;
}

export interface FuzzReport {
  readonly inputs: number;
  readonly accepted: number;
  readonly refused: number;
  readonly failures: readonly FuzzFailure[];
  /** Milliseconds of processor time of the slowest input. */
  readonly slowest: number;
}

/** No input under 64 KiB may take longer. Milliseconds of processor time; asked three times, since garbage is collected now and then. */
const LIMIT_MS = 50;

/**
 * Reads `count` inputs from a seed: documents of the grammar, documents with a fault, documents cut and mixed byte by byte, raw bytes,
 * ports and updates. Promises held: reading gives diagnostics or a network and never throws; what was accepted is written, and reading
 * that settles on one text; an error has a code, a message and a place.
 */
export function fuzzFormat(seed: number, count: number, onProgress?: (done: number) => void): FuzzReport {
  const failures: FuzzFailure[] = [];
  let accepted = 0;
  let slowest = 0;
  let inputs = 0;
  for (let i = 0; i < count && failures.length < 20; i++) {
    inputs++;
    const rng = random(seed + i);
    const { kind, input, run } = makeInput(rng);
    const fail = (what: string): void => {
      failures.push({ seed: seed + i, kind, what, input: typeof input === 'string' ? input : Buffer.from(input).toString('latin1') });
    };
    const attempt = (): number => {
      const started = process.cpuUsage();
      if (run()) accepted++;
      const { user, system } = process.cpuUsage(started);
      return (user + system) / 1000;
    };
    try {
      let took = attempt();
      if (took > LIMIT_MS) took = Math.min(took, attempt(), attempt());
      slowest = Math.max(slowest, took);
      if (took > LIMIT_MS) fail(`took ${took.toFixed(0)} ms`);
    } catch (error) {
      if (!isVirtnetError(error)) fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    if (i % 10_000 === 9_999) onProgress?.(i + 1);
  }
  return { inputs, accepted, refused: inputs - accepted, failures, slowest };
}

interface Input {
  readonly kind: string;
  readonly input: string | Uint8Array;
  /** True when the input was accepted. Throws when a promise is broken. */
  readonly run: () => boolean;
}

function makeInput(rng: Random): Input {
  const tree = networkTree(rng);
  if (rng.chance(0.5)) for (let n = rng.int(3) + 1; n > 0; n--) addFault(tree, rng);
  const text = writeTree(tree, rng);
  switch (rng.int(8)) {
    case 0:
    case 1:
      return { kind: 'document', input: text, run: () => readTwice(text) };
    case 2:
    case 3: {
      const mixed = mix(text, rng);
      return { kind: 'mixed text', input: mixed, run: () => readTwice(mixed) };
    }
    case 4: {
      const bytes = mixBytes(new TextEncoder().encode(text), rng);
      return { kind: 'mixed bytes', input: bytes, run: () => readTwice(bytes) };
    }
    case 5: {
      const bytes = Uint8Array.from({ length: rng.int(400) }, () => rng.int(256));
      return { kind: 'raw bytes', input: bytes, run: () => readTwice(bytes) };
    }
    case 6: {
      const xml = rng.chance(0.5) ? generatePort(rng).port : mix(generatePort(rng).port, rng);
      return { kind: 'port', input: xml, run: () => readPortTwice(xml) };
    }
    default: {
      const update = generateUpdate(rng);
      const extended = rng.chance(0.5);
      const fragment = rng.chance(0.5) ? update.fragment : mix(update.fragment, rng);
      return { kind: 'update', input: fragment, run: () => applyUpdate({ ...update, fragment }, extended) };
    }
  }
}

/** Characters that parsers stumble over. */
const ODD = [
  '<',
  '>',
  '&',
  '"',
  "'",
  '&#0;',
  '&#xD800;',
  '\u0000',
  '\uFFFF',
  '\uD800',
  ']]>',
  '<!--',
  '<![CDATA[',
  '<!DOCTYPE x [',
  '<?x ',
  '%',
  '\r',
  ' ',
  '&lt;',
];

/** Cuts, doubles, swaps and dirties parts of a text. */
function mix(text: string, rng: Random): string {
  let out = text;
  for (let n = rng.int(6) + 1; n > 0; n--) {
    const at = rng.int(out.length + 1);
    const to = Math.min(out.length, at + rng.int(40));
    switch (rng.int(5)) {
      case 0:
        out = out.slice(0, at) + out.slice(to);
        break;
      case 1:
        out = out.slice(0, to) + out.slice(at, to).repeat(rng.int(4)) + out.slice(to);
        break;
      case 2:
        out = out.slice(0, at) + rng.pick(ODD) + out.slice(at);
        break;
      case 3:
        out = out.slice(0, at) + rng.pick(['-1', '0x10', '18446744073709551616', '+1', ' 1', '1e3', 'yes', '::', '1.2.3']) + out.slice(to);
        break;
      default:
        out = out.slice(0, at);
    }
  }
  return out;
}

function mixBytes(bytes: Uint8Array, rng: Random): Uint8Array {
  const out = bytes.slice();
  for (let n = rng.int(8) + 1; n > 0 && out.length > 0; n--) out[rng.int(out.length)] = rng.int(256);
  return rng.chance(0.2)
    ? Uint8Array.from([
        ...rng.pick([
          [0xff, 0xfe],
          [0xfe, 0xff],
          [0xef, 0xbb, 0xbf],
        ]),
        ...out,
      ])
    : out;
}

function readTwice(source: string | Uint8Array): boolean {
  const { network, diagnostics } = readNetwork(source);
  checkDiagnostics(diagnostics, network === undefined);
  if (network === undefined || diagnostics.some((d) => d.severity === 'error')) return false;
  // As libvirt's own, the first text may hold what a second reading settles (an empty metadata element), and raw line breaks in
  // attributes, which every reader takes for blanks.
  const written = writeNetwork(network);
  if (hasRawBlanks(written)) return true;
  const once = rewrite(written);
  if (rewrite(once) !== once) throw new Error(`the written form is no fixed point:\n${once}\n---\n${rewrite(once)}`);
  return true;
}

/** True when an attribute holds a line break or a tab as itself: libvirt writes them so, and they come back as blanks. */
function hasRawBlanks(text: string): boolean {
  return /='[^'<>]*[\n\t\r]/.test(text);
}

function rewrite(text: string): string {
  const { network, diagnostics } = readNetwork(text);
  if (!network) throw new Error(`what was written is refused: ${diagnostics[0]?.message ?? ''}\n${text}`);
  return writeNetwork(network);
}

function readPortTwice(xml: string): boolean {
  const result = readPort(xml);
  checkDiagnostics(result.diagnostics, !result.ok);
  checkDiagnostics(readInterface(xml).diagnostics, false);
  if (!result.ok) return false;
  const written = writePort(result.value);
  if (hasRawBlanks(written)) return true;
  const once = rewritePort(written);
  if (rewritePort(once) !== once) throw new Error(`a port's written form is no fixed point:\n${written}`);
  return true;
}

function rewritePort(text: string): string {
  const result = readPort(text);
  // libvirt writes a limit of nothing but a peak or a burst (its average was 0) and then refuses to read it.
  if (!result.ok && /<(in|out)bound (?!average)/.test(text)) return text;
  if (!result.ok) throw new Error(`a port that was written is refused: ${result.diagnostics[0]?.message ?? ''}\n${text}`);
  return writePort(result.value);
}

function applyUpdate({ xml, section, command, parentIndex, fragment }: GeneratedUpdate, extended: boolean): boolean {
  const { network } = readNetwork(xml);
  if (network === undefined) return false;
  const before = structuredClone(network);
  const request = { section: sectionOf(section), command: commandOf(command), parentIndex, fragment };
  const result = updateNetwork(network, request, { extended });
  checkDiagnostics(result.diagnostics, !result.ok);
  if (JSON.stringify(network) !== JSON.stringify(before)) throw new Error('an update changed the network that it was given');
  if (!result.ok) return false;
  writeNetwork(result.value);
  return true;
}

function checkDiagnostics(diagnostics: readonly Diagnostic[], needsError: boolean): void {
  if (needsError && !diagnostics.some((d) => d.severity === 'error')) throw new Error('refused without an error');
  for (const d of diagnostics) {
    if (!/^VN[A-Z]\d{3}$/.test(d.code)) throw new Error(`code ${d.code}`);
    if (d.message === '') throw new Error('an empty message');
  }
}
