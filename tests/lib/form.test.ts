import fc from 'fast-check';
import { z } from 'zod';
import * as fields from '../../src/lib/http/fields.js';
import { parseForm } from '../../src/lib/http/form.js';
import { escapeHtml } from '../../src/lib/http/view.js';
import { translator } from '../../src/lib/i18n/translate.js';

const en = translator('en');
const zh = translator('zh-CN');
const Form = z.strictObject({
  title: fields.line(10),
  note: fields.optionalProse(20),
  seats: fields.optionalWhole(1, 500),
  on: fields.date(),
  from: fields.time(),
  private: fields.flag(),
  rooms: fields.list(fields.id()),
  link: fields.optionalLink(),
});
const good = { title: 'Budget', on: '2026-11-30', from: '9' };

test('reads what people type, leniently', () => {
  const parsed = parseForm(
    Form,
    {
      ...good,
      title: '  预算评审 ',
      on: '2026年11月3日',
      from: '9：30',
      seats: '２０',
      rooms: '4',
      private: 'on',
      note: 'a\r\nb',
    },
    en,
  );
  expect(parsed).toEqual({
    ok: true,
    data: {
      title: '预算评审',
      note: 'a\nb',
      seats: 20,
      on: '2026-11-03',
      from: '09:30',
      private: true,
      rooms: [4],
      link: null,
    },
  });
});

test.each([
  ['title', ''],
  ['title', '12345678901'],
  ['title', 'a\nb'],
  ['title', 'a\u0000b'],
  ['title', '\u202eevil'],
  ['title', '\ud800'],
  ['title', ['a', 'b']],
  ['title', '\u200b\u2060\u3164'],
  ['seats', '0'],
  ['seats', '1e2'],
  ['seats', '-1'],
  ['seats', '9999999999'],
  ['on', '2026-02-30'],
  ['on', '30.11.2026'],
  ['on', '2200-01-01'],
  ['on', '9999-12-31'],
  ['from', '25'],
  ['rooms', 'x'],
  ['rooms', ['1', '']],
  ['link', 'javascript:alert(1)'],
  ['link', 'ftp://x'],
  ['link', 'https:x'],
  ['private', 'maybe'],
])('refuses %s = %j with a message at the field, in both languages', (field, value) => {
  for (const t of [en, zh]) {
    const parsed = parseForm(Form, { ...good, [field]: value }, t);
    if (parsed.ok) throw new Error('accepted');
    expect(parsed.problems.list).toHaveLength(1);
    expect(parsed.problems.list[0]?.field.split('.')[0]).toBe(field);
    expect(parsed.problems.list[0]?.message).toMatch(t === zh ? /[一-龥]/ : /[a-z]/);
    expect(parsed.problems.values[field]).toEqual(value);
  }
});

test('says of a day that is too far ahead what is wrong with it, also where it may be left out', () => {
  const Until = z.strictObject({ until: fields.optionalDate() });
  const told = (until: string) => {
    const parsed = parseForm(Until, { until }, en);
    return parsed.ok ? parsed.data.until : parsed.problems.errors.until;
  };
  expect(['', '2199-12-31', '9999-12-31', 'soon'].map(told)).toEqual([
    null,
    '2199-12-31',
    'Give a day in the years 1970 to 2199',
    'Give a date as year-month-day, such as 2026-11-30',
  ]);
});

test('refuses a field that the form does not have', () => {
  const parsed = parseForm(Form, { ...good, role: 'administrator' }, en);
  expect(parsed.ok).toBe(false);
});

test('never throws, whatever is posted', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.constantFrom(...Object.keys(Form.shape), 'x'),
        fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.string())),
      ),
      (input) => {
        parseForm(Form, input, zh);
      },
    ),
  );
});

test('escapes what would leave its place in a page', () => {
  expect(escapeHtml(`<a href="x" title='y'>&`)).toBe('&lt;a href=&#34;x&#34; title=&#39;y&#39;&gt;&amp;');
  expect(escapeHtml(null)).toBe('');
  expect(escapeHtml(0)).toBe('0');
});
