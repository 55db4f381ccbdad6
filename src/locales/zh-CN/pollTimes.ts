/** 日历中的征询时间；约时间中的外部人员。 */
export const pollTimes = {
  'calendar.day.polled': '征询保留',
  'calendar.day.polledOf': '征询保留：{title}',
  'calendar.view.polled': '征询中，尚未确定',
  'calendar.find.pollOf': '征询：{title}',
  'calendar.find.state.polled': '征询保留',
} as const;
