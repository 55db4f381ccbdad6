import type { Translation } from '../../lib/i18n/catalog.js';
import type { groups as en } from './groups.en.js';

export const groups: Translation<typeof en> = {
  'groups.title': '人员组',
  'groups.intro': '会议室规则和审批人可指定人员组，不必逐一列名。',
  'groups.none': '尚未建立人员组。',
  'groups.new': '新建人员组',
  'groups.edit': '编辑{name}',
  'groups.nameEn': '英文名称',
  'groups.nameZh': '中文名称',
  'groups.nameHint': '填写其中一项即可',
  'groups.note': '用途',
  'groups.members': '成员',
  'groups.membersHint': '每行一人，填写姓名或邮箱。',
  'groups.count_other': '{count} 人',
  'groups.uses': '使用情况',
  'groups.usesRules_other': '{count} 项规则',
  'groups.usesApprovers_other': '审批 {count} 间会议室',
  'groups.remove': '删除',
  'groups.removeTitle': '删除{name}？',
  'groups.removeText':
    '为其另设的规则一并删除，会议室按一般规则预订；由其审批的会议室改由负责人或文秘人员审批。',
  'groups.saved': '人员组已保存。',
  'groups.removed': '人员组已删除。',
  'groups.nameTaken': '已有同名的人员组',
  'groups.nameMissing': '请填写名称',
  'groups.unknown': '通讯录中没有“{name}”',
  'groups.several': '有多人名为“{name}”，请填写邮箱',
  'groups.stale': '其间他人修改了此人员组。您填写的内容保留在下方，再次保存即以此为准。',
  'audit.group.create': '建立人员组',
  'audit.group.update': '修改人员组',
  'audit.group.remove': '删除人员组',
};
