import { rows } from '../../src/lib/db/db.js';
import { readFrozen } from '../../src/lib/mail/deliver.js';
import type { World } from '../support/world.js';

export interface TakenMail {
  to: string;
  subject: string;
  text: string;
  /** Address of its button. */
  link: string | undefined;
}

/**
 * Messages of a kind as they would have left, oldest first. Nothing
 * leaves without SMTP_URL: they are captured.
 */
export async function takeMails(world: World, kind: string): Promise<TakenMail[]> {
  const found = await rows<{ to_address: string; message_id: string; content: Buffer }>(
    world.db,
    `select to_address, message_id, content
       from deliveries
       where kind = :kind and content is not null
       order by id`,
    { kind },
  );
  return found.map(({ to_address, message_id, content }) => {
    const mail = readFrozen(world.config.secretKey, message_id, content);
    const button = mail?.blocks?.find((block) => block.kind === 'buttons');
    return {
      to: to_address,
      subject: mail?.subject ?? '',
      text: mail?.text ?? '',
      link: button?.buttons[0]?.href,
    };
  });
}
