/** Text that a person wrote, in the only two shapes that are read out of it; everything else in it is data. */
export type Block =
  | { readonly kind: 'paragraph'; readonly lines: readonly string[] }
  | { readonly kind: 'bullets'; readonly items: readonly string[] };

const BULLET = /^[-*•]\s+/;

/** Paragraphs are set apart by empty lines, and lines that begin with a dash are a list. */
export function blocksOf(text: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: string[] = [];
  let kind: Block['kind'] = 'paragraph';
  const close = (): void => {
    if (open.length > 0) blocks.push(kind === 'bullets' ? { kind, items: open } : { kind, lines: open });
    open = [];
  };
  for (const line of text.split('\n').map((each) => each.trim())) {
    const here = BULLET.test(line) ? 'bullets' : 'paragraph';
    if (line === '' || here !== kind) close();
    kind = here;
    if (line !== '') open.push(here === 'bullets' ? line.replace(BULLET, '') : line);
  }
  close();
  return blocks;
}
