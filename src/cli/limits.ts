import { VirtnetError } from '../base/errors.ts';
import type { Bandwidth, BandwidthRate } from '../network/bandwidth.ts';
import type { Vlan } from '../network/vlan.ts';

/** `--vlan`: one access tag, or the tags of a trunk. @throws VirtnetError VNU001 */
export function vlanOf(value: string | undefined, trunk: boolean): { readonly vlan?: Vlan } {
  if (value === undefined) {
    if (trunk) throw usage('--trunk needs --vlan', 'attach NAME --tap --vlan 10,20 --trunk');
    return {};
  }
  const ids = value.split(',');
  for (const id of ids)
    if (!/^\d{1,4}$/.test(id) || Number(id) < 1 || Number(id) > 4094) throw usage(`'${id}' is no VLAN`, 'give a number from 1 to 4094');
  return { vlan: { trunk: trunk || ids.length > 1, tags: ids.map((id) => ({ id: Number(id) })) } };
}

/** `--bandwidth IN[/OUT]`, each `average[,peak[,burst]]`; IN may be empty. @throws VirtnetError VNU001 */
export function bandwidthOf(value: string | undefined): { readonly bandwidth?: Bandwidth } {
  if (value === undefined) return {};
  const [inText = '', outText, ...more] = value.split('/');
  if (more.length > 0 || (inText === '' && !outText) || outText === '') throw badRate(value);
  return {
    bandwidth: {
      ...(inText === '' ? {} : { inbound: rateOf(inText, value) }),
      ...(outText === undefined ? {} : { outbound: rateOf(outText, value) }),
    },
  };
}

function rateOf(text: string, whole: string): BandwidthRate {
  const numbers = text.split(',');
  if (numbers.length > 3 || numbers.some((n) => !/^\d{1,10}$/.test(n) || Number(n) === 0)) throw badRate(whole);
  const [average = 0, peak, burst] = numbers.map(Number);
  return { average, ...(peak === undefined ? {} : { peak }), ...(burst === undefined ? {} : { burst }) };
}

function badRate(value: string): VirtnetError {
  return usage(`'${value}' is no bandwidth`, 'give IN[/OUT], each average[,peak[,burst]] in kB/s: 1000, 1000,2000,512/500 or /500');
}

function usage(message: string, hint: string): VirtnetError {
  return new VirtnetError({ code: 'VNU001', message, hint });
}
