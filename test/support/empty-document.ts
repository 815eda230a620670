/**
 * Words as Debian 13's libvirtd has them for an empty document. Debian 12's adds a line of it, which it has not (`(null)`), and a mark below;
 * virtnetd says what that one does. The line ends may be those of JSON.
 */
export function withoutEmptyLine(words: string): string {
  return words.replace(/(Document is empty(?:\n|\\+n))\(null\)(?:\n|\\+n)\^/g, '$1');
}
