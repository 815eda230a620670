import type { PortRecord } from '../../compile/port.ts';
import type { Lease, PortStatus } from '../../driver/driver.ts';
import type { Bandwidth } from '../../network/bandwidth.ts';
import { formatBytes, formatDuration } from './text.ts';

/** The host's device of a port, or the pool device it sits on. */
export function deviceOf(record: PortRecord): string | undefined {
  if ('dev' in record.attachment) return record.attachment.dev;
  return record.port.plug?.type === 'direct' ? record.port.plug.dev : undefined;
}

/** The device as lists show it: one that is gone says so. */
export function shownDevice(record: PortRecord, status: PortStatus | undefined): string | undefined {
  const device = deviceOf(record) ?? status?.device;
  return status?.state === 'gone' ? `${device ?? ''} (gone)`.trim() : device;
}

/** What the guest received and sent: `1.5K/900`. */
export function traffic(status: PortStatus | undefined): string | undefined {
  const { counters } = status ?? {};
  return counters && `${formatBytes(counters.rxBytes)}/${formatBytes(counters.txBytes)}`;
}

/** Where the guest is: its namespace and device there, or what kind of device it was given. */
export function whereOf(record: PortRecord): string {
  const a = record.attachment;
  switch (a.type) {
    case 'netns':
      return `${a.guestDev} in ${a.netns}`;
    case 'none':
      return 'made elsewhere';
    case 'tap':
    case 'macvtap':
    case 'hostdev':
      return a.type;
  }
}

/** `in 1000, out 500 kB/s`: averages. */
export function limitsOf(bandwidth: Bandwidth | undefined): string | undefined {
  const parts = [
    bandwidth?.inbound?.average === undefined ? '' : `in ${String(bandwidth.inbound.average)}`,
    bandwidth?.outbound?.average === undefined ? '' : `out ${String(bandwidth.outbound.average)}`,
  ].filter((p) => p !== '');
  return parts.length === 0 ? undefined : `${parts.join(', ')} kB/s`;
}

/** `in 58m`, `never`, `expired`. `now` is in seconds since the epoch. */
export function expires(lease: Lease, now: number): string {
  if (lease.expiry === 0) return 'never';
  return lease.expiry <= now ? 'expired' : `in ${formatDuration(lease.expiry - now)}`;
}
