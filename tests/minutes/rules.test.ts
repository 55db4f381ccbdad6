import { mayApprove, mayReview } from '../../src/minutes/policy.js';
import { findProblems, type CheckContext } from '../../src/minutes/checks.js';
import { compareTexts } from '../../src/documents/difference.js';
import { buildDocument, fileName } from '../../src/documents/document.js';
import { chineseNumber } from '../../src/documents/numerals.js';
import {
  canonicalJson,
  sha256,
  type Snapshot,
  type SnapshotItem,
  type StatementKind,
} from '../../src/documents/snapshot.js';

const person = (id: number, role: string, status: 'present' | 'apologies' | null) => ({
  id,
  name: `P${id}`,
  name_en: null,
  unit_en: null,
  unit_zh: null,
  role,
  status,
});
const item = (more: Partial<SnapshotItem> = {}): SnapshotItem => ({
  id: 7,
  title: '预算',
  purpose: 'discussion',
  state: 'concluded',
  is_restricted: false,
  presenter: null,
  statements: [{ id: 12, version: 1, kind: 'noted', text: '费用下降。', decision: null, actions: [] }],
  actions: [],
  papers: [],
  ...more,
});
const snapshot = (more: Partial<Snapshot> = {}): Snapshot => ({
  format: 'banhui-minutes/1',
  lang: 'zh-CN',
  template: 'official',
  title: '预算会议纪要',
  organisation: { name_en: 'Office', name_zh: '办公室' },
  meeting: {
    id: 1,
    title: '预算会议',
    series: '例会',
    number: 42,
    zone: 'Asia/Shanghai',
    starts_at: '2026-11-23T01:00:00Z',
    ends_at: null,
    starts_on: null,
    started_at: null,
    ended_at: null,
    places: [],
  },
  attendance: [person(1, 'chair', 'present'), person(2, 'secretary', 'present')],
  items: [item()],
  corrects: null,
  ...more,
});
const context: CheckContext = { day: '2026-11-23', authorId: 9, covers: (codepoint) => codepoint < 0x20000 };
const said = (text: string) =>
  snapshot({
    items: [item({ statements: [{ id: 12, version: 1, kind: 'noted', text, decision: null, actions: [] }] })],
  });
const found = (from: Snapshot) =>
  findProblems(from, context).map((finding) => `${finding.code} ${finding.place}`);

describe('checks', () => {
  test('find nothing in a sound draft', () => expect(found(snapshot())).toEqual([]));

  const action = (more: object) =>
    item({
      actions: [
        {
          id: 3,
          deliverable: '提交修改后的预算草案',
          lead: person(5, 'x', null),
          helpers: [],
          due_on: '2026-11-30',
          ...more,
        },
      ],
    });
  test.each([
    ['O01 action:3', snapshot({ items: [action({ lead: null })] })],
    ['O02 action:3', snapshot({ items: [action({ due_on: null })] })],
    ['O02 action:3', snapshot({ items: [action({ due_on: '2026-11-22' })] })],
    ['O03 action:3', snapshot({ items: [action({ deliverable: '抓好落实' })] })],
    ['E05 action:3', snapshot({ items: [action({ deliverable: '再次召开会议' })] })],
    ['C01 item:7', snapshot({ items: [item({ state: 'accepted' })] })],
    ['C01 item:7', snapshot({ items: [item({ statements: [] })] })],
    ['D01 item:7', snapshot({ items: [item({ purpose: 'decision' })] })],
    ['C02 attendance', snapshot({ attendance: [person(1, 'chair', 'apologies')] })],
    [
      'C02 attendance',
      snapshot({ attendance: [person(1, 'required', 'present'), person(2, 'secretary', 'present')] }),
    ],
    ['C03 attendance', snapshot({ attendance: [...snapshot().attendance, person(3, 'required', null)] })],
    ['F01 title', snapshot({ title: '' })],
    ['F01 title', snapshot({ title: '例会第41次会议纪要' })],
    ['F01 title', snapshot({ title: '2026年11月24日会议纪要' })],
    ['F01 title', snapshot({ title: 'Minutes of 24 November 2026' })],
    ['F02 statement:12', said('下周报送。')],
    ['F03 statement:12', said('\u{2A6A5}字缺字。')],
    ['L02 statement:12', said('下降,上升。')],
    ['L02 statement:12', said('（未完。')],
    ['S02 statement:12', said('本件为机密。')],
    ['S02 statement:12', said('【绝密】材料')],
    ['X01 statement:12', said('由×××负责。')],
    ['X01 statement:12', said('TODO: fill in')],
    ['X01 statement:12', said('金额待补充。')],
  ])('name %s', (wanted, from) => expect(found(from)).toContain(wanted));

  test.each([
    '严守商业秘密。',
    '无记名秘密投票。',
    '系统机密性要求。',
    '上下降幅 12%，见 3:1。',
    '第 42 次会议 a) b)',
    'It rose (by 3 %); see page 4.',
  ])('let %s pass', (text) => expect(found(said(text))).toEqual([]));

  test('accept the right number and day in the title', () => {
    expect(found(snapshot({ title: '例会第四十二次会议纪要（2026年11月23日）' }))).toEqual([]);
  });
  test('let an author who was there stand for the secretary', () => {
    expect(
      found(snapshot({ attendance: [person(1, 'chair', 'present'), person(9, 'required', 'present')] })),
    ).toEqual([]);
  });
  test('can’t be overridden where a state secret is marked', () => {
    const marks = findProblems(said('绝密'), context).filter((finding) => finding.code === 'S02');
    expect(marks).toHaveLength(1);
    expect(marks[0]).toMatchObject({ isBlocking: true, canOverride: false });
  });
});

