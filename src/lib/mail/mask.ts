// What administrators see of mails: everything but what would let them act in the recipient's name.

const HIDDEN = '•••';

/**
 * Tokens of links (32 characters of base64url or more in a path or a query) and of our own reply addresses.
 */
export function maskTokens(text: string): string {
  return text
    .replace(/(https?:\/\/[^\s"'<>]*?[/=])[A-Za-z0-9_-]{32,}/g, `$1${HIDDEN}`)
    .replace(/\+[a-z2-7]{26}@/g, `+${HIDDEN}@`);
}

/**
 * The same in a calendar file, where a token may be folded over two lines.
 * @returns the bytes as sent when nothing is hidden
 */
export function maskCalendar(ics: string): string {
  const unfolded = ics.replace(/\r\n[ \t]/g, '');
  const masked = maskTokens(unfolded);
  return masked === unfolded ? ics : masked;
}
