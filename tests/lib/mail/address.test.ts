import fc from 'fast-check';
import { isNormalAddress, normalAddress, readMailbox } from '../../../src/lib/mail/address.js';

describe('a mail address', () => {
  it.each([
    ['Li.Qiang@Office.Example', 'li.qiang@office.example'],
    ['  wang@办会.example ', 'wang@xn--6oq98f.example'],
    ['ｗａｎｇ＠office.example', 'wang@office.example'],
    ["o'hara+agenda@sub.office.example", "o'hara+agenda@sub.office.example"],
  ])('%s is stored as %s', (typed, stored) => {
    expect(normalAddress(typed)).toBe(stored);
    expect(isNormalAddress(stored)).toBe(true);
  });

  it.each([
    '',
    'plain',
    '@office.example',
    'a@',
    'a@office',
    'a b@office.example',
    'a@off ice.example',
    '"a b"@office.example',
    'a@[127.0.0.1]',
    'a@127.0.0.1',
    'a..b@office.example',
    '.a@office.example',
    'a.@office.example',
    '张@office.example',
    'a@office.example\r\nBcc: b@x.example',
    'a@office.example, b@office.example',
    'a<b@office.example>',
    'a(c)@office.example',
    'a@-office.example',
    'a@office-.example',
    `${'a'.repeat(65)}@office.example`,
    `a@${'b'.repeat(64)}.example`,
    `a@${'abcdefgh.'.repeat(30)}example`,
    'a:b@office.example',
    'a;b@office.example',
    'a\u0000@office.example',
  ])('%j is none', (typed) => {
    expect(normalAddress(typed)).toBeUndefined();
  });

  it('needs no escaping anywhere, whatever was typed', () => {
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), fc.string({ unit: 'grapheme' })), (typed) => {
        const stored = normalAddress(typed);
        if (stored === undefined) return;
        expect(stored).toMatch(/^[^\s"(),:;<>[\\\]]+$/);
        expect(stored.match(/@/g)).toHaveLength(1);
        expect(normalAddress(stored)).toBe(stored);
      }),
    );
  });

  it('is read out of a setting with a name', () => {
    expect(readMailbox('Meetings <Meetings@office.example>')).toEqual({
      name: 'Meetings',
      address: 'meetings@office.example',
    });
    expect(readMailbox('"Büro, Plan" <m@office.example>')).toEqual({
      name: 'Büro, Plan',
      address: 'm@office.example',
    });
    expect(readMailbox('m@office.example')).toEqual({ name: '', address: 'm@office.example' });
    expect(readMailbox('Meetings')).toBeUndefined();
  });
});