describe('the record', () => {
  test('has one spelling whatever the order of its keys', () => {
    expect(canonicalJson({ b: 1, a: ['中', null, { d: 1, c: 2.5 }] })).toBe(
      '{"a":["中",null,{"c":2.5,"d":1}],"b":1}',
    );
    expect(sha256(canonicalJson({ b: 1, a: 2 }))).toBe(sha256(canonicalJson({ a: 2, b: 1 })));
    expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });
  test('refuses what JSON can’t carry', () => {
    expect(() => canonicalJson(NaN)).toThrow(TypeError);
    expect(() => canonicalJson({ a: () => 1 })).toThrow(TypeError);
  });
});

describe('differences', () => {
  const told = (a: string, b: string) =>
    compareTexts(a, b).map((part) => `${{ same: '', removed: '-', added: '+' }[part.kind]}${part.text}`);
  test('are told by words in English', () => {
    expect(told('The draft budget is approved.', 'The draft budget is refused.')).toEqual([
      'The draft budget is ',
      '-approved',
      '+refused',
      '.',
    ]);
  });
  test('keep a phrase whole', () => {
    expect(told('one two three', 'four five three')).toEqual(['-one two', '+four five', ' three']);
  });
  test('are told by characters in Chinese', () =>
    expect(told('原则同意预算', '同意预算草案')).toEqual(['-原则', '同意预算', '+草案']));
  test('give back both texts', () => {
    for (const [a, b] of [
      ['', 'x y'],
      ['a b c', ''],
      ['会议 A 通过', '会议 B 未通过 C'],
    ] as const) {
      const parts = compareTexts(a, b);
      expect(
        parts
          .filter((part) => part.kind !== 'added')
          .map((part) => part.text)
          .join(''),
      ).toBe(a);
      expect(
        parts
          .filter((part) => part.kind !== 'removed')
          .map((part) => part.text)
          .join(''),
      ).toBe(b);
    }
  });
});

test.each([
  [1, '一'],
  [10, '十'],
  [11, '十一'],
  [20, '二十'],
  [42, '四十二'],
  [100, '一百'],
  [105, '一百零五'],
  [112, '一百一十二'],
])('counts %i as %s', (n, text) => {
  expect(chineseNumber(n)).toBe(text);
});

test('names files so that every system takes them', () => {
  expect(fileName('a/b: "c"?', 'en', 'en')).toBe('a b c.pdf');
  expect(fileName('预算会议纪要', 'zh-CN', 'en')).toBe('预算会议纪要 (English).pdf');
});

describe('phrases', () => {
  const paragraph = (kind: StatementKind, text: string, lang: 'en' | 'zh-CN') => {
    const said = snapshot({
      lang,
      items: [item({ statements: [{ id: 12, version: 1, kind, text, decision: null, actions: [] }] })],
    });
    const document = buildDocument(
      said,
      { version: 1, sha256: null, number: null, approved: null, issuedAt: null, copies: [] },
      { lang, template: 'plain', maySee: () => true },
    );
    return [document.items[0]?.paragraphs[0]?.phrase, document.items[0]?.paragraphs[0]?.text];
  };
  test.each([
    ['approved_in_principle', '原则同意预算草案。', 'zh-CN', '会议原则同意', '预算草案。'],
    ['heard', '会议听取了财务处的汇报。', 'zh-CN', '会议听取了', '财务处的汇报。'],
    ['resolved', '更换功放一台。', 'zh-CN', '会议议定：', '更换功放一台。'],
    ['resolved', '会议议定，更换功放。', 'zh-CN', '会议议定', '，更换功放。'],
    ['noted', '会议听取了财务处的汇报。', 'zh-CN', '会议听取了', '财务处的汇报。'],
    ['resolved', '会议原则同意预算草案。', 'zh-CN', '会议原则同意', '预算草案。'],
    ['resolved', '会议室更换功放一台。', 'zh-CN', '会议议定：', '会议室更换功放一台。'],
    ['resolved', 'It was noted that costs fall.', 'en', 'It was noted', ' that costs fall.'],
    ['noted', 'Costs fall.', 'en', 'It was noted: ', 'Costs fall.'],
    ['noted', 'The meeting noted that costs fall.', 'en', 'The meeting noted', ' that costs fall.'],
  ] as const)('%s before “%s” in %s', (kind, text, lang, phrase, rest) =>
    expect(paragraph(kind, text, lang)).toEqual([phrase, rest]),
  );
});

describe('who gives a verdict', () => {
  const standing = {
    state: 'in_review',
    author_id: 1,
    has_gate: true,
    is_author: false,
    is_reviewer: false,
    is_approver: false,
    is_approver_deputy: false,
    is_recipient: false,
    meeting: null,
  } as const;

  it.each([
    ['the reviewer', { is_reviewer: true }, true],
    ['not the author, even where they are named to review', { is_reviewer: true, is_author: true }, false],
    ['nobody else', { is_approver: true }, false],
    ['not before it is submitted', { is_reviewer: true, state: 'draft' }, false],
  ] as const)('at the review: %s', (_who, more, may) => {
    expect(mayReview({ ...standing, ...more })).toBe(may);
  });

  it.each([
    ['who approves', { is_approver: true }, true],
    ['their deputy', { is_approver_deputy: true }, true],
    ['not the reviewer', { is_reviewer: true }, false],
    ['not before it passed the review', { is_approver: true, state: 'in_review' }, false],
  ] as const)('at the approval: %s', (_who, more, may) => {
    expect(mayApprove({ ...standing, state: 'passed', ...more })).toBe(may);
  });
});
