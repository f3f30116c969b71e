import { execFileSync } from 'node:child_process';

/**
 * A root directory as the image has it: the base image's part is this machine's, the rest is what was built; then all of
 * it is made read-only but /data, as `docker run --read-only` does. It is seen by the program that is started there and by nobody else.
 */
export const CONTAINER = `
set -eu
mount --bind "$NEW" "$NEW"
for name in usr bin sbin lib lib64; do
  if [ -L "/$name" ]; then ln -s "$(readlink "/$name")" "$NEW/$name"; elif [ -d "/$name" ]; then mkdir "$NEW/$name"; mount --bind "/$name" "$NEW/$name"; mount -o remount,bind,ro "$NEW/$name"; fi
done
for path in "$IMAGE"/*; do name=$(basename "$path"); mkdir "$NEW/$name"; mount --bind "$path" "$NEW/$name"; mount -o remount,bind,ro "$NEW/$name"; done
mkdir -p "$NEW/etc" "$NEW/dev" "$NEW/proc" "$NEW/tmp" "$NEW/runtime"
for name in null zero random urandom; do touch "$NEW/dev/$name"; mount --bind "/dev/$name" "$NEW/dev/$name"; done
mkdir "$NEW/dev/shm"; mount -t tmpfs tmpfs "$NEW/dev/shm"; chmod 1777 "$NEW/dev/shm"
mount --rbind /proc "$NEW/proc"
echo 'root:x:0:0:root:/root:/bin/sh' > "$NEW/etc/passwd"
echo 'node:x:1000:1000::/home/node:/bin/sh' >> "$NEW/etc/passwd"
touch "$NEW/runtime/node"; mount --bind "$NODE" "$NEW/runtime/node"
cp "$CONFIG" "$NEW/etc/firebreak.yaml"
chroot "$NEW" /bin/sh -c "$SETUP"
mount --bind "$VOLUME" "$NEW/data"
chown 1000:1000 "$NEW/data"; chmod 0700 "$NEW/data"
mount -o remount,bind,ro "$NEW"
if chroot "$NEW" /bin/sh -c 'touch /tmp/x || touch /app/x' 2>/dev/null; then echo 'not read-only' >&2; exit 3; fi
exec chroot --userspec="$ACCOUNT" --groups= "$NEW" /usr/bin/env -i -C "$WORKDIR" PATH=/runtime:/usr/bin:/bin "$@"
`;

/** Mounts of the program that follows are seen by it alone. From util-linux, which Linux always has. */
export const ISOLATED = ['unshare', '--mount', '--propagation', 'private'] as const;

/** Needs the right to mount. */
export const canIsolate = ((): boolean => {
  const [file, ...args] = ISOLATED;
  try {
    if (process.getuid?.() === 0)
      execFileSync(file, [...args, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
})();
