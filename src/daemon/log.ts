import type { Step } from '../plan/plan.ts';

/** Levels of syslog(3) that the daemon uses, with their numbers. */
const priorities = { error: 3, warning: 4, notice: 5, info: 6, debug: 7 } as const;
export type LogLevel = keyof typeof priorities;
export const logLevels = Object.keys(priorities) as readonly LogLevel[];

/** libvirt's four levels (1 debug, 2 info, 3 warning, 4 error) and the daemon's: what libvirt calls a warning is a notice here at least. */
export const libvirtPriorities = { debug: 1, info: 2, notice: 3, warning: 3, error: 4 } as const satisfies Record<LogLevel, number>;

/** The level by which what libvirt has for important enough is written. */
export function levelOfPriority(priority: 1 | 2 | 3 | 4): LogLevel {
  return ({ 1: 'debug', 2: 'info', 3: 'notice', 4: 'error' } as const)[priority];
}

/** Says one thing that happened, with its data. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

export interface LogOptions {
  readonly write: (line: string) => void;
  /** Less important lines are left out. */
  readonly level: LogLevel;
  /** The journal takes the time itself and reads the level from a `<N>` in front; elsewhere both are written out. */
  readonly journal: boolean;
  readonly clock: () => Date;
}

export interface BurstOptions {
  /** Milliseconds that a line waits at most. */
  readonly ms: number;
  readonly write: (text: string) => void;
}

/** Where lines go that follow one another quickly: the first is written at once, those that come within a moment of it together. */
export interface Bursts {
  write(line: string): void;
  /** Writes what waits, now. */
  flush(): void;
}

/** A thousand definitions in a second are a thousand lines: whoever reads them is woken some twenty times for it, not a thousand. */
export function inBursts({ ms, write }: BurstOptions): Bursts {
  let waiting = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    const text = waiting;
    waiting = '';
    if (text !== '') write(text);
  };
  const onTime = (): void => {
    timer = undefined;
    if (waiting !== '') wait();
    flush();
  };
  const wait = (): void => {
    timer = setTimeout(onTime, ms).unref(); // whoever ends asks for what waits
  };
  return {
    write: (line) => {
      if (timer !== undefined) {
        waiting += line;
        return;
      }
      wait();
      write(line);
    },
    flush,
  };
}

/** A log of one line an entry: `MESSAGE key=value key="two words"`. No value can start a line of its own. */
export function createLog(options: LogOptions): Log {
  return (level, message, fields = {}) => {
    if (priorities[level] > priorities[options.level]) return;
    const front = options.journal ? `<${priorities[level]}>` : `${options.clock().toISOString()} ${level} `;
    let line = front + printable(message);
    for (const key in fields) if (fields[key] !== undefined) line += ` ${key}=${quoted(fields[key])}`;
    options.write(`${line}\n`);
  };
}

/** A value as one word, or as a JSON string where it is more. */
function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
  return WORD.test(text) ? text : JSON.stringify(text);
}

const WORD = /^[\w.:/@+,%-]+$/;
const CONTROL = /\p{Cc}/u;

function printable(text: string): string {
  return CONTROL.test(text) ? text.replace(/\p{Cc}/gu, ' ') : text;
}

/** What was done to a host, a few words a step. */
export function stepsInWords(steps: readonly Step[]): readonly string[] {
  return steps.map((step) => `${step.op} ${step.key}: ${step.reason}`);
}
