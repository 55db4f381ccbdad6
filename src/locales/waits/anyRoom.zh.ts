/** 等候任一符合条件的会议室。 */
export const anyRoom = {
  'waits.any.button_other': '等候任一可容纳 {count} 人的会议室',
  'waits.any.buttonHere_other': '等候{building}内任一可容纳 {count} 人的会议室',
  'waits.any.what_other': '任一可容纳 {count} 人的会议室',
  'waits.any.whatHere_other': '{building}内任一可容纳 {count} 人的会议室',
  'waits.any.noneFits': '该时段没有可供预订的、容纳这么多人的会议室。',
  'waits.any.joined': '会议已保存，正在等候符合条件的会议室。一有空出即为您保留，并发邮件通知。',
} as const;
