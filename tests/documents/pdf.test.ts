import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildDocument, type MinutesDocument, type Publication } from '../../src/documents/document.js';
import { drawPdf } from '../../src/documents/pdf.js';
import { paginate, type Row } from '../../src/documents/pdfOfficial.js';
import type { Snapshot, SnapshotItem } from '../../src/documents/snapshot.js';
import { loadTypeface, type Typeface } from '../../src/lib/typeset/typeface.js';
import { breakLines, type Measure } from '../../src/lib/typeset/lines.js';
import { pdfText } from './pdfText.js';

let folder: string;
let typeface: Typeface;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'banhui-fonts-'));
  typeface = await loadTypeface(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const person = (id: number, name: string, name_en: string, unit_zh: string, unit_en: string) => ({
  id,
  name,
  name_en,
  unit_zh,
  unit_en,
});
const chair = person(1, '李强', 'Li Qiang', '局领导', 'Leadership');
const finance = person(2, '张伟', 'Zhang Wei', '财务处', 'Finance');

function snapshot(lang: 'en' | 'zh-CN', texts: string[]): Snapshot {
  const item: SnapshotItem = {
    id: 1,
    title: lang === 'en' ? 'Draft budget' : '预算草案',
    purpose: 'decision',
    state: 'concluded',
    is_restricted: false,
    presenter: null,
    papers: [],
    statements: texts.map((text, i) => ({
      id: i + 1,
      version: 1,
      kind: 'noted' as const,
      text,
      decision: null,
      actions: [],
    })),
    actions: [
      {
        id: 1,
        deliverable: lang === 'en' ? 'Revise the draft' : '修改草案并报批',
        lead: finance,
        helpers: [],
        due_on: '2026-11-30',
      },
    ],
  };
  const secret: SnapshotItem = {
    ...item,
    id: 2,
    title: 'Secret title',
    is_restricted: true,
    statements: [{ id: 99, version: 1, kind: 'noted', text: 'Secret words', decision: null, actions: [] }],
    actions: [],
    papers: [{ id: 1, name: 'Secret paper.pdf', version_no: 1 }],
  };
  return {
    format: 'banhui-minutes/1',
    lang,
    template: 'official',
    title: lang === 'en' ? 'Minutes of the budget meeting' : '预算会议纪要',
    organisation: { name_en: 'City Data Office', name_zh: '某某市数据资源管理局' },
    meeting: {
      id: 42,
      title: 'x',
      series: lang === 'en' ? 'Weekly leadership' : '局长办公会议',
      number: 42,
      zone: 'Asia/Shanghai',
      starts_at: '2026-11-23T01:00:00Z',
      ends_at: '2026-11-23T02:30:00Z',
      starts_on: null,
      started_at: '2026-11-23T01:02:00Z',
      ended_at: '2026-11-23T02:32:00Z',
      places: [{ name_en: 'Room 301', name_zh: '第一会议室' }],
    },
    attendance: [
      { ...chair, role: 'chair', status: 'present' },
      { ...finance, role: 'required', status: 'apologies' },
    ],
    items: [item, secret],
    corrects: null,
  };
}

const published: Publication = {
  version: 2,
  sha256: 'a'.repeat(64),
  number: { year: 2026, number: 5 },
  approved: { by: chair, on_behalf_of: null, at: new Date('2026-11-24T03:00:00Z') },
  issuedAt: new Date('2026-11-24T06:00:00Z'),
  copies: [finance],
};
const read = (
  lang: 'en' | 'zh-CN',
  template: 'plain' | 'official',
  texts: string[],
  publication: Publication = published,
  maySee = false,
): MinutesDocument =>
  buildDocument(snapshot(lang, texts), publication, { lang, template, maySee: () => maySee });

test('joins the pieces of the typeface once and keeps them', async () => {
  expect(readdirSync(join(folder, 'fonts')).filter((name) => name.endsWith('.ttf'))).toHaveLength(4);
  for (const character of '龑頔〔〕—…“”‘’，。①℃Жéa')
    expect([
      character,
      typeface.covers.regular(character.codePointAt(0)!) || typeface.covers.latin(character.codePointAt(0)!),
    ]).toEqual([character, true]);
  expect(typeface.covers.regular(0x2a6a5)).toBe(false);
  expect(await loadTypeface(folder)).toBe(typeface);
});

test('draws the official layout so that the text copies out in order', async () => {
  const words = '会议费同比下降12%，凡能以“视频会议”召开的不再集中开会，龑、頔等字也能显示。';
  const { text, bookmarks, title } = pdfText(await drawPdf(read('zh-CN', 'official', [words]), typeface));
  expect(text).toContain('— 1 —');
  const flat = text.replaceAll('\n', '').replace(/— \d —/g, '');
  expect(flat).toContain('局长办公会议纪要〔2026〕5号某某市数据资源管理局2026年11月24日预算会议纪要');
  expect(flat).toContain('2026年11月23日，李强在第一会议室主持召开局长办公会议第42次会议');
  expect(flat).toContain(`会议指出，${words}`);
  expect(flat).toContain('交办事项：修改草案并报批（主办：财务处张伟；办结时限：2026年11月30日）。');
  expect(flat).toContain('出席：局领导 李强请假：财务处 张伟');
  expect(flat).toContain('抄送：财务处 张伟。');
  expect(flat).toContain('2026年11月24日印发');
  expect(bookmarks).toEqual(expect.arrayContaining(['预算会议纪要', '一、预算草案']));
  expect(title).toBe('预算会议纪要');
});

test('draws the plain layout in English with facts, actions and approval', async () => {
  const { text } = pdfText(await drawPdf(read('en', 'plain', ['The chair’s “costs” fall 12 %.']), typeface));
  const flat = text.replaceAll('\n', ' ');
  for (const words of [
    'No. 5 of 2026',
    'Minutes of the budget meeting',
    '09:02–10:32',
    'Room 301',
    'It was noted: The chair’s “costs” fall 12 %.',
    'Lead: Zhang Wei (Finance); due: 30 November 2026',
    'The meeting closed at 10:32.',
    'Approved by Li Qiang, 24 November 2026',
    'a'.repeat(64),
  ]) {
    expect(flat).toContain(words);
  }
});

test('leaves out what the reader may not see and keeps its number', async () => {
  const { text } = pdfText(await drawPdf(read('en', 'plain', ['Open words.']), typeface));
  expect(text).toContain('2. Item for named persons only');
  expect(text).not.toMatch(/Secret/);
  expect(
    pdfText(await drawPdf(read('en', 'plain', ['Open words.'], published, true), typeface)).text,
  ).toContain('Secret words');
});

test('says on every page of a draft that it is one', async () => {
  const draft = { ...published, approved: null, number: null, issuedAt: null, copies: [] };
  const { text, pages } = pdfText(
    await drawPdf(
      read(
        'zh-CN',
        'official',
        Array(30).fill('各处室要认真抓好落实，建立台账，逐项销号。') as string[],
        draft,
      ),
      typeface,
    ),
  );
  expect(pages).toBeGreaterThan(1);
  expect(text.match(/第2稿，未经签发/g)).toHaveLength(pages);
});

test('draws a long document in bounded time and size', async () => {
  const started = performance.now();
  const drawn = await drawPdf(
    read(
      'zh-CN',
      'official',
      Array(300).fill(
        '各处室要按照职责分工，认真抓好本处室督办事项的落实工作，建立台账，逐项销号，每周五17:00前报送进展情况。',
      ) as string[],
    ),
    typeface,
  );
  expect(pdfText(drawn).pages).toBeGreaterThan(25);
  expect(drawn.length).toBeLessThan(400_000);
  expect(performance.now() - started).toBeLessThan(10_000);
});

describe('lines', () => {
  const measure: Measure = {
    width: (_face, text) => [...text].reduce((sum, character) => sum + (character > '\u2000' ? 10 : 5), 0),
    runs: (face, text) => [{ face, text }],
  };
  const lines = (text: string, width: number) =>
    breakLines(measure, [{ face: 'text', text }], width).map((line) =>
      line.runs.map((run) => run.text).join(''),
    );
  test.each([
    ['一二三四五六', 30, ['一二三', '四五六']],
    ['一二三，四五', 30, ['一二', '三，四', '五']],
    ['一二三，四五', 35, ['一二三，', '四五']],
    ['一二（三四）五', 30, ['一二', '（三四', '）五']],
    ['one two three', 35, ['one two', 'three']],
    ['abcdefghij', 20, ['abcd', 'efgh', 'ij']],
    ['二〇2027年', 30, ['二〇', '2027年']],
    ['', 30, ['']],
  ])('break %s at %i', (text, width, wanted) => {
    if (text === '一二（三四）五')
      expect(lines(text, width).every((line) => !/^[）]/.test(line) && !/（$/.test(line))).toBe(true);
    else expect(lines(text, width)).toEqual(wanted);
  });
});

describe('pages', () => {
  const row = (part: Row['part']): Row => ({
    line: { runs: [], width: 0, isLast: true },
    size: 16,
    element: null,
    bookmark: null,
    part,
  });
  const parts = (pages: Row[][]) => pages.map((rows) => rows.map(({ part }) => part[0]).join(''));
  test('do not end with a heading', () => {
    expect(
      parts(paginate([...Array(4).fill(row('body')), row('heading'), row('body')] as Row[], 5, 10)),
    ).toEqual(['bbbb', 'hb']);
  });
  test('take body text along with the list of those present', () => {
    expect(
      parts(paginate([...Array(5).fill(row('body')), ...Array(3).fill(row('list'))] as Row[], 5, 10)),
    ).toEqual(['bbb', 'bblll']);
  });
});
