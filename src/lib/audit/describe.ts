import { isKey, type Translate } from '../i18n/translate.js';

/** An event of the history in words: the text `audit.<action>`, such as "Changed the time or place". */
export function describeAction(t: Translate, action: string): string {
  const key = `audit.${action}`;
  return isKey(key) ? t(key) : t('audit.other');
}
