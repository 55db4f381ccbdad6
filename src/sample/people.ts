// Who works in the sample office. Plain data: eight units, the head of each one first, then in the order of
// the list.

export interface SamplePerson {
  name: string;
  name_en: string;
  position: string;
  lang?: 'en' | 'zh-CN';
  role?: 'secretary' | 'administrator';
  zone?: string;
}

export interface SampleUnit {
  code: string;
  name_en: string;
  name_zh: string;
  parent?: string;
  people: SamplePerson[];
}

export const OFFICE = {
  name_en: 'Linjiang University',
  name_zh: '临江大学',
  lang: 'zh-CN',
  zone: 'Asia/Shanghai',
  mailDomain: 'linjiang.example',
} as const;

export const UNITS: SampleUnit[] = [
  {
    code: 'office',
    name_en: 'President’s Office',
    name_zh: '校长办公室',
    people: [
      { name: '李强', name_en: 'Li Qiang', position: '副校长兼校长办公室主任' },
      { name: '王敏', name_en: 'Wang Min', position: '秘书科科长', role: 'secretary' },
      { name: '陈静', name_en: 'Chen Jing', position: '校长办公室副主任', role: 'secretary' },
      { name: '赵立新', name_en: 'Zhao Lixin', position: '文电科科长' },
      { name: '孙悦', name_en: 'Sun Yue', position: '秘书' },
      { name: '马晓燕', name_en: 'Ma Xiaoyan', position: '督办科科长' },
      { name: '林峰', name_en: 'Lin Feng', position: '会务管理员' },
    ],
  },
  {
    code: 'finance',
    name_en: 'Finance Office',
    name_zh: '财务处',
    people: [
      { name: '张伟', name_en: 'Zhang Wei', position: '处长' },
      { name: '刘芳', name_en: 'Liu Fang', position: '副处长' },
      { name: '黄建国', name_en: 'Huang Jianguo', position: '预算科科长' },
      { name: '周丽', name_en: 'Zhou Li', position: '会计' },
      { name: '吴迪', name_en: 'Wu Di', position: '会计' },
    ],
  },
  {
    code: 'hr',
    name_en: 'Human Resources',
    name_zh: '人事处',
    parent: 'office',
    people: [
      { name: '徐慧', name_en: 'Xu Hui', position: '处长' },
      { name: '高翔', name_en: 'Gao Xiang', position: '师资科科长' },
      { name: '郭婷', name_en: 'Guo Ting', position: '劳资科科长' },
      { name: '罗阳', name_en: 'Luo Yang', position: '科员' },
    ],
  },
  {
    code: 'estates',
    name_en: 'Estates and Logistics',
    name_zh: '后勤管理处',
    people: [
      { name: '梁志远', name_en: 'Liang Zhiyuan', position: '处长' },
      { name: '宋佳', name_en: 'Song Jia', position: '物业科科长' },
      { name: '唐磊', name_en: 'Tang Lei', position: '工程师' },
      { name: '韩雪', name_en: 'Han Xue', position: '会议服务主管' },
      { name: '曹斌', name_en: 'Cao Bin', position: '科员' },
    ],
  },
  {
    code: 'international',
    name_en: 'International Office',
    name_zh: '国际合作处',
    people: [
      { name: 'Anna Bergström', name_en: 'Anna Bergström', position: 'Director', lang: 'en' },
      { name: '许文', name_en: 'Xu Wen', position: '副处长' },
      { name: 'David Okafor', name_en: 'David Okafor', position: 'Exchange officer', lang: 'en' },
      {
        name: '佐藤美咲',
        name_en: 'Sato Misaki',
        position: 'Partnerships, Japan',
        lang: 'en',
        zone: 'Asia/Tokyo',
      },
      {
        name: 'Claire Dubois',
        name_en: 'Claire Dubois',
        position: 'Erasmus desk',
        lang: 'en',
        zone: 'Europe/Paris',
      },
    ],
  },
  {
    code: 'research',
    name_en: 'Research Office',
    name_zh: '科研处',
    people: [
      { name: '邓宁', name_en: 'Deng Ning', position: '处长' },
      { name: '冯雅', name_en: 'Feng Ya', position: '项目科科长' },
      { name: 'Michael Hartmann', name_en: 'Michael Hartmann', position: 'Laboratory safety', lang: 'en' },
      { name: '程浩', name_en: 'Cheng Hao', position: '成果科科长' },
      { name: '蔡琳', name_en: 'Cai Lin', position: '科员' },
    ],
  },
  {
    code: 'teaching',
    name_en: 'Academic Affairs',
    name_zh: '教务处',
    people: [
      { name: '彭湃', name_en: 'Peng Pai', position: '处长' },
      { name: '苏晴', name_en: 'Su Qing', position: '教学运行科科长' },
      { name: '欧阳明', name_en: 'Ouyang Ming', position: '教学督导' },
      { name: '田甜', name_en: 'Tian Tian', position: '科员' },
      { name: '董洁', name_en: 'Dong Jie', position: '科员' },
    ],
  },
  {
    code: 'it',
    name_en: 'IT Centre',
    name_zh: '信息中心',
    parent: 'office',
    people: [
      { name: '何平', name_en: 'He Ping', position: '主任', role: 'administrator' },
      { name: 'Priya Raman', name_en: 'Priya Raman', position: 'Systems engineer', lang: 'en' },
      { name: '任杰', name_en: 'Ren Jie', position: '网络管理员' },
      { name: '姚瑶', name_en: 'Yao Yao', position: '信息员' },
    ],
  },
];

/** People from outside who come to meetings now and then. */
export const GUESTS: {
  name: string;
  name_en: string;
  email: string;
  affiliation: string;
  lang: 'en' | 'zh-CN';
}[] = [
  {
    name: '顾建华',
    name_en: 'Gu Jianhua',
    email: 'gu.jianhua@institute.example',
    affiliation: '市规划设计研究院',
    lang: 'zh-CN',
  },
  {
    name: '石岚',
    name_en: 'Shi Lan',
    email: 'shi.lan@audit.example',
    affiliation: '信诚会计师事务所',
    lang: 'zh-CN',
  },
  {
    name: '山本健',
    name_en: 'Yamamoto Ken',
    email: 'yamamoto@nagoya.example',
    affiliation: '名古屋大学',
    lang: 'en',
  },
  {
    name: 'Elena Rossi',
    name_en: 'Elena Rossi',
    email: 'elena.rossi@erasmus.example',
    affiliation: 'Erasmus+ National Agency',
    lang: 'en',
  },
];

/** Who may act for whom: [leader, deputy, only during the coming days of an absence]. */
export const DEPUTIES: [leader: string, deputy: string, days?: number][] = [
  ['李强', '孙悦'],
  ['张伟', '刘芳', 14],
  ['Anna Bergström', 'David Okafor'],
];

/**
 * Whose account to begin with: the secretary sees most of it, the leader what waits for a signature, the
 * member a quiet day.
 */
export const START_WITH = ['王敏', '李强', '何平', 'David Okafor'];
