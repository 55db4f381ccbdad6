import { base32, deriveToken, seal, unseal } from '../../../src/lib/mail/seal.js';

const KEY = 'a secret of thirty-two characters';
const BODY = Buffer.from('https://banhui.example/i/token 会议');

describe('sealed bodies', () => {
  it('open again with the same key for the same message', () => {
    expect(unseal(KEY, '<1@x>', seal(KEY, '<1@x>', BODY))).toEqual(BODY);
  });

  it('show nothing of what they hold and never look the same', () => {
    const one = seal(KEY, '<1@x>', BODY);
    expect(one.includes('token')).toBe(false);
    expect(seal(KEY, '<1@x>', BODY)).not.toEqual(one);
  });

  it('stay shut for another key, another message and changed bytes', () => {
    const one = seal(KEY, '<1@x>', BODY);
    expect(unseal('another secret of 32 characters!!', '<1@x>', one)).toBeUndefined();
    expect(unseal(KEY, '<2@x>', one)).toBeUndefined();
    for (const at of [0, 1, 13, 29, one.length - 1]) {
      const changed = Buffer.from(one);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(unseal(KEY, '<1@x>', changed)).toBeUndefined();
    }
    expect(unseal(KEY, '<1@x>', one.subarray(0, 20))).toBeUndefined();
  });
});

describe('derived tokens', () => {
  it('are 256 bits, the same for one subject and purpose and different for others', () => {
    const token = deriveToken(KEY, 'reply', '5:1');
    expect(token).toHaveLength(32);
    expect(deriveToken(KEY, 'reply', '5:1')).toEqual(token);
    expect(deriveToken(KEY, 'reply', '5:2')).not.toEqual(token);
    expect(deriveToken(KEY, 'address', '5:1')).not.toEqual(token);
    expect(deriveToken('another secret of 32 characters!!', 'reply', '5:1')).not.toEqual(token);
  });

  it('are written in letters that survive any mail server', () => {
    // RFC 4648 section 10, lower-case, without padding
    expect(base32(Buffer.from('foobar'))).toBe('mzxw6ytboi');
    expect(base32(Buffer.alloc(0))).toBe('');
  });
});
