#!/usr/bin/env bash
# enter_tree.sh ROOT MACHINE COMMAND...: runs COMMAND in the root tree ROOT of programs for MACHINE (as uname -m has it),
# in namespaces of its own; programs of another machine run under qemu-user-static, registered for these alone.
set -euo pipefail
if [ "${LAMBDAPOOL_IN_TREE:-}" != yes ]; then
  LAMBDAPOOL_IN_TREE=yes exec unshare --user --map-root-user --mount --pid --fork --kill-child "$0" "$@"
fi
unset LAMBDAPOOL_IN_TREE
root=$1 machine=$2
shift 2
if [ "$machine" != "$(uname -m)" ]; then
  [ "$machine" = aarch64 ] || { echo "enter_tree: no emulation of $machine is known here" >&2; exit 1; }
  mkdir -p "$root/run/binfmt"
  mount -t binfmt_misc none "$root/run/binfmt"
  printf '%s' ':qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:F' \
    > "$root/run/binfmt/register"
fi
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
exec chroot "$root" "$@"
