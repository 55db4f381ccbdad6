import type { Translation } from '../../lib/i18n/catalog.js';
import type { swap as en } from './swap.en.js';

export const swap: Translation<typeof en> = {
  'swap.problem.same': '会议不能与自身互换会议室。',
  'swap.problem.noRoom': '其中一个会议没有会议室可换。',
  'audit.meeting.swapRooms': '与另一会议互换会议室',
  'audit.meeting.accommodate': '因会议室停用调整会议室',
  'audit.closure.update': '更改会议室停用安排',
  'swap.title': '互换会议室',
  'swap.explain': '两个会议互换会议室，时间各自不变。要么同时换，要么都不换；并将通知有关人员。',
  'swap.with': '互换对象',
  'swap.line': '{title} · {when} · {rooms}',
  'swap.sameTime': '同一时段',
  'swap.has': '当前会议室：{rooms}。',
  'swap.none': '该时间前后没有可互换会议室的其他会议。须对两个会议均有编辑权限。',
  'swap.swap': '互换',
  'swap.refused': '未作任何改动。其中一个会议无法使用对方的会议室：',
  'swap.stale': '其中一个会议刚被更改，请重新核对。',
  'swap.choose': '请选择要互换的会议。',
  'swap.notice': '两个会议已互换会议室。',
  'swap.edit': '改选其他会议室',
  'swap.needsRoom': '该会议没有会议室可换。',
};
