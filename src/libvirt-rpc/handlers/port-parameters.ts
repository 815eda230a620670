import type { Bandwidth, BandwidthRate } from '../../network/bandwidth.ts';
import type { TypedParameter, TypedValue } from '../xdr/typed-parameter.ts';

/** `VIR_NETWORK_PORT_BANDWIDTH_*`, in the order in which libvirt answers them. Unsigned ints, kB per second and KiB. */
const directions = {
  inbound: ['average', 'peak', 'floor', 'burst'],
  outbound: ['average', 'peak', 'burst'],
} as const satisfies Record<string, readonly (keyof BandwidthRate)[]>;

/** The values of each direction that a port limits, unset ones as 0; nothing for a direction (or a port) without limits. */
export function parametersOf(bandwidth: Bandwidth | undefined): readonly TypedParameter[] {
  return (['inbound', 'outbound'] as const).flatMap((direction) => {
    const rates = bandwidth?.[direction];
    if (rates === undefined) return [];
    return directions[direction].map((rate): TypedParameter => ({ field: `${direction}.${rate}`, type: 'uint', value: rates[rate] ?? 0 }));
  });
}

/**
 * The bandwidth that a list of parameters asks for: it replaces the former one whole. A direction without an average (or floor) has no
 * limits; without any, an empty bandwidth is left, as libvirt leaves it. Unknown names say nothing.
 */
export function bandwidthOf(parameters: readonly TypedParameter[]): Bandwidth {
  const inbound = rateOf(parameters, 'inbound');
  const outbound = rateOf(parameters, 'outbound');
  return { ...(inbound === undefined ? {} : { inbound }), ...(outbound === undefined ? {} : { outbound }) };
}

function rateOf(parameters: readonly TypedParameter[], direction: keyof typeof directions): BandwidthRate | undefined {
  const rates: Partial<Record<keyof BandwidthRate, number>> = {};
  for (const rate of directions[direction]) {
    const given = parameters.findLast((p) => p.field === `${direction}.${rate}`);
    const value = given === undefined ? 0 : uintOf(given);
    if (value > 0) rates[rate] = value;
  }
  return rates.average === undefined && rates.floor === undefined ? undefined : rates;
}

/** libvirt looks at no type and takes the low four bytes of the value. Those of a text are an address in its memory: none here. */
function uintOf(parameter: TypedValue): number {
  switch (parameter.type) {
    case 'llong':
    case 'ullong':
      return Number(BigInt.asUintN(32, parameter.value));
    case 'double':
      return new Uint32Array(Float64Array.of(parameter.value).buffer)[0] ?? 0;
    case 'string':
      return 0;
    default:
      return Number(parameter.value) >>> 0;
  }
}
