import type { Layout } from '../claims/layouts.js';

/** Twelve rooms of the sample office; the hall can be divided into two. */
export interface SampleRoom {
  code: string;
  name_en: string;
  name_zh: string;
  building: string;
  floor: string;
  capacity: number;
  equipment: string[];
  stepFree: boolean;
  setup?: number;
  teardown?: number;
  parts?: string[];
}

export const ROOMS: SampleRoom[] = [
  {
    code: 'r201',
    name_en: 'Room 201',
    name_zh: '二〇一会议室',
    building: '行政楼',
    floor: '2',
    capacity: 6,
    equipment: ['display'],
    stepFree: true,
  },
  {
    code: 'r205',
    name_en: 'Room 205',
    name_zh: '二〇五会议室',
    building: '行政楼',
    floor: '2',
    capacity: 8,
    equipment: ['video', 'display'],
    stepFree: true,
  },
  {
    code: 'r301',
    name_en: 'Room 301',
    name_zh: '第一会议室',
    building: '行政楼',
    floor: '3',
    capacity: 20,
    equipment: ['video', 'projector', 'microphone'],
    stepFree: true,
    setup: 0,
    teardown: 0,
  },
  {
    code: 'r302',
    name_en: 'Room 302',
    name_zh: '第二会议室',
    building: '行政楼',
    floor: '3',
    capacity: 12,
    equipment: ['projector', 'whiteboard'],
    stepFree: true,
  },
  {
    code: 'r303',
    name_en: 'Room 303',
    name_zh: '小会议室',
    building: '行政楼',
    floor: '3',
    capacity: 4,
    equipment: ['whiteboard'],
    stepFree: true,
  },
  {
    code: 'r401',
    name_en: 'Room 401',
    name_zh: '四〇一会议室',
    building: '行政楼',
    floor: '4',
    capacity: 16,
    equipment: ['projector', 'whiteboard'],
    stepFree: true,
  },
  {
    code: 'r402',
    name_en: 'Room 402',
    name_zh: '四〇二研讨室',
    building: '行政楼',
    floor: '4',
    capacity: 10,
    equipment: ['display', 'whiteboard'],
    stepFree: true,
  },
  {
    code: 'lib-1',
    name_en: 'Library seminar room',
    name_zh: '图书馆研讨室',
    building: '图书馆',
    floor: '1',
    capacity: 24,
    equipment: ['projector', 'whiteboard'],
    stepFree: true,
  },
  {
    code: 'guest',
    name_en: 'Guest room',
    name_zh: '接待室',
    building: '行政楼',
    floor: '1',
    capacity: 12,
    equipment: ['tea'],
    stepFree: true,
    setup: 15,
    teardown: 15,
  },
  {
    code: 'hall-east',
    name_en: 'Hall, east part',
    name_zh: '多功能厅东厅',
    building: '会议中心',
    floor: '1',
    capacity: 60,
    equipment: ['projector', 'microphone'],
    stepFree: true,
  },
  {
    code: 'hall-west',
    name_en: 'Hall, west part',
    name_zh: '多功能厅西厅',
    building: '会议中心',
    floor: '1',
    capacity: 60,
    equipment: ['projector', 'microphone'],
    stepFree: true,
  },
  {
    code: 'hall',
    name_en: 'Hall',
    name_zh: '多功能厅',
    building: '会议中心',
    floor: '1',
    capacity: 140,
    equipment: ['projector', 'microphone', 'video'],
    stepFree: true,
    setup: 30,
    teardown: 30,
    parts: ['hall-east', 'hall-west'],
  },
];

/** What one has to know of a room beside its name. */
export interface SampleFacts {
  code: string;
  key: string;
  contact: string;
  /** Code of the unit whose head answers for it. */
  owner: string;
  fewest?: number;
  layouts?: Partial<Record<Layout, number>>;
}

const DESK = '一楼值班室登记领取';
export const FACTS: SampleFacts[] = [
  { code: 'r201', key: DESK, contact: '值班室 6101', owner: 'office' },
  { code: 'r205', key: DESK, contact: '值班室 6101', owner: 'office' },
  {
    code: 'r301',
    key: '党政办公室开门',
    contact: '党政办公室 6120',
    owner: 'office',
    fewest: 8,
    layouts: { boardroom: 20, u_shape: 18, hollow_square: 16 },
  },
  {
    code: 'r302',
    key: DESK,
    contact: '值班室 6101',
    owner: 'office',
    layouts: { boardroom: 12, theatre: 12 },
  },
  { code: 'r303', key: '门未上锁', contact: '值班室 6101', owner: 'office' },
  {
    code: 'r401',
    key: DESK,
    contact: '值班室 6101',
    owner: 'office',
    layouts: { boardroom: 14, classroom: 16 },
  },
  { code: 'r402', key: DESK, contact: '值班室 6101', owner: 'office' },
  {
    code: 'lib-1',
    key: '图书馆一楼服务台领取',
    contact: '服务台 6300',
    owner: 'estates',
    fewest: 6,
    layouts: { classroom: 24, u_shape: 16, cabaret: 20 },
  },
  { code: 'guest', key: '党政办公室开门', contact: '党政办公室 6120', owner: 'office' },
  {
    code: 'hall-east',
    key: '会议中心值班员开门',
    contact: '会议中心 6500',
    owner: 'estates',
    fewest: 20,
    layouts: { theatre: 60, classroom: 36, cabaret: 40 },
  },
  {
    code: 'hall-west',
    key: '会议中心值班员开门',
    contact: '会议中心 6500',
    owner: 'estates',
    fewest: 20,
    layouts: { theatre: 60, classroom: 36, cabaret: 40 },
  },
  {
    code: 'hall',
    key: '会议中心值班员开门',
    contact: '会议中心 6500',
    owner: 'estates',
    fewest: 40,
    layouts: { theatre: 140, classroom: 84, cabaret: 96 },
  },
];

/** Out of service for some days. */
export const OUT = { code: 'guest', days: 3, reason: '更换地毯' };

/** What is carried to meetings, with how many there are. */
export const MOVABLE = [
  { code: 'movable-projector', name_en: 'Portable projector', name_zh: '便携投影仪', stock: 3 },
  { code: 'movable-screen', name_en: 'Screen', name_zh: '移动幕布', stock: 2 },
  { code: 'wireless-microphone', name_en: 'Wireless microphone', name_zh: '无线话筒', stock: 8 },
  { code: 'flip-chart', name_en: 'Flip chart', name_zh: '活动挂板', stock: 4 },
  { code: 'camera', name_en: 'Conference camera', name_zh: '移动会议摄像机', stock: 1 },
];

/** What the coming bookings of a room take. */
export const BROUGHT: { room: string; layout?: Layout; equipment: [string, number][] }[] = [
  {
    room: 'hall',
    layout: 'theatre',
    equipment: [
      ['wireless-microphone', 4],
      ['camera', 1],
    ],
  },
  {
    room: 'hall-east',
    layout: 'classroom',
    equipment: [
      ['wireless-microphone', 2],
      ['flip-chart', 1],
    ],
  },
  { room: 'r401', layout: 'classroom', equipment: [['flip-chart', 2]] },
  { room: 'r301', layout: 'boardroom', equipment: [] },
  {
    room: 'r303',
    equipment: [
      ['movable-projector', 1],
      ['movable-screen', 1],
    ],
  },
];
