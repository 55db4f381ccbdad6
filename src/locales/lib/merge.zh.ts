/** 两人同时修改同一表单。 */
export const merge = {
  'merge.title': '两人同时修改了{what}',
  'merge.text_other':
    '您填写期间，{name}已保存修改。有 {count} 处两人都改了，请选择以哪一方为准；其余修改双方均予保留。',
  'merge.somebody': '另一位同事',
  'merge.mine': '我填写的：{text}',
  'merge.theirs': '{name}填写的：{text}',
  'merge.drop': '放弃我的修改，保留现有内容',
  'merge.kept': '对方的其他修改（予以保留）',
  'merge.saved': '已保存，他人其间所做的修改也已保留。',
} as const;
