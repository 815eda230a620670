import { isVirtnetError, VirtnetError } from '../../base/errors.ts';
import type { NetworkDriver, NetworkInfo, UpOptions } from '../../driver/driver.ts';
import { makeChange } from '../change.ts';
import { loadDocuments } from '../documents.ts';
import { newDraft, type Draft } from '../draft.ts';
import { OK } from '../exit.ts';
import { reportFailure } from '../failure.ts';
import type { Io } from '../io.ts';
import { sentence, shellLine } from '../render/text.ts';
import { flag, type Options, type Run } from '../verb.ts';
import { printJson, unchangedView } from '../views.ts';

/** A network that is edited. */
interface Subject {
  readonly info: NetworkInfo;
  /** The definition that the edit replaces: what was opened, or what somebody else made of it meanwhile, once the user knows. */
  was: string;
  readonly draft: Draft;
}

export const run: Run = async (io, [name = ''], options) => {
  const subject = await open(io, name);
  const { draft } = subject;
  for (let isOpen = true; ;) {
    const tried = await attempt(io, subject, options, isOpen);
    if (tried.done) {
      if (draft.isEdited() && flag(options, 'dryRun')) keep(io, subject, options, { isGood: true });
      else draft.drop();
      return OK;
    }
    if (!draft.isEdited()) {
      draft.drop();
      return tried.exit;
    }
    const answer = mayAsk(io, options) ? await askOn(io, subject, tried.error) : undefined;
    if (answer === 'd') {
      draft.drop();
      io.err('Nothing was changed.\n');
      return tried.exit;
    }
    if (answer !== 'e' && answer !== 'f') {
      keep(io, subject, options, { isGood: false });
      return tried.exit;
    }
    isOpen = answer === 'e';
  }
};

async function open(io: Io, name: string): Promise<Subject> {
  await using driver = await io.openDriver();
  const info = await driver.get(name);
  const was = await stored(driver, info);
  return { info, was, draft: newDraft(info.name, was) };
}

function stored(driver: NetworkDriver, { uuid }: NetworkInfo): Promise<string> {
  return driver.xml({ uuid }, { inactive: true });
}

type Attempt = { readonly done: true } | { readonly done: false; readonly exit: number; readonly error?: unknown };

/** Has the draft edited and takes it over. What failed is told already. */
async function attempt(io: Io, subject: Subject, options: Options, isOpen: boolean): Promise<Attempt> {
  const asData = flag(options, 'json');
  try {
    if (isOpen) await io.edit(subject.draft.path);
    if (!subject.draft.isEdited()) {
      unchanged(io, subject.info, asData);
      return { done: true };
    }
    const exit = await takeOver(io, subject, options);
    return exit === OK ? { done: true } : { done: false, exit };
  } catch (error) {
    return { done: false, exit: reportFailure(io, mayAsk(io, options) ? error : withFile(error, subject.draft), asData), error };
  }
}

function unchanged(io: Io, info: NetworkInfo, asData: boolean): void {
  if (!asData) io.out(sentence`${info.name} is not changed`);
  else io.out(printJson(unchangedView(info)));
}

/** The driver is opened anew each time: a virtnetd may have come or gone while the editor was open. */
async function takeOver(io: Io, { info, was, draft }: Subject, options: Options): Promise<number> {
  const [document] = await loadDocuments(io, [draft.path], flag(options, 'json'));
  await using driver = await io.openDriver();
  const isStoredNow = info.persistent ? '' : '; its definition is stored now';
  const bounce: UpOptions = flag(options, 'bounce') ? { bounce: true } : {};
  return await makeChange(io, options, {
    apply: (change) => driver.edit({ uuid: info.uuid }, { xml: document?.xml ?? '', was }, { ...change, ...bounce }),
    showPlan: true,
    report: (networks) =>
      networks.map((n) => sentence`${n.name} is changed${n.active ? ', and runs by it now' : ''}${isStoredNow}`).join(''),
    unchanged: (networks) =>
      networks
        .map((n) => sentence`${n.name} is changed; ${n.active ? 'nothing to change on this host' : 'it does not run'}${isStoredNow}`)
        .join(''),
    warnings: (networks) => driver.warnings(networks.filter((n) => n.active).map(({ uuid }) => ({ uuid }))),
    storedOnlyOf: info.active ? undefined : info.name,
    ...(flag(options, 'dryRun') ? { fields: { file: draft.path } } : {}),
  });
}

function mayAsk(io: Io, options: Options): boolean {
  return io.interactive && !flag(options, 'json') && !flag(options, 'yes');
}

/** What to do with a text that was not taken over: edit it again (`e`), force it over another's change (`f`), drop it (`d`); undefined: keep it. */
async function askOn(io: Io, subject: Subject, error: unknown): Promise<string | undefined> {
  const isOvertaken = isVirtnetError(error) && error.code === 'VND019';
  if (!isOvertaken) return io.choose('Edit again, keep the text in a file, or drop it?', 'ekd');
  await using driver = await io.openDriver();
  const theirs = await stored(driver, subject.info);
  io.err(`What it says now is in ${subject.draft.putBeside(theirs)}\n`);
  const answer = await io.choose('Edit again, force your text over it, keep the text in a file, or drop it?', 'efkd');
  if (answer === 'e' || answer === 'f') subject.was = theirs;
  return answer;
}

/** @param isGood whether a dry run took the text: it can be carried out then */
function keep(io: Io, { info, draft }: Subject, options: Options, { isGood }: { readonly isGood: boolean }): void {
  if (flag(options, 'json')) return; // the JSON names the file
  io.err(`What you wrote is in ${draft.path}\n`);
  if (isGood) io.err(`Next: ${shellLine('virtnet', info.active ? 'up' : 'define', draft.path)}\n`);
}

/** For who reads JSON the file is among the details. */
function withFile(error: unknown, draft: Draft): unknown {
  if (!isVirtnetError(error) || !draft.isEdited()) return error;
  const { code, message, hint, diagnostics, details } = error;
  return new VirtnetError({
    ...{ code, message, diagnostics, cause: error },
    ...(hint === undefined ? {} : { hint }),
    details: { ...details, file: draft.path },
  });
}
