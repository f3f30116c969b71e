/** A message's fields by number: bytes where the wire has a length, numbers else. */
type Message = ReadonlyMap<number, readonly (Uint8Array | number)[]>;

const MAGIC = Buffer.from('k8s\0');

const varint = (bytes: Uint8Array, start: number): { value: number; next: number } => {
  let value = 0;
  for (let at = start, scale = 1; at < bytes.length; at += 1, scale *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 127) * scale;
    if (byte < 128) return { value, next: at + 1 };
  }
  throw new Error('protobuf: cut off');
};

const messageOf = (bytes: Uint8Array): Message => {
  const fields = new Map<number, (Uint8Array | number)[]>();
  for (let at = 0; at < bytes.length;) {
    const tag = varint(bytes, at);
    const { value, next } = varint(bytes, tag.next);
    const wire = tag.value % 8;
    if (wire !== 0 && wire !== 2) throw new Error(`protobuf: wire type ${wire} is not known here`);
    at = wire === 2 ? next + value : next;
    const number = Math.floor(tag.value / 8);
    fields.set(number, [...(fields.get(number) ?? []), wire === 2 ? bytes.subarray(next, at) : value]);
  }
  return fields;
};

const bytesAt = (message: Message, field: number): Uint8Array => {
  const value = message.get(field)?.[0];
  return value instanceof Uint8Array ? value : new Uint8Array();
};

const textAt = (message: Message, field: number): string | undefined => {
  const text = Buffer.from(bytesAt(message, field)).toString();
  return text === '' ? undefined : text;
};

const mapAt = (message: Message, field: number, encoding: BufferEncoding): Record<string, string> => {
  const entries = (message.get(field) ?? []).map((entry) => messageOf(entry as Uint8Array));
  return Object.fromEntries(
    entries.map((entry) => [textAt(entry, 1) ?? '', Buffer.from(bytesAt(entry, 2)).toString(encoding)]),
  );
};

const metaOf = (message: Message): object => ({
  name: textAt(message, 1),
  namespace: textAt(message, 3),
  resourceVersion: textAt(message, 6),
  labels: mapAt(message, 11, 'utf8'),
  annotations: mapAt(message, 12, 'utf8'),
});

const secretOf = (message: Message): object => ({
  metadata: metaOf(messageOf(bytesAt(message, 1))),
  data: mapAt(message, 2, 'base64'),
  type: textAt(message, 3),
});

const deleteOptionsOf = (message: Message): object => {
  const uid = textAt(messageOf(bytesAt(message, 2)), 1);
  return { ...(uid === undefined ? {} : { preconditions: { uid } }), propagationPolicy: textAt(message, 4) };
};

const KINDS: Readonly<Record<string, (message: Message) => object>> = {
  Secret: secretOf,
  DeleteOptions: deleteOptionsOf,
};

/** The JSON text of what a client sent as protobuf: helm writes its releases so, whatever else the server speaks. */
export const protobufToJson = (body: Buffer): string => {
  if (!body.subarray(0, 4).equals(MAGIC)) throw new Error('protobuf: not of Kubernetes');
  const envelope = messageOf(body.subarray(4));
  const type = messageOf(bytesAt(envelope, 1));
  const kind = textAt(type, 2) ?? '';
  const content = KINDS[kind]?.(messageOf(bytesAt(envelope, 2)));
  if (content === undefined) throw new Error(`protobuf: ${kind} is not known here`);
  return JSON.stringify({ apiVersion: textAt(type, 1), kind, ...content });
};
