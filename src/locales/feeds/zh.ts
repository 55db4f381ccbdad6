import type { Translation } from '../../lib/i18n/catalog.js';
import type { feeds as en } from './en.js';

export const feeds: Translation<typeof en> = {
  'feeds.title': '日历订阅',
  'feeds.intro':
    '日历软件可按专用地址自动读取、定时更新。订阅中只有您有权看到的内容；地址请勿外传，持有地址者即可查看。',
  'feeds.none': '还没有订阅地址。',
  'feeds.mine': '我的会议',
  'feeds.of': '{name}的会议',
  'feeds.busyOnly': '只显示时间，不显示标题',
  'feeds.what': '订阅内容',
  'feeds.add': '生成地址',
  'feeds.address': '{what}的订阅地址',
  'feeds.hint': '把地址粘贴到日历软件的“订阅日历”或“通过网址添加日历”中。',
  'feeds.since': '{day}起',
  'feeds.revoke': '停用',
  'feeds.added': '地址已生成，请复制到日历软件。',
  'feeds.revoked': '该地址已停用。',
  'audit.feed.add': '生成日历订阅地址',
  'audit.feed.revoke': '停用日历订阅地址',
};
