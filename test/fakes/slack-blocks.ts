/** Slack's limits for the blocks that Firebreak uses, as documented; a block of any other type is refused. */

type Block = Readonly<Record<string, unknown>>;

export const blockErrors = (blocks: readonly unknown[]): string[] => [
  ...(blocks.length > 50 ? ['more than 50 blocks'] : []),
  ...blocks.flatMap((block) => errorsOf(block as Block)),
  ...repeated(blocks.map((block) => (block as Block)['block_id'])).map((id) => `two blocks ${id}`),
];

/** https://docs.slack.dev/reference/views/modal-views */
export const viewErrors = (view: Block): string[] => {
  const { type, title, submit, close, callback_id: callbackId, private_metadata: metadata, blocks } = view;
  const list = Array.isArray(blocks) ? (blocks as Block[]) : [];
  return [
    ...(type === 'modal' ? [] : ['not a modal']),
    ...plainErrors(title, 24),
    ...(submit === undefined ? [] : plainErrors(submit, 24)),
    ...(close === undefined ? [] : plainErrors(close, 24)),
    ...(list.some((block) => block['type'] === 'input') && submit === undefined ? ['inputs without submit'] : []),
    ...(list.length === 0 || list.length > 100 ? ['between 1 and 100 blocks expected'] : []),
    ...(typeof callbackId === 'string' && callbackId.length > 255 ? ['callback_id too long'] : []),
    ...(typeof metadata === 'string' && metadata.length > 3000 ? ['private_metadata too long'] : []),
    ...list.flatMap((block) => (block['type'] === 'input' ? inputErrors(block) : errorsOf(block))),
  ];
};

const errorsOf = (block: Block): string[] => {
  const { type, text, fields, elements } = block;
  if (type === 'divider') return [];
  if (type === 'context') return listErrors(elements, 10, 3000);
  if (type === 'actions') return actionsErrors(elements);
  if (type !== 'section') return [`unknown block ${String(type)}`];
  if (text === undefined && fields === undefined) return ['a section without text'];
  return [
    ...(text === undefined ? [] : textErrors(text, 3000)),
    ...(fields === undefined ? [] : listErrors(fields, 10, 2000)),
  ];
};

const actionsErrors = (elements: unknown): string[] => {
  if (!Array.isArray(elements) || elements.length === 0 || elements.length > 25) {
    return ['between 1 and 25 elements expected'];
  }
  const list = elements as Block[];
  return [
    ...list.flatMap((element) => elementErrors(element)),
    ...repeated(list.map((element) => element['action_id'])).map((id) => `two elements ${id}`),
  ];
};

const elementErrors = (element: Block): string[] => {
  const { type, action_id: id, confirm, style } = element;
  const common = [
    ...(typeof id === 'string' && id.length >= 1 && id.length <= 255 ? [] : ['an action_id is expected']),
    ...(style === undefined || style === 'primary' || style === 'danger'
      ? []
      : [`unknown style ${JSON.stringify(style)}`]),
    ...(confirm === undefined ? [] : confirmErrors(confirm as Block)),
  ];
  if (type === 'button') {
    const { text, value } = element;
    const long = typeof value === 'string' && value.length > 2000 ? ['value too long'] : [];
    return [...common, ...plainErrors(text, 75), ...long];
  }
  if (type !== 'static_select') return [...common, `unknown element ${String(type)}`];
  const options = Array.isArray(element['options']) ? (element['options'] as Block[]) : [];
  return [
    ...common,
    ...plainErrors(element['placeholder'], 150),
    ...(options.length >= 1 && options.length <= 100 ? [] : ['between 1 and 100 options expected']),
    ...options.flatMap(({ text, value }) => [
      ...plainErrors(text, 75),
      ...(typeof value === 'string' && value.length >= 1 && value.length <= 75 ? [] : ['bad option value']),
    ]),
  ];
};

const confirmErrors = ({ title, text, confirm, deny }: Block): string[] => [
  ...plainErrors(title, 100),
  ...textErrors(text, 300),
  ...plainErrors(confirm, 30),
  ...plainErrors(deny, 30),
];

const inputErrors = ({ label, hint, element }: Block): string[] => {
  const { type, action_id: id, min_length: min = 0, max_length: max = 3000 } = element as Block;
  return [
    ...plainErrors(label, 2000),
    ...(hint === undefined ? [] : plainErrors(hint, 2000)),
    ...(type === 'plain_text_input' && typeof id === 'string' ? [] : [`unknown input ${String(type)}`]),
    ...(Number(min) >= 0 && Number(max) <= 3000 && Number(min) <= Number(max) ? [] : ['bad lengths']),
  ];
};

const listErrors = (list: unknown, most: number, longest: number): string[] =>
  Array.isArray(list) && list.length > 0 && list.length <= most
    ? list.flatMap((text) => textErrors(text, longest))
    : [`between 1 and ${most} elements expected`];

const textErrors = (value: unknown, longest: number): string[] => {
  const { type, text, verbatim } = (value ?? {}) as Block;
  if (type !== 'mrkdwn' && type !== 'plain_text') return ['not a text object'];
  if (type === 'plain_text' && verbatim !== undefined) return ['verbatim is for mrkdwn'];
  return typeof text === 'string' && text.length >= 1 && text.length <= longest
    ? []
    : [`between 1 and ${longest} characters expected`];
};

const plainErrors = (value: unknown, longest: number): string[] =>
  (value as Block | undefined)?.['type'] === 'plain_text' ? textErrors(value, longest) : ['plain text expected'];

const repeated = (ids: readonly unknown[]): string[] => {
  const named = ids.filter((id): id is string => typeof id === 'string');
  return named.filter((id, index) => named.indexOf(id) !== index);
};

/** What notifies people: `<!channel>`, `<!here>`, `<!everyone>`, `<!subteam^…>`, `<@U…>`; in plain text it is only read. */
const PING = /<(?:!(?:channel|here|everyone|subteam)|@)[^>]*>/g;

export const pingsIn = ({ text, blocks }: { readonly text: string; readonly blocks: readonly unknown[] }): string[] =>
  `${text}\n${marked(blocks)}`.match(PING) ?? [];

/** Everything in it that Slack reads as markup. */
const marked = (value: unknown): string => {
  if (Array.isArray(value)) return value.map(marked).join('\n');
  if (typeof value !== 'object' || value === null) return '';
  const { type, text } = value as Block;
  return type === 'mrkdwn' && typeof text === 'string' ? text : Object.values(value).map(marked).join('\n');
};
