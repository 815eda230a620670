/** The YAML package behind one file of ours: it is loaded only when needed, and a bundler then still sees which names are used. */
export { parseDocument, stringify } from 'yaml';
