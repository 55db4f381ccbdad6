import type { Translation } from '../../lib/i18n/catalog.js';
import type { departure as en } from './departure.en.js';

/** 离任人员除会议和督办事项以外负责的工作。 */
export const departure: Translation<typeof en> = {
  'departure.owner': '会议室负责人',
  'departure.approver': '会议室审批人',
  'departure.polls_other': '进行中的时间征询 {count} 项。',
  'departure.moved':
    '已移交会议 {meetings} 个、督办事项 {actions} 件、会议室 {rooms} 间、时间征询 {polls} 项。',
  'departure.movedSome':
    '已移交会议 {meetings} 个、督办事项 {actions} 件、会议室 {rooms} 间、时间征询 {polls} 项；另有不公开事项 {stayed} 个未移交。',
  'audit.room.handOver': '移交会议室',
  'audit.poll.handOver': '移交时间征询',
};
