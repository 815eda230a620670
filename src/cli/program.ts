import { Command, CommanderError, Option, type Argument } from 'commander';
import type { Diagnostic } from '../base/diagnostic.ts';
import { VirtnetError } from '../base/errors.ts';
import type { LockHolder } from '../host/lock/lock.ts';
import { reportFailure } from './failure.ts';
import { OK, USAGE } from './exit.ts';
import type { Io } from './io.ts';
import { formatDiagnostic } from './render/diagnostics.ts';
import { clean } from './render/text.ts';
import type { VerbSpec } from './verb.ts';
import { verbs } from './verbs.ts';

/** Parses the command line (without node and script), runs the verb and returns the exit code. */
export async function runProgram(argv: readonly string[], io: Io): Promise<number> {
  let exit = OK;
  const program = buildProgram(io, (code) => {
    exit = code;
  });
  try {
    // Help for a verb that is none would be that of all verbs.
    const [first, second] = argv;
    const word = first === 'help' ? second : first;
    const isNoVerb = word !== undefined && /^\w/.test(word) && word !== 'help' && !isVerb(word);
    await program.parseAsync(isNoVerb ? [word] : [...argv], { from: 'user' });
    return exit;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return OK;
    return wantsData(argv) ? reportFailure(io, usageError(error), true) : USAGE;
  }
}

/** A program that reads JSON finds there too what is wrong with its command line. */
function wantsData(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(1, end < 0 ? undefined : end).includes('--json');
}

function usageError({ message }: CommanderError): VirtnetError {
  return new VirtnetError({ code: 'VNU001', message: inOurWords(message.replace(/^error: /, '').split('\n')[0] ?? '') });
}

function inOurWords(text: string): string {
  return text.replaceAll('unknown command', 'unknown verb');
}

function isVerb(word: string): boolean {
  return verbs.some(({ name, alias }) => name === word || alias === word);
}

/** The command tree. `done` is told the exit code of the verb that ran. */
export function buildProgram(io: Io, done: (code: number) => void): Command {
  const program = new Command('virtnet')
    .description('libvirt-style virtual networks on Linux.')
    .usage('<verb> [options]')
    .version(process.env['VIRTNET_VERSION'] ?? '0.0.0', '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help; `virtnet VERB --help` shows one verb with examples')
    .addHelpCommand(new Command('help').argument('[verb]', 'which one').description('show help for a verb').helpGroup('Try it:'))
    .configureHelp({
      subcommandTerm: (verb) => [verb.name(), ...verb.registeredArguments.map(term)].join(' '),
    })
    .showSuggestionAfterError(true)
    .showHelpAfterError('      hint: virtnet --help lists the verbs')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      getOutHelpWidth: () => io.width,
      getErrHelpWidth: () => io.width,
      outputError: say(io),
    });
  for (const verb of verbs) addVerb(program, verb, io, done);
  program.addHelpText(
    'after',
    `
Exit codes: 0 ok, 1 failed, 2 usage, 3 changes pending (plan, diff) or something amiss (status).
Folders: VIRTNET_CONFIG_DIR, VIRTNET_STATE_DIR, VIRTNET_RUN_DIR (/etc/virtnet, /var/lib/virtnet, /run/virtnet).

Start here:
  virtnet demo                     see a network live, in a sandbox
  virtnet validate net.xml         check a document
  virtnet plan net.xml             see what would happen
  virtnet up net.xml               make it so`,
  );
  return program;
}

function addVerb(program: Command, verb: VerbSpec, io: Io, done: (code: number) => void): void {
  const command = program
    .command(verb.name)
    .helpGroup(`${verb.group}:`)
    .summary(verb.summary)
    .description(`${sentence(verb.summary)}${verb.about === undefined ? '' : `\n\n${verb.about}`}`)
    .helpOption('-h, --help', 'show this help')
    .showHelpAfterError(`      hint: virtnet ${verb.name} --help`);
  if (verb.alias !== undefined) command.alias(verb.alias);
  if (verb.name === 'sandbox') command.passThroughOptions();
  for (const operand of verb.operands) command.argument(operand.name, operand.says);
  for (const option of verb.options) {
    const spec = new Option(option.flags, option.says);
    command.addOption(option.fallback === undefined ? spec : spec.default(option.fallback));
  }
  command.addHelpText('after', `\nExamples:\n${verb.examples.map((e) => `  # ${e.says}\n  virtnet ${e.line}`).join('\n')}`);
  command.action(async () => {
    const options = command.opts<Record<string, unknown>>();
    try {
      const { run } = await verb.load();
      done(await run(telling(io, options['json'] === true || options['quiet'] === true), command.args, options));
    } catch (error) {
      if (error instanceof CommanderError) throw error;
      done(reportFailure(io, error, options['json'] === true));
    }
  });
}

/** The same, and who waits for the change of another process learns for whom, unless `quietly`; what a power cut took is told in any case. */
function telling(io: Io, quietly: boolean): Io {
  const onWait = (holder: LockHolder | undefined): void => {
    const who = holder === undefined ? 'another virtnet' : `process ${String(holder.pid)} (${holder.command})`;
    io.err(`Waiting for ${clean(who)}, which changes this host's networks${holder === undefined ? '' : `: ${clean(holder.purpose)}`}\n`);
  };
  const onPutBack = (finding: Diagnostic): void => io.err(formatDiagnostic(finding, undefined, io.errStyle, io.width));
  const openDriver = (): ReturnType<Io['openDriver']> => io.openDriver({ onPutBack, ...(quietly ? {} : { onWait }) });
  return Object.create(io, { openDriver: { value: openDriver } }) as Io; // `signal` stays a getter
}

/** An operand as help shows it: `<file...>`, `[name]`. */
function term(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

/** What virsh and other tools call it, and the verb that it is here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'net-autostart': 'autostart',
  'net-create': 'up',
  'net-define': 'define',
  'net-destroy': 'stop',
  'net-dhcp-leases': 'leases',
  'net-dumpxml': 'dumpxml',
  'net-info': 'show',
  'net-list': 'list',
  'net-port-list': 'ports',
  'net-start': 'start',
  'net-undefine': 'undefine',
  apply: 'up',
  connect: 'attach',
  create: 'up',
  delete: 'undefine',
  describe: 'show',
  destroy: 'stop',
  disconnect: 'detach',
  doctor: 'status',
  get: 'list',
  info: 'show',
  inspect: 'show',
  remove: 'undefine',
  restart: 'repair, or virtnet stop and start',
  rm: 'undefine',
};

/** commander's own messages in the form of ours. */
function say(io: Io): (text: string, write: (text: string) => void) => void {
  const hint = (text: string): string => `      ${io.errStyle.cyan('hint:')} ${text}`;
  return (text, write) => {
    const [said = '', ...more] = inOurWords(text).split('\n');
    const verb = ELSEWHERE[/^error: unknown verb '(.+)'/.exec(said)?.[1] ?? ''];
    const rest = more.join('\n').replace(/^\(Did (.+)\)$/m, (_, question: string) => hint(`did ${question}`));
    write(
      `${said.replace(/^error:/, `${io.errStyle.red('error')}:`)}\n${verb === undefined ? rest : `${hint(`here it is virtnet ${verb}`)}\n`}`,
    );
  };
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
