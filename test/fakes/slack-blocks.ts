/** Slack's limits for the blocks that Firebreak uses, as documented; a block of any other type is refused. */

type Block = Readonly<Record<string, unknown>>;

export const blockErrors = (blocks: readonly unknown[]): string[] => [
  ...(blocks.length > 50 ? ['more than 50 blocks'] : []),
  ...blocks.flatMap((block) => errorsOf(block as Block)),
];

const errorsOf = (block: Block): string[] => {
  const { type, text, fields, elements } = block;
  if (type === 'divider') return [];
  if (type === 'context') return listErrors(elements, 10, 3000);
  if (type !== 'section') return [`unknown block ${String(type)}`];
  if (text === undefined && fields === undefined) return ['a section without text'];
  return [
    ...(text === undefined ? [] : textErrors(text, 3000)),
    ...(fields === undefined ? [] : listErrors(fields, 10, 2000)),
  ];
};

const listErrors = (list: unknown, most: number, longest: number): string[] =>
  Array.isArray(list) && list.length > 0 && list.length <= most
    ? list.flatMap((text) => textErrors(text, longest))
    : [`between 1 and ${most} elements expected`];

const textErrors = (value: unknown, longest: number): string[] => {
  const { type, text } = value as Block;
  if (type !== 'mrkdwn' && type !== 'plain_text') return ['not a text object'];
  return typeof text === 'string' && text.length >= 1 && text.length <= longest
    ? []
    : [`between 1 and ${longest} characters expected`];
};

/** What notifies people: `<!channel>`, `<!here>`, `<!everyone>`, `<!subteam^…>`, `<@U…>`. */
const PING = /<(?:!(?:channel|here|everyone|subteam)|@)[^>]*>/g;

export const pingsIn = ({ text, blocks }: { readonly text: string; readonly blocks: readonly unknown[] }): string[] =>
  `${text}\n${JSON.stringify(blocks)}`.match(PING) ?? [];
