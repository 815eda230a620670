import type { HostTools } from '../handler.ts';
import { readText } from '../system/small-files.ts';

/** IFF_UP of linux/if.h. */
const UP = 1;

/** True when a device is administratively up; false for one that is not there. */
export function isUp(dev: string, tools: Pick<HostTools, 'sysfs'>): boolean {
  return (Number(readText(`${tools.sysfs}/class/net/${dev}/flags`)?.trim() ?? '0') & UP) !== 0;
}
