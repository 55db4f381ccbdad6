import type { Translation } from '../../lib/i18n/catalog.js';
import type { roomCopy as en } from './roomCopy.en.js';

/** 参照已有会议室：添加会议室、套用设置。 */
export const roomCopy: Translation<typeof en> = {
  'roomCopy.like': '参照此会议室添加',
  'roomCopy.likeTitle': '参照{room}添加会议室',
  'roomCopy.from': '沿用已有会议室的位置、座位、设备和时间',
  'roomCopy.fill': '填入',
  'roomCopy.withRules': '同时沿用其预订规则、审批人和节假日安排',
  'roomCopy.another': '添加并继续添加同类会议室',
  'roomCopy.link': '将设置套用到其他会议室',
  'roomCopy.title': '将{room}的设置套用到其他会议室',
  'roomCopy.text': '所选会议室将以勾选的设置替换原有设置，已有预订不受影响。',
  'roomCopy.what': '套用内容',
  'roomCopy.what.hours': '每周开放时间',
  'roomCopy.what.holidays': '节假日安排',
  'roomCopy.what.margins': '布置与清场时间',
  'roomCopy.what.equipment': '设备',
  'roomCopy.what.contact': '负责人、联系方式和钥匙',
  'roomCopy.what.rules': '预订规则（含各人员组的规则）和审批人',
  'roomCopy.to': '套用到以下会议室',
  'roomCopy.nowhere': '未注明楼宇',
  'roomCopy.do': '套用',
  'roomCopy.noOthers': '尚无其他会议室。',
  'roomCopy.problem.what': '请勾选套用内容',
  'roomCopy.problem.room': '请至少勾选一间会议室',
  'roomCopy.notice.copied_other': '已套用到 {count} 间会议室。',
  'roomCopy.addPhotos': '添加照片',
  'audit.room.copySettings': '套用其他会议室的设置',
  'admin.field.copied_from_id': '来源会议室',
};
