import { VirtnetError } from '../base/errors.ts';
import type { ForwardListen, ForwardRequest } from '../forwards/edit.ts';

/** `ADDRESS:` before the ports, IPv6 in brackets. */
const LISTEN = /^(?:(?:\[(?<six>[^\]]+)\]|(?<four>\d+(?:\.\d+){3})):)?(?<port>\d{1,5})(?:-(?<end>\d{1,5}))?$/;
/** The guest and its port: an address (IPv6 in brackets), a MAC address or a name. */
const GUEST = /^(?:\[(?<six>[^\]]+)\]|(?<mac>[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5})|(?<name>[^:[\]]+))(?::(?<port>\d{1,5}))?$/i;
/** Where the listening part ends: at the colon behind the ports. */
const PARTS = /^(?<listen>(?:\[[^\]]*\]:|\d+(?:\.\d+){3}:)?\d+(?:-\d+)?)(?::(?<guest>.+))?$/;

/**
 * `[ADDRESS:]PORT[-END]:GUEST[:PORT][/PROTOCOL]`, as Docker and Podman have it, with the guest in the middle; tcp where no protocol is named.
 * @throws VirtnetError VNU001
 */
export function forwardOf(word: string): ForwardRequest {
  const { listen, guest } = split(word);
  const { six, mac, name, port } = GUEST.exec(guest ?? '')?.groups ?? {};
  const to = six ?? mac ?? name;
  if (to === undefined) throw usage(word);
  return { ...listen, to, ...(port === undefined ? {} : { toPort: Number(port) }) };
}

/** `[ADDRESS:]PORT[-END][/PROTOCOL]`; what `forwardOf` reads is taken as well, its guest unread. @throws VirtnetError VNU001 */
export function listenOf(word: string): ForwardListen {
  return split(word).listen;
}

function split(word: string): { readonly listen: ForwardListen; readonly guest: string | undefined } {
  const [rest = '', proto = 'tcp', ...more] = word.split('/');
  const { listen = '', guest } = PARTS.exec(rest)?.groups ?? {};
  const { six, four, port, end } = LISTEN.exec(listen)?.groups ?? {};
  if (port === undefined || more.length > 0 || !/^(tcp|udp)$/i.test(proto)) throw usage(word);
  const address = six ?? four;
  return {
    listen: {
      proto: proto.toLowerCase(),
      ...(address === undefined ? {} : { address }),
      port: Number(port),
      ...(end === undefined ? {} : { end: Number(end) }),
    },
    guest,
  };
}

function usage(word: string): VirtnetError {
  return new VirtnetError({
    code: 'VNU001',
    message: `'${word}' is no port forward`,
    hint: 'write [ADDRESS:]PORT[-END]:GUEST[:PORT][/tcp|/udp], IPv6 addresses in brackets: 8080:192.168.122.10:80/tcp, 203.0.113.1:2222:web:22, 6000-6009:web/udp; to remove one, up to the first port or range: 8080/tcp',
  });
}
