import { XmlFault } from './fault.ts';

/**
 * Bytes to text as XML 1.0 appendix F says: a byte order mark, else the encoding of the XML declaration, else UTF-8. Known:
 * UTF-8, UTF-16 (both orders), ISO-8859-1, US-ASCII. Throws `XmlFault` for anything else and for bytes that are no text.
 */
export function decodeXml(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return utf16(bytes.subarray(2), true);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return utf16(bytes.subarray(2), false);
  if (bytes[0] === 0x3c && bytes[1] === 0) return utf16(bytes, true);
  if (bytes[0] === 0 && bytes[1] === 0x3c) return utf16(bytes, false);
  const bom = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const body = bom ? bytes.subarray(3) : bytes;
  const declared = bom ? 'utf-8' : declaredEncoding(body);
  switch (declared.toLowerCase()) {
    case 'utf-8':
    case 'utf8':
      return utf8(body);
    case 'us-ascii':
    case 'ascii':
    case 'iso-8859-1':
    case 'iso_8859-1':
    case 'latin1':
      return latin1(body);
    default:
      throw new XmlFault('VNX008', 0, `encoding '${declared}' is not supported`, {
        hint: 'save the document as UTF-8',
        libxml2: `Unsupported encoding ${declared}`,
      });
  }
}

function declaredEncoding(bytes: Uint8Array): string {
  const head = latin1(bytes.subarray(0, 200));
  return /^<\?xml\s[^>]*?\sencoding\s*=\s*["']([A-Za-z][\w.-]*)["']/.exec(head)?.[1] ?? 'utf-8';
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const good = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    throw new XmlFault('VNX008', Math.max(0, good.indexOf('\ufffd')), 'document is not valid UTF-8', {
      hint: 'save the document as UTF-8, or name its encoding: <?xml version="1.0" encoding="ISO-8859-1"?>',
      libxml2: 'Input is not proper UTF-8, indicate encoding !',
    });
  }
}

function utf16(bytes: Uint8Array, littleEndian: boolean): string {
  try {
    return new TextDecoder(littleEndian ? 'utf-16le' : 'utf-16be', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new XmlFault('VNX008', 0, 'document is not valid UTF-16', { hint: 'save the document as UTF-8' });
  }
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}
