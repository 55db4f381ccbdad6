import type { Translation } from '../../lib/i18n/catalog.js';
import type { holds as en } from './holds.en.js';

/** 征询保留、排队保留的会议室；日程、门口屏与预订提示用语一致。 */
export const holds: Translation<typeof en> = {
  'holds.poll': '时间征询中，保留至 {until}',
  'holds.pollOf': '{title} · 时间征询中，保留至 {until}',
  'holds.wait': '为排队等候者保留至 {until}',
  'holds.waitOf': '{title} · 为您保留至 {until}',
  'holds.clash.poll':
    '{room} {when} 已列入一项时间征询，由{name}保留至 {until}。可向{name}了解是否仍需使用，也可排队等候：征询截止后会议室可能空出。',
  'holds.clash.pollOf':
    '{room} {when} 已列入时间征询“{title}”，由{name}保留至 {until}。可向{name}了解是否仍需使用，也可排队等候：征询截止后会议室可能空出。',
  'holds.clash.wait':
    '{room} {when} 已为先前排队等候者保留至 {until}。您也可排队等候：届时如未确认，将依次顺延。',
  'holds.clash.waitOf': '{room} {when} 正为您的会议“{title}”保留至 {until}，请在该会议页面确认使用。',
  'holds.key': '尚未确定：待审批、征询中或保留中',
  'holds.door.word': '已保留',
  'holds.door.soon': '空闲，即将保留',
  'holds.closure.heading': '停用期间的保留',
  'holds.closure_other': '停用期间有 {count} 个时段仍为他人保留，请告知相关人员；保留解除后会议室即停用。',
};
