/** True when the text takes more than `max` bytes in UTF-8. */
export function longerThanBytes(text: string, max: number): boolean {
  // A UTF-16 code unit takes one to three bytes.
  return text.length > max || (text.length * 3 > max && new TextEncoder().encode(text).length > max);
}
