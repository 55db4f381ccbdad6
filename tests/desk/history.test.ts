import { tellEntries } from '../../src/desk/history.js';
import type { HistoryEntry } from '../../src/desk/queries.js';
import { translator } from '../../src/lib/i18n/translate.js';
import { format } from '../../src/lib/time/format.js';

const entry = (more: Partial<HistoryEntry>): HistoryEntry => ({
  id: 1,
  at: new Date('2030-03-04T01:00:00Z'),
  action: 'meeting.update',
  noun: 'meetings',
  note: null,
  before: null,
  after: null,
  name: '王敏',
  name_en: 'Wang Min',
  behalf_name: null,
  behalf_name_en: null,
  ...more,
});
const tell = (one: HistoryEntry, lang: 'en' | 'zh-CN' = 'en') =>
  tellEntries([one], translator(lang), format(lang, 'Asia/Shanghai'))[0]!;

describe('the history of a meeting', () => {
  it('shows old and new time in the reader’s zone', () => {
    const told = tell(
      entry({ before: { starts_at: '2030-03-04T01:00:00Z' }, after: { starts_at: '2030-03-04T02:00:00Z' } }),
    );
    expect(told.changes).toEqual([
      { label: 'Start', before: 'Mon 4 Mar 2030 09:00', after: 'Mon 4 Mar 2030 10:00' },
    ]);
    expect(told.by).toBe('Wang Min');
  });

  it('names the secretary and the leader for whom it was done', () => {
    expect(tell(entry({ behalf_name: '李强', behalf_name_en: 'Li Qiang' })).by).toBe('Wang Min for Li Qiang');
    expect(tell(entry({ behalf_name: '李强', behalf_name_en: 'Li Qiang' }), 'zh-CN').by).toBe(
      '王敏（代李强）',
    );
  });

  it('says nothing of what stood in an agenda item, which may be restricted', () => {
    const told = tell(
      entry({
        noun: 'agenda_items',
        action: 'agenda.update',
        note: 'secret',
        before: { title: 'secret' },
        after: { title: 'secret too' },
      }),
    );
    expect(JSON.stringify(told)).not.toContain('secret');
  });

  it('calls what nobody did the system’s', () => {
    expect(tell(entry({ name: null, name_en: null }), 'zh-CN').by).toBe('系统');
  });
});
