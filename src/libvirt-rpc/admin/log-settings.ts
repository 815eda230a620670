import { Code, Domain } from '../protocol/error-numbers.ts';
import { remoteError } from '../remote-error.ts';
import type { AdminLog, LogPriority } from './service.ts';

/** What libvirt's destinations look like: of how many parts `PRIORITY:DESTINATION[:WHERE]` has to be. */
const parts: Readonly<Record<string, number>> = { stderr: 2, journald: 2, syslog: 3, file: 3 };

/**
 * The priority that a list of outputs asks for (`3:stderr`, several with blanks between); an empty one asks for the initial one.
 * @throws RemoteError in libvirt's words for what is no output; for one that the daemon does not have, in its own.
 */
export function priorityOfOutputs(text: string | undefined, log: AdminLog): LogPriority {
  const outputs = words(text).map((output) => outputOf(output));
  const absent = outputs.find(({ destination }) => !log.destinations.includes(destination));
  if (absent !== undefined)
    throw remoteError(
      Code.operationUnsupported,
      Domain.admin,
      `virtnetd writes its log to ${log.destinations[0]}, not to a ${absent.destination} of its own`,
    );
  return outputs.at(-1)?.priority ?? log.initial;
}

/**
 * virtnetd's log has no sources to filter by: only no filters at all can be set.
 * @throws RemoteError in libvirt's words for what is no filter; for others in its own.
 */
export function checkFilters(text: string | undefined): void {
  const filters = words(text);
  for (const filter of filters) checkFilter(filter);
  if (filters.length > 0)
    throw remoteError(Code.operationUnsupported, Domain.admin, 'the lines of virtnetd have no source to filter by; set the outputs');
}

function words(text = ''): readonly string[] {
  return text.split(' ').filter((word) => word !== '');
}

function outputOf(output: string): { readonly priority: LogPriority; readonly destination: string } {
  const [priority = '', destination, ...where] = output.split(':');
  if (destination === undefined) throw invalid(`Malformed format for log output '${output}'`);
  if (!isPriority(priority)) throw invalid(`Invalid log priority '${priority}' for log output '${output}'`);
  const needed = Object.hasOwn(parts, destination) ? parts[destination] : undefined;
  if (needed === undefined) throw invalid(`Invalid log destination '${destination}' for log output '${output}'`);
  if (needed !== where.length + 2)
    throw invalid(`Log output '${output}' does not meet the format requirements for destination type '${destination}'`);
  return { priority: Number(priority) as LogPriority, destination };
}

function checkFilter(filter: string): void {
  const [priority = '', match] = filter.split(':');
  if (match === undefined) throw invalid(`Malformed format for filter '${filter}'`);
  if (!isPriority(priority)) throw invalid(`Invalid priority '${priority}' for filter '${filter}'`);
  if (match.replace(/^\+/, '') === '') throw invalid(`Invalid match string '${match}'`);
}

function isPriority(text: string): boolean {
  return /^0*[1-4]$/.test(text);
}

function invalid(detail: string): Error {
  return remoteError(Code.invalidArg, Domain.none, detail);
}
