import { seal, unseal, type KeptForm } from '../../src/auth/keptForm.js';
import { addressKey } from '../../src/auth/limits.js';
import { ownPath } from '../../src/auth/ownPath.js';
import { hashPassword, isPassword, TooBusy, weakness } from '../../src/auth/passwords.js';
import { describeDevice } from '../../src/auth/device.js';
import { translator } from '../../src/lib/i18n/translate.js';

test.each([
  ['10.0.0.7', '10.0.0.7'],
  ['::ffff:10.0.0.7', '10.0.0.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['', ''],
])('limits count %s as %s', (ip, key) => expect(addressKey(ip)).toBe(key));

test.each([
  ['/meetings/3?a=1', '/meetings/3?a=1'],
  ['/%E4%BC%9A', '/%E4%BC%9A'],
  ['', '/'],
  [undefined, '/'],
  ['meetings', '/'],
  ['https://evil.example', '/'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['/a\\b', '/'],
  ['/a\nb', '/'],
  ['/\t/evil.example', '/'],
  ['/.//evil.example', '/'],
  ['/sign-in?next=/x', '/'],
  ['/reset/abc', '/'],
  ['/setup', '/'],
  ['/settings', '/settings'],
])('a way back through %j is %s', (given, path) => expect(ownPath(given)).toBe(path));

test.each([
  ['elevenchars', 'auth.password.tooShort'],
  ['七个字加起来不到十二', 'auth.password.tooShort'],
  ['x'.repeat(201), 'auth.password.tooLong'],
  ['password1234', 'auth.password.common'],
  ['PassWord1234', 'auth.password.common'],
  ['ｐａｓｓｗｏｒｄ１２３４', 'auth.password.common'],
  ['aaaaaaaaaaaa', 'auth.password.common'],
  ['abababababab', 'auth.password.common'],
  ['123456789012', 'auth.password.common'],
  ['qwertyuiopas', 'auth.password.common'],
  ['zhang.wei2024', 'auth.password.personal'],
  ['zhangwei@office.example', 'auth.password.personal'],
  ['four walls and a roof', undefined],
  ['春眠不觉晓处处闻啼鸟夜来', undefined],
  ['zhangwei and his four cats', undefined],
] as const)('the password %s: %s', (password, why) =>
  expect(weakness(password, ['张伟', 'Zhang Wei', 'zhangwei@office.example'])).toBe(why),
);

test('a password is compared as typed, and nothing matches where none is stored', async () => {
  const stored = await hashPassword(' mind the spaces ');
  expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(await isPassword(stored, ' mind the spaces ')).toBe(true);
  expect(await isPassword(stored, 'mind the spaces')).toBe(false);
  expect(await isPassword(null, 'a password that nobody has')).toBe(false);
});

test('a flood of hashes is refused beyond a short queue, and the queue works on', async () => {
  const answers = await Promise.allSettled(Array.from({ length: 60 }, () => hashPassword('x')));
  const refused = answers.filter((one) => one.status === 'rejected');
  expect(refused.length).toBe(60 - 34);
  expect(refused.every((one) => one.reason instanceof TooBusy)).toBe(true);
  await expect(hashPassword('x')).resolves.toContain('argon2id');
});

describe('a kept form', () => {
  const form: KeptForm = {
    person: 7,
    path: '/units',
    fields: [
      ['name', '部门\n<b>'],
      ['tag', 'a'],
      ['tag', 'b'],
    ],
    files: [],
    isMultipart: false,
    at: 1_000_000,
  };
  const secret = 'a secret of thirty-two characters';

  test('comes back as it was, with the right key and in time', () => {
    const text = seal(form, secret) ?? '';
    expect(unseal(text, secret, form.at)).toEqual(form);
    expect(unseal(text, secret, form.at + 12 * 3_600_000)).toBeUndefined();
    expect(unseal(text, 'another secret of thirty-two char', form.at)).toBeUndefined();
  });

  test('is refused when a single bit was changed, cut or is nonsense', () => {
    const bytes = Buffer.from(seal(form, secret) ?? '', 'base64url');
    for (const at of [0, 12, 28, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(unseal(changed.toString('base64url'), secret, form.at)).toBeUndefined();
    }
    expect(unseal(bytes.subarray(0, 20).toString('base64url'), secret, form.at)).toBeUndefined();
    expect(unseal('', secret)).toBeUndefined();
  });

  test('holds half a million Chinese characters, and says when it is too much', () => {
    const long = Array.from({ length: 500_000 }, (_, n) =>
      String.fromCodePoint(0x4e00 + ((n * 7919) % 20_000)),
    ).join('');
    const text = seal({ ...form, fields: [['text', long]] }, secret);
    expect(text === undefined || unseal(text, secret, form.at)?.fields[0]?.[1] === long).toBe(true);
    const noise = Array.from({ length: 3_000_000 }, () =>
      String.fromCharCode(33 + Math.floor(Math.random() * 90)),
    ).join('');
    expect(seal({ ...form, fields: [['text', noise]] }, secret)).toBeUndefined();
  });
});

test.each([
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0', 'Firefox on Windows'],
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
    'Chrome on Linux',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ' +
      'AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15',
    'Safari on macOS',
  ],
  ['Mozilla/5.0 (Linux; Android 14) Chrome/126 MicroMessenger/8.0.49', 'WeChat on Android'],
  ['curl/8.5.0', 'Unknown program'],
  [null, 'Unknown program'],
])('a session of %s is called %s', (agent, name) =>
  expect(describeDevice(translator('en'), agent)).toBe(name),
);
