// What the sample office talks about in its standing meetings. Two are in Chinese and one in English, so
// that both kinds of minutes and both languages are there to look at.

export type Role = 'chair' | 'secretary' | 'required' | 'optional' | 'in_attendance' | 'informed';

export type StatementKind =
  | 'heard'
  | 'considered'
  | 'noted'
  | 'stressed'
  | 'required'
  | 'resolved'
  | 'approved_in_principle'
  | 'deferred';

export interface SampleItem {
  title: string;
  purpose: 'information' | 'discussion' | 'decision';
  minutes: number;
  statements: { kind: StatementKind; text: string; vote?: [number, number, number] }[];
  /** What is to be done; lead = index into the members of the series. */
  action?: { deliverable: string; lead: number; days: number; answer: string };
}

export interface SampleSeries {
  name: string;
  lang: 'en' | 'zh-CN';
  template: 'plain' | 'official';
  weekday: number;
  from: string;
  minutes: number;
  room: string;
  /** Number of the first meeting shown. */
  firstNumber: number;
  /** Unit codes whose people take part; the first one's head is in the chair. */
  units: string[];
  items: SampleItem[];
}

export const SERIES: SampleSeries[] = [
  {
    name: '办公会',
    lang: 'zh-CN',
    template: 'official',
    weekday: 1,
    from: '09:00',
    minutes: 90,
    room: 'r301',
    firstNumber: 36,
    units: ['office', 'finance', 'hr', 'estates'],
    items: [
      {
        title: '年度预算草案',
        purpose: 'decision',
        minutes: 25,
        statements: [
          { kind: 'heard', text: '会议听取了财务处关于年度预算草案编制情况的汇报。' },
          {
            kind: 'noted',
            text: '会议指出，会议费较上年下降百分之十二，结构更趋合理，但设备更新经费安排偏紧。',
          },
          {
            kind: 'approved_in_principle',
            text: '会议原则同意预算草案，由财务处根据会议意见修改后按程序报送。',
          },
        ],
        action: {
          deliverable: '修改年度预算草案并按程序报送',
          lead: 3,
          days: 7,
          answer: '已按会议意见调整设备更新经费，修改稿已报送并取得受理回执。',
        },
      },
      {
        title: '会议室预订管理办法修订',
        purpose: 'decision',
        minutes: 20,
        statements: [
          { kind: 'heard', text: '会议听取了办公室关于会议室预订管理办法修订情况的说明。' },
          { kind: 'considered', text: '会议认为，修订稿明确了预订、变更和取消的时限，针对性较强。' },
          { kind: 'resolved', text: '会议议定，修订后的管理办法自下月起施行。', vote: [7, 0, 1] },
        ],
        action: {
          deliverable: '印发修订后的会议室预订管理办法并组织培训',
          lead: 2,
          days: 14,
          answer: '管理办法已印发各部门，培训两场，共六十三人参加。',
        },
      },
      {
        title: '第三季度督办事项落实情况',
        purpose: 'information',
        minutes: 15,
        statements: [
          { kind: 'heard', text: '会议听取了办公室关于第三季度督办事项落实情况的通报。' },
          {
            kind: 'stressed',
            text: '会议强调，督办事项要做到事事有着落、件件有回音，逾期事项要逐项说明原因。',
          },
          { kind: 'required', text: '会议要求，各牵头部门对逾期事项提出办结时限。' },
        ],
        action: {
          deliverable: '汇总逾期督办事项的原因和办结时限',
          lead: 4,
          days: 5,
          answer: '逾期事项共五项，原因和办结时限已逐项列明，见附表。',
        },
      },
      {
        title: '新进人员岗前培训安排',
        purpose: 'discussion',
        minutes: 15,
        statements: [
          { kind: 'heard', text: '会议听取了人事处关于新进人员岗前培训安排的汇报。' },
          { kind: 'noted', text: '会议指出，培训要增加公文处理和保密常识的内容。' },
          { kind: 'resolved', text: '会议议定，岗前培训于下月中旬举行，为期三天。' },
        ],
        action: {
          deliverable: '确定岗前培训课表和授课人',
          lead: 5,
          days: 10,
          answer: '课表和授课人已确定，共九讲，已发各部门。',
        },
      },
      {
        title: '礼堂音响设备维修',
        purpose: 'decision',
        minutes: 10,
        statements: [
          { kind: 'heard', text: '会议听取了后勤处关于礼堂音响设备故障情况的汇报。' },
          { kind: 'resolved', text: '会议议定，更换功放一台，费用从维修专项中列支。' },
        ],
        action: {
          deliverable: '更换礼堂功放并验收',
          lead: 6,
          days: 12,
          answer: '功放已更换，经试音验收合格。',
        },
      },
      {
        title: '岁末年初安全检查部署',
        purpose: 'discussion',
        minutes: 15,
        statements: [
          { kind: 'considered', text: '会议认为，岁末年初用火用电集中，安全检查要早部署、早落实。' },
          { kind: 'required', text: '会议要求，后勤处牵头开展一次全面检查，并建立问题清单。' },
          { kind: 'deferred', text: '关于增设消防通道的建议，待论证后再议。' },
        ],
        action: {
          deliverable: '完成全面安全检查并报送问题清单',
          lead: 7,
          days: 9,
          answer: '检查楼宇十一栋，发现问题十七项，已整改十五项，其余两项限期完成。',
        },
      },
    ],
  },
  {
    name: 'International cooperation weekly',
    lang: 'en',
    template: 'plain',
    weekday: 3,
    from: '14:00',
    minutes: 60,
    room: 'r205',
    firstNumber: 12,
    units: ['international', 'research', 'teaching'],
    items: [
      {
        title: 'Visit of the Ghent delegation',
        purpose: 'decision',
        minutes: 15,
        statements: [
          {
            kind: 'heard',
            text:
              'The programme for the delegation from Ghent was presented, ' +
              'with two half days of laboratory visits.',
          },
          {
            kind: 'considered',
            text: 'The afternoon is crowded; the library visit fits better on the second day.',
          },
          {
            kind: 'resolved',
            text: 'The programme is adopted with the library visit moved to the second day.',
          },
        ],
        action: {
          deliverable: 'Send the final programme to Ghent and confirm the interpreters',
          lead: 2,
          days: 6,
          answer: 'The programme was sent and confirmed; two interpreters are booked for both days.',
        },
      },
      {
        title: 'Renewal of the exchange agreement with Turku',
        purpose: 'decision',
        minutes: 15,
        statements: [
          {
            kind: 'heard',
            text: 'The draft renewal was introduced; the number of exchange places rises from four to six.',
          },
          {
            kind: 'approved_in_principle',
            text:
              'The renewal is approved in principle, ' +
              'subject to the legal check of the clause on data protection.',
          },
        ],
        action: {
          deliverable: 'Obtain the legal opinion on the data protection clause',
          lead: 3,
          days: 10,
          answer: 'The legal office has no objection; its opinion is attached to the agreement.',
        },
      },
      {
        title: 'Summer school: numbers and budget',
        purpose: 'information',
        minutes: 10,
        statements: [
          {
            kind: 'noted',
            text: 'There are 84 applications from 19 countries, a third more than last year.',
          },
          { kind: 'required', text: 'The budget is to be recalculated for 60 places.' },
        ],
        action: {
          deliverable: 'Recalculate the summer school budget for 60 places',
          lead: 4,
          days: 8,
          answer: 'The budget for 60 places is 412,000; the sheet is with Finance.',
        },
      },
      {
        title: 'Visa letters',
        purpose: 'discussion',
        minutes: 10,
        statements: [
          {
            kind: 'heard',
            text: 'Letters take nine working days on average, mostly waiting for a signature.',
          },
          { kind: 'resolved', text: 'The head of unit signs letters for stays under 30 days.' },
        ],
        action: {
          deliverable: 'Change the procedure for visa letters and tell the departments',
          lead: 5,
          days: 7,
          answer: 'The new procedure is in force; letters now take three working days.',
        },
      },
      {
        title: 'Joint call with Nagoya',
        purpose: 'discussion',
        minutes: 10,
        statements: [
          { kind: 'considered', text: 'Two of the five proposals are ready; the others need a partner.' },
          {
            kind: 'deferred',
            text: 'The choice of the third topic is deferred until the partners have answered.',
          },
        ],
        action: {
          deliverable: 'Ask the three groups for their partners in Nagoya',
          lead: 1,
          days: 5,
          answer: 'All three groups have named a partner.',
        },
      },
    ],
  },
  {
    name: '信息化建设推进会',
    lang: 'zh-CN',
    template: 'official',
    weekday: 4,
    from: '10:00',
    minutes: 60,
    room: 'r302',
    firstNumber: 8,
    units: ['it', 'office', 'teaching'],
    items: [
      {
        title: '统一身份认证升级进度',
        purpose: 'information',
        minutes: 15,
        statements: [
          { kind: 'heard', text: '会议听取了信息中心关于统一身份认证升级进度的汇报。' },
          { kind: 'noted', text: '会议指出，切换窗口要避开期末考试周。' },
        ],
        action: {
          deliverable: '提出身份认证切换方案和回退预案',
          lead: 2,
          days: 6,
          answer: '切换方案和回退预案已完成，并在测试环境演练两次。',
        },
      },
      {
        title: '会议系统试用情况',
        purpose: 'discussion',
        minutes: 20,
        statements: [
          { kind: 'heard', text: '会议听取了会议系统试用情况的汇报，试用部门六个，召开会议四十一次。' },
          { kind: 'considered', text: '会议认为，系统减少了会议室冲突，纪要流转时间明显缩短。' },
          { kind: 'resolved', text: '会议议定，下学期起在全部机关部门推广使用。' },
        ],
        action: {
          deliverable: '制定会议系统推广计划和培训安排',
          lead: 3,
          days: 9,
          answer: '推广计划分三批实施，首批十个部门的培训已排定。',
        },
      },
      {
        title: '机房节能改造',
        purpose: 'decision',
        minutes: 15,
        statements: [
          { kind: 'heard', text: '会议听取了机房节能改造两套方案的比较说明。' },
          { kind: 'resolved', text: '会议议定，采用冷热通道封闭方案，分两期实施。', vote: [5, 1, 0] },
        ],
        action: {
          deliverable: '编制机房节能改造一期招标文件',
          lead: 4,
          days: 15,
          answer: '招标文件已编制完成并通过审核。',
        },
      },
      {
        title: '数据安全自查',
        purpose: 'discussion',
        minutes: 10,
        statements: [
          { kind: 'stressed', text: '会议强调，数据安全自查要覆盖全部业务系统，不留死角。' },
          { kind: 'required', text: '会议要求，各部门按时报送自查表。' },
        ],
        action: {
          deliverable: '汇总各部门数据安全自查表',
          lead: 1,
          days: 7,
          answer: '应报二十二份，实报二十二份，汇总表见附件。',
        },
      },
    ],
  },
];
