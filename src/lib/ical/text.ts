// What may stand in a calendar file. ical-generator escapes TEXT values only, so everything else that people
// typed (names in parameters, addresses, links) passes here first and comes out unable to end its line or its
// quotes.

const strayControls = /[^\P{Cc}\n\t]/gu;
const bidiOverrides = /[\u202a-\u202e\u2066-\u2069]/g;
const notCharacters = /[\ufdd0-\ufdef\ufeff\ufffe\uffff]/g;

/**
 * Text of several lines for a TEXT value: NFC, newlines as \n, no controls, no bidi overrides, no lone
 * surrogates.
 */
export function cleanText(value: string): string {
  return value
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .normalize('NFC')
    .replace(/\r\n?|[\v\f\u0085\u2028\u2029]/g, '\n')
    .replace(strayControls, '')
    .replace(bidiOverrides, '')
    .replace(notCharacters, '')
    .trim();
}

/** One line for a TEXT value. */
export function cleanLine(value: string): string {
  return cleanText(value)
    .replace(/[\n\t]+/g, ' ')
    .trim();
}

/**
 * A name for a parameter (CN, LABEL). A quote would end the parameter and add others; a backslash before a
 * quote, and the caret of RFC 6868, are read differently from client to client, so both get a look-alike.
 */
export function cleanName(value: string): string {
  return cleanLine(value).replaceAll('"', '”').replaceAll('\\', '＼').replaceAll('^', 'ˆ');
}

/** A link for a URI value, which is never escaped; undefined when it is not plain http or https. */
export function cleanLink(value: string): string | undefined {
  const text = value.trim();
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  if (url.username || url.password) return undefined;
  return /^[\x21-\x7e]+$/.test(url.href) && !/["\\^`{|}<>]/.test(url.href) ? url.href : undefined;
}
