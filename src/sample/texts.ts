// What else the sample office says: bookings, waits, reasons and comments.

/** Single meetings that fill the days around today: title, hours, room, unit that meets. */
export const BOOKINGS: {
  title: string;
  from: string;
  to: string;
  room: string;
  unit: string;
  weekly?: true;
  isPrivate?: true;
}[] = [
  { title: '财务报表核对', from: '08:30', to: '10:30', room: 'r302', unit: 'finance' },
  { title: 'Interview panel', from: '13:00', to: '14:00', room: 'r301', unit: 'hr' },
  { title: '招聘面试', from: '14:00', to: '16:30', room: 'r401', unit: 'hr', isPrivate: true },
  { title: 'Call with Nagoya', from: '09:30', to: '10:15', room: 'r205', unit: 'international' },
  { title: '教学督导例行沟通', from: '15:00', to: '16:30', room: 'r303', unit: 'teaching' },
  { title: '科研项目中期检查', from: '09:00', to: '11:30', room: 'r402', unit: 'research' },
  { title: '物业服务协调', from: '16:00', to: '17:00', room: 'r205', unit: 'estates' },
  { title: 'Lab safety briefing', from: '10:00', to: '11:00', room: 'r201', unit: 'research' },
  { title: '公文写作培训', from: '14:00', to: '17:00', room: 'hall-east', unit: 'office', weekly: true },
  { title: '信息员碰头会', from: '11:00', to: '11:45', room: 'r201', unit: 'it' },
  { title: '课程思政研讨', from: '13:30', to: '15:00', room: 'r402', unit: 'teaching' },
  { title: 'Erasmus desk', from: '16:30', to: '17:30', room: 'r303', unit: 'international' },
];

/** A meeting of the whole house in the undivided hall, some days ahead. */
export const ASSEMBLY = {
  title: '全体教职工大会',
  from: '14:30',
  to: '17:00',
  room: 'hall',
  unit: 'office',
  inDays: 3,
};

/** Waits for any room with the seats in that building, while the assembly lasts. */
export const WAIT = {
  title: '新生家长说明会',
  minutes: 90,
  seats: 50,
  building: '会议中心',
  unit: 'teaching',
};

export const RETURN_COMMENT = {
  'zh-CN': {
    code: 'M06',
    text: '“针对性较强”表述笼统，请说明修订的主要内容。',
    note: '请补充要点后再报。',
    answer: '已补充修订的三项主要内容。',
  },
  en: {
    code: 'M01',
    text: 'Please check the number of exchange places with the agreement.',
    note: 'One figure to check.',
    answer: 'Checked against the agreement: six places.',
  },
} as const;

export const REASONS = {
  'zh-CN': {
    blocked: '需等待上级批复经费。',
    refused: '此事属后勤处职责，建议改派。',
    cancelled: '会议议定不再实施。',
    sentBack: '请补充完成时间和佐证材料。',
    declined: '当日出差，请假。',
    cancelMeeting: '与上级会议时间冲突。',
  },
  en: {
    blocked: 'Waiting for the legal office.',
    refused: 'This belongs to the research office.',
    cancelled: 'Overtaken by the decision of the last meeting.',
    sentBack: 'Please say who confirmed it and when.',
    declined: 'Travelling that day.',
    cancelMeeting: 'Clashes with the visit of the ministry.',
  },
} as const;
