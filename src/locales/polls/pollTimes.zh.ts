/** 日历中的征询时间；约时间中的外部人员。 */
export const pollTimes = {
  'calendar.view.polled': '时间征询中，尚未确定',
  'calendar.find.pollOf': '征询：{title}',
  'calendar.find.state.polled': '时间征询中',
  'calendar.find.guest': '（外部）',
  'calendar.find.state.unknown': '不详',
  'calendar.find.colleaguesFree': '本单位人员均有空',
  'calendar.find.notKnown': '是否有空不详：{names}',
  'calendar.find.tooManyGuests': '外部人员最多 {count} 人。',
  'calendar.find.usedWithout': '会议已建立，会议室已预订。以下邮箱属于已离职人员，未列入：{addresses}',
} as const;
