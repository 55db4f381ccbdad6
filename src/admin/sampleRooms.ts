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
  { code: 'r201', name_en: 'Room 201', name_zh: '二〇一会议室', building: '行政楼', floor: '2', capacity: 6, equipment: ['display'], stepFree: true },
  { code: 'r205', name_en: 'Room 205', name_zh: '二〇五会议室', building: '行政楼', floor: '2', capacity: 8, equipment: ['video', 'display'], stepFree: true },
  { code: 'r301', name_en: 'Room 301', name_zh: '第一会议室', building: '行政楼', floor: '3', capacity: 20, equipment: ['video', 'projector', 'microphone'], stepFree: true, setup: 0, teardown: 0 },
  { code: 'r302', name_en: 'Room 302', name_zh: '第二会议室', building: '行政楼', floor: '3', capacity: 12, equipment: ['projector', 'whiteboard'], stepFree: true },
  { code: 'r303', name_en: 'Room 303', name_zh: '小会议室', building: '行政楼', floor: '3', capacity: 4, equipment: ['whiteboard'], stepFree: true },
  { code: 'r401', name_en: 'Room 401', name_zh: '四〇一会议室', building: '行政楼', floor: '4', capacity: 16, equipment: ['projector', 'whiteboard'], stepFree: true },
  { code: 'r402', name_en: 'Room 402', name_zh: '四〇二研讨室', building: '行政楼', floor: '4', capacity: 10, equipment: ['display', 'whiteboard'], stepFree: true },
  { code: 'lib-1', name_en: 'Library seminar room', name_zh: '图书馆研讨室', building: '图书馆', floor: '1', capacity: 24, equipment: ['projector', 'whiteboard'], stepFree: true },
  { code: 'guest', name_en: 'Guest room', name_zh: '接待室', building: '行政楼', floor: '1', capacity: 12, equipment: ['tea'], stepFree: true, setup: 15, teardown: 15 },
  { code: 'hall-east', name_en: 'Hall, east part', name_zh: '多功能厅东厅', building: '会议中心', floor: '1', capacity: 60, equipment: ['projector', 'microphone'], stepFree: true },
  { code: 'hall-west', name_en: 'Hall, west part', name_zh: '多功能厅西厅', building: '会议中心', floor: '1', capacity: 60, equipment: ['projector', 'microphone'], stepFree: true },
  { code: 'hall', name_en: 'Hall', name_zh: '多功能厅', building: '会议中心', floor: '1', capacity: 140, equipment: ['projector', 'microphone', 'video'], stepFree: true, setup: 30, teardown: 30, parts: ['hall-east', 'hall-west'] },
];
