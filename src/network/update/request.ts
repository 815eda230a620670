/** Where a change goes, with libvirt's numbers (`VIR_NETWORK_SECTION_*`) and its words for them. */
export const libvirtSections = {
  bridge: 1,
  domain: 2,
  ip: 3,
  'ip-dhcp-host': 4,
  'ip-dhcp-range': 5,
  forward: 6,
  'forward-interface': 7,
  'forward-pf': 8,
  portgroup: 9,
  'dns-host': 10,
  'dns-txt': 11,
  'dns-srv': 12,
} as const;

/** A section that libvirt has a number for. */
export type LibvirtSection = keyof typeof libvirtSections;

/** What is done there, with libvirt's numbers (`VIR_NETWORK_UPDATE_COMMAND_*`). */
export const libvirtCommands = { modify: 1, delete: 2, 'add-last': 3, 'add-first': 4 } as const;

/** What an update does to its section. */
export type UpdateCommand = keyof typeof libvirtCommands;

/** The section of a number; the number itself when libvirt knows none of it. */
export function sectionOf(code: number): LibvirtSection | number {
  return nameOf(libvirtSections, code);
}

/** The command of a number; the number itself when libvirt knows none of it. */
export function commandOf(code: number): UpdateCommand | number {
  return nameOf(libvirtCommands, code);
}

function nameOf<N extends string>(table: Readonly<Record<N, number>>, code: number): N | number {
  for (const name of Object.keys(table) as N[]) {
    if (table[name] === code) return name;
  }
  return code;
}
