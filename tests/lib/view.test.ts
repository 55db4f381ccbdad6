import { load } from 'cheerio';
import { format } from '../../src/lib/time/format.js';
import { fill, fillPage, withoutLayout } from '../../src/lib/http/view.js';
import { translator, type Lang } from '../../src/lib/i18n/translate.js';

function frame(lang: Lang, more: Record<string, unknown> = {}) {
  return {
    t: translator(lang),
    fmt: format(lang, 'Asia/Shanghai'),
    lang,
    viewer: null,
    office: { zone: 'Asia/Shanghai' },
    url: (path: string) => path,
    path: '/',
    now: new Date(),
    newKey: () => 'k',
    assets: 'a',
    errors: {},
    values: {},
    ...more,
  };
}
const HOSTILE = `"><script>alert('x')</script>&`;

describe('templates', () => {
  it('give a partial the globals and only the data it was handed', () => {
    const page = load(fill('lib/empty', frame('en', { text: 'Nothing yet.' })));
    expect(page('.empty').text().trim()).toBe('Nothing yet.');
    const rows = load(
      fill(
        'lib/rows',
        frame('en', { title: 'The page', items: [{ title: 'One', pill: { text: 'Late', tone: 'bad' } }] }),
      ),
    );
    expect(rows('.row-title').text()).toBe('One');
    expect(rows('.pill-bad').text()).toBe('Late');
    const inPage = load(
      fill(
        'desk/today',
        frame('en', {
          title: 'LEAK',
          newHref: '/',
          today: '2030-03-04',
          waiting: [],
          meetings: [],
          rooms: [],
          asked: {},
        }),
      ),
    );
    expect(inPage('.empty').first().text()).not.toContain('LEAK');
  });

  it('escape what people typed, in texts and in attributes', () => {
    const html = fill(
      'lib/field',
      frame('en', {
        name: 'title',
        label: HOSTILE,
        value: HOSTILE,
        error: HOSTILE,
        hint: HOSTILE,
        attrs: { placeholder: HOSTILE },
      }),
    );
    const page = load(html);
    expect(page('script')).toHaveLength(0);
    expect(page('#f-title').attr('value')).toBe(HOSTILE);
    expect(page('#f-title').attr('placeholder')).toBe(HOSTILE);
    expect(page('label').text()).toBe(HOSTILE);
  });

  it('tie label, hint and message to the control', () => {
    const page = load(
      fill(
        'lib/field',
        frame('zh-CN', { name: 'items.0.title', label: '标题', hint: '提示', error: '请填写', form: 'add' }),
      ),
    );
    const input = page('input');
    expect(page('label').attr('for')).toBe(input.attr('id'));
    for (const id of input.attr('aria-describedby')!.split(' ')) expect(page(`#${id}`)).toHaveLength(1);
    expect(input.attr('aria-invalid')).toBe('true');
  });
});

describe('the layout of a template', () => {
  it('is not sent: neither indentation, nor lines of code, nor breaks beside the edges of an element', () => {
    const html = fill(
      'lib/tabs',
      frame('en', {
        label: 'Views',
        items: [
          { href: '/', text: 'Day' },
          { href: '/week', text: 'Week', count: 2 },
        ],
      }),
    );
    expect(html.trim().split('\n')).toEqual([
      '<nav class="tabs" aria-label="Views"><ul>',
      '<li><a href="/">Day</a></li>',
      '<li><a href="/week">Week',
      '<span class="count">2</span></a></li></ul></nav>',
    ]);
  });

  it('leaves the numbers of lines, so that an error names the line of the file', () => {
    const text = '<p>\n  <% if (it.a) { %>\n    <b>\n      <%= it.b %>\n    </b>\n  <% } %>\n</p>\n';
    expect(withoutLayout(text).split('\n')).toHaveLength(text.split('\n').length);
  });

  it('leaves what was typed as it is: a textarea keeps its lines and blanks', () => {
    const value = '  one\n\n\ttwo';
    const page = load(
      fill('lib/field', frame('en', { name: 'note', label: 'Note', type: 'textarea', value })),
    );
    expect(page('textarea').val()).toBe(value);
  });

  it('parts facts by one blank each, beside the dots of the style sheet', () => {
    const facts = ['Room 301', '', { text: 'Plan', href: '/plan' }, { text: 'late', look: 'warn' }];
    const lines = fill('lib/meta', frame('en', { facts }))
      .trim()
      .split(/\s*\n\s*/);
    expect(lines).toEqual([
      '<span>Room 301</span>',
      '<a href="/plan">Plan</a>',
      '<span class="warn">late</span>',
    ]);
  });
});

describe('the frame', () => {
  it('links every error to its field and says so in the title', () => {
    const page = load(
      fillPage(
        'errors/error',
        frame('en', { title: 'Book', status: 409, text: 'x', errors: { 'ends.at': 'Too early' } }),
      ),
    );
    expect(page('title').text()).toBe('Error: Book · Banhui');
    expect(page('.error-summary a').attr('href')).toBe('#f-ends-at');
  });

  it('writes the chosen theme and density, and leaves the rest to the system', () => {
    const viewer = {
      name: '王敏',
      name_en: 'Wang Min',
      role: 'member',
      zone: 'Asia/Shanghai',
      theme: 'dark',
      density: 'compact',
      has_shortcuts: false,
    };
    const chosen = load(
      fillPage('errors/error', frame('en', { title: 'x', status: 404, text: 'x', viewer })),
    );
    expect(chosen('html').attr('data-theme')).toBe('dark');
    expect(chosen('html').attr('data-density')).toBe('compact');
    expect(chosen('body').attr('data-keys')).toBe('off');
    expect(chosen('.bar-nav').text()).not.toContain('Admin');
    const system = load(fillPage('errors/error', frame('zh-CN', { title: 'x', status: 404, text: 'x' })));
    expect(system('html').attr('data-theme')).toBeUndefined();
    expect(system('html').attr('lang')).toBe('zh-CN');
  });

  it('holds nothing inline that the Content-Security-Policy would refuse', () => {
    const viewer = {
      name: '王敏',
      name_en: null,
      role: 'administrator',
      zone: 'Asia/Shanghai',
      theme: 'system',
      density: 'comfortable',
      has_shortcuts: true,
    };
    const page = load(fillPage('errors/error', frame('en', { title: 'x', status: 404, text: 'x', viewer })));
    expect(page('[style], style, script:not([src])')).toHaveLength(0);
    page('*').each((_, node) =>
      expect(
        Object.keys('attribs' in node ? node.attribs : {}).filter((name) => name.startsWith('on')),
      ).toEqual([]),
    );
  });
});
