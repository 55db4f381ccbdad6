/** 等候任一符合条件的会议室。 */
export const anyRoom = {
  'waits.any.button_other': '等候任一可容纳 {count} 人的会议室',
  'waits.any.buttonHere_other': '等候{building}内任一可容纳 {count} 人的会议室',
  'waits.any.what_other': '任一可容纳 {count} 人的会议室',
  'waits.any.whatHere_other': '{building}内任一可容纳 {count} 人的会议室',
  'waits.any.noneFits': '该时段没有可供预订的、容纳这么多人的会议室。',
} as const;
