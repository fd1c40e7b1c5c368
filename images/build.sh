#!/bin/bash
# images/build.sh [OUTDIR]: builds the guest image that this project brings along (the role CirrOS plays for DevStack)
# from Debian packages alone, and prints the path of the disk image. A new build is made only when the recipe has changed.
#
#   OUTDIR/tenrec-guest-x86_64.qcow2      whole disk for a BIOS: partition 1 FAT (syslinux, kernel, initrd), 2 ext4 root
#   OUTDIR/tenrec-guest-x86_64-vmlinuz    the same kernel and initrd, for servers that boot a kernel directly …
#   OUTDIR/tenrec-guest-x86_64-initrd
#   OUTDIR/tenrec-guest-x86_64-root.img   … and their root disk (ext4 without a partition table)
#   OUTDIR/tenrec-guest-x86_64.manifest   hash of the recipe, and the packages that went in
#
# OUTDIR is $TENREC_CACHE/images unless given; TENREC_CACHE is /var/cache/tenrec unless set.
# --force builds anew although nothing changed (to get today's security updates); --check tells whether OUTDIR is current.
# Needs: apt-get with a Debian mirror of the running release, dpkg-deb, mke2fs and debugfs, qemu-img. Everything else it runs
# comes out of the packages it downloads. No root, no loop devices, no mounts.
#
# The same packages give the same bytes: times, UUIDs, order and ownership are all fixed below.
set -euo pipefail
export LC_ALL=C TZ=UTC
umask 022

NAME=tenrec-guest-x86_64
LABEL=guest-root # initrd/init looks for it
PASSWORD=gocubsgo SALT=tenrecguest
# The time every file carries; e2fsprogs has its own variable for the same wish.
export SOURCE_DATE_EPOCH=1767225600 E2FSPROGS_FAKE_TIME=1767225600
FS_UUID=7e02ec00-6175-4e57-8000-000000000001 FAT_SERIAL=7e02ec00

# Kernel modules. What they depend on comes along by itself.
INITRD_VIRTIO="virtio_pci virtio_blk virtio_scsi sd_mod ext4"
INITRD_IDE="ata_piix"
ROOT_MODULES="virtio_net virtio_console virtio_balloon virtio-rng button evdev ata_piix sr_mod isofs vfat nls_iso8859-1
  nls_cp437 nls_ascii 8021q loop i6300esb virtiofs"
# Dynamically linked programs; their libraries come along by themselves.
PROGRAMS="bin/lsblk sbin/blkid sbin/resize2fs sbin/mke2fs sbin/e2fsck usr/sbin/dropbear usr/bin/dropbearkey
  usr/bin/dbclient usr/lib/openssh/sftp-server usr/bin/scp usr/bin/doas bin/nc.traditional usr/sbin/qemu-ga"
PAM_MODULE=lib/x86_64-linux-gnu/security/pam_permit.so

HERE=$(cd "$(dirname "$0")" && pwd)
TENREC_CACHE=${TENREC_CACHE:-/var/cache/tenrec}
PATH=$PATH:${TENREC_SBIN-/usr/sbin:/sbin} # not on every user's path; the test of missing tools sets it to nothing

main() {
  local force= check= out=
  for arg in "$@"; do
    case $arg in
      --force) force=1 ;;
      --check) check=1 ;;
      -*) die "unknown option $arg (known: --force, --check)" ;;
      *) out=$arg ;;
    esac
  done
  out=${out:-$TENREC_CACHE/images}
  recipe=$(recipe_hash)
  [ -n "$check" ] && { is_current "$out"; exit; }
  need_tools
  mkdir -p "$out"
  out=$(cd "$out" && pwd)
  exec 9> "$out/.lock"
  flock 9 # two stacks may start at once
  if [ -n "$force" ] || ! is_current "$out"; then build "$out" >&2; fi
  echo "$out/$NAME.qcow2"
}

die() { echo "images/build.sh: $*" >&2; exit 1; }

need_tools() {
  local missing= tool package
  for tool in apt-get:apt apt-cache:apt dpkg-deb:dpkg mke2fs:e2fsprogs debugfs:e2fsprogs qemu-img:qemu-utils flock:util-linux; do
    package=${tool#*:}
    command -v "${tool%:*}" > /dev/null && continue
    case " $missing " in *" $package "*) ;; *) missing="$missing $package" ;; esac
  done
  [ -z "$missing" ] || die "missing packages; install them first: apt-get install$missing"
  [ "$(dpkg --print-architecture)" = amd64 ] || die "the recipe is for amd64 only"
}

# A hash over the recipe's own files (names, executable bits, contents). Package versions are left out on purpose: a new
# kernel in Debian must not make tomorrow's start of the stack a rebuild, perhaps without a network.
recipe_hash() {
  cd "$HERE"
  find build.sh packages.txt boot initrd rootfs -type f -printf '%p %m\n' | sort | awk '{ print $1, ($2 ~ /[1357]/ ? "x" : "-") }' |
    while read -r file mode; do echo "$mode $(sha256sum "$file")"; done | sha256sum | cut -d' ' -f1
}

is_current() { # is_current OUTDIR
  local part
  for part in .qcow2 -vmlinuz -initrd -root.img; do [ -s "$1/$NAME$part" ] || return; done
  grep -qsx "recipe $recipe" "$1/$NAME.manifest"
}

build() { # build OUTDIR
  work=$(mktemp -d "${TMPDIR:-/tmp}/tenrec-image.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  PATH=$work/tools/usr/bin:$work/tools/bin:$PATH
  pkgs=$work/packages # the guest's packages, unpacked
  root=$work/root initrd=$work/initrd
  mkdir -p "$pkgs" "$work/tools" "$root" "$initrd"

  unpack_packages "${TENREC_DEBS:-$TENREC_CACHE/debs}"
  # BusyBox of the host's release may have any configuration; the package's own is known.
  busybox=$pkgs/static/bin/busybox
  kernel=$(basename "$pkgs"/lib/modules/*)
  "$busybox" depmod -b "$pkgs" "$kernel"

  make_initrd
  make_root
  make_root_image
  make_disk_image
  publish "$1"
}

### packages

unpack_packages() { # unpack_packages DEBDIR: downloads what is not there yet
  local use package file
  mkdir -p "$1"
  # A fresh machine may have no package lists at all, and an old one lists of files that are gone. Only root may write them.
  download "$1" || { [ "$(id -u)" -eq 0 ] && echo "apt-get update" && apt-get -qq update && download "$1"; } ||
    die "apt cannot download the packages ($(tail -n 1 "$work/apt.log")): is a Debian mirror configured, and was apt-get update run?"
  while read -r use package; do
    file=$1/$(grep "^${package}_" "$work/files")
    echo "package ${file##*/}" >> "$work/manifest"
    case $use-$package in
      build-*) unpack "$file" "$work/tools" ;;
      guest-busybox-static) unpack "$file" "$pkgs/static" ;; # its bin/busybox would overwrite the shared one's
      guest-linux-image-*) unpack "$file" "$pkgs" ;;
      *) unpack "$file" "$pkgs" --exclude='./usr/share/*' --exclude='*/gconv/*' ;;
    esac
  done < "$work/list"
}

# Sees to it that DEBDIR holds the packages in the versions apt would install today: $work/list names them with their uses,
# $work/files their files. Fails with the reason in $work/apt.log.
download() { # download DEBDIR
  local kernel_package file missing=
  kernel_package=$(apt-cache depends linux-image-cloud-amd64 2> /dev/null | awk '/Depends: linux-image/ { print $2; exit }')
  [ -n "$kernel_package" ] || { echo "it knows no linux-image-cloud-amd64" > "$work/apt.log"; return 1; }
  { sed 's/ *#.*//; /^$/d' "$HERE/packages.txt"; echo "guest $kernel_package"; } > "$work/list"
  # A line: 'http://…/name.deb' name_version_arch.deb size SHA256:…
  # shellcheck disable=SC2046
  apt-get download --print-uris $(cut -d' ' -f2 "$work/list") > "$work/uris" 2> "$work/apt.log" || return
  awk '{ print $2 }' "$work/uris" > "$work/files"
  while read -r file; do [ -s "$1/$file" ] || missing="$missing ${file%%_*}"; done < "$work/files"
  [ -n "$missing" ] || return 0
  echo "downloading$missing"
  # As root, apt would download as the user _apt, who may not write here.
  # shellcheck disable=SC2086
  (cd "$1" && apt-get -qq -o APT::Sandbox::User=root download $missing) 2> "$work/apt.log"
}

unpack() { # unpack DEB DIR [TAR-OPTION…]
  mkdir -p "$2"
  dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --no-same-owner "${@:3}"
}

### pieces

# With the libraries they need, found by the package's own loader.
add_programs() { # add_programs DIR PROGRAM[=NEW-NAME]…
  local dir=$1 libs=lib/x86_64-linux-gnu program library
  shift
  mkdir -p "$dir/$libs" "$dir/lib64"
  cp -L "$pkgs/lib64/ld-linux-x86-64.so.2" "$dir/lib64/"
  for program in "$@"; do
    install -D -m 755 "$pkgs/${program%=*}" "$dir/${program#*=}"
    program=${program%=*}
    for library in $("$pkgs/lib64/ld-linux-x86-64.so.2" --library-path "$pkgs/$libs:$pkgs/usr/$libs" --list "$pkgs/$program" |
      awk '$3 ~ /^\// { print $3 }'); do
      case $library in
        "$pkgs"/*) install -m 755 "$library" "$dir/$libs/" ;;
        *) die "$program needs $(basename "$library"): add its package to packages.txt" ;;
      esac
    done
  done
}

# The files of modules and of all they depend on, in loading order, as paths below lib/modules/VERSION.
module_files() { # module_files MODULE…
  printf '%s\n' "$@" | awk -v dep="$pkgs/lib/modules/$kernel/modules.dep" '
    function load(file,    i, n, list) {
      if (file in done) return
      done[file] = 1
      n = split(needs[file], list, " ")
      for (i = n; i >= 1; i--) load(list[i])
      print file
    }
    BEGIN {
      while ((getline line < dep) > 0) {
        file = line; sub(/:.*/, "", file)
        name = file; sub(/.*\//, "", name); sub(/\.ko.*/, "", name); gsub(/-/, "_", name)
        path[name] = file
        needs[file] = substr(line, length(file) + 2)
      }
    }
    { gsub(/-/, "_"); if ($0 in path) load(path[$0]) }' # a module that is not there is part of the kernel
}

add_modules() { # add_modules DIR MODULE…
  local file
  for file in $(module_files "${@:2}"); do
    install -D -m 644 "$pkgs/lib/modules/$kernel/$file" "$1/lib/modules/$kernel/$file"
  done
}

make_initrd() {
  local virtio ide
  mkdir -p "$initrd"/{bin,dev,proc,sys,root}
  install -m 755 "$busybox" "$initrd/bin/busybox"
  install -m 755 "$HERE/initrd/init" "$initrd/init"
  # shellcheck disable=SC2086
  add_modules "$initrd" $INITRD_VIRTIO $INITRD_IDE
  # shellcheck disable=SC2086
  virtio=$(module_files $INITRD_VIRTIO) ide=$(module_files $INITRD_IDE)
  echo "$virtio" | sed "s,^,/lib/modules/$kernel/," > "$initrd/modules.virtio"
  echo "$ide" | grep -vxF "$virtio" | sed "s,^,/lib/modules/$kernel/," > "$initrd/modules.ide"
  find "$initrd" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  (cd "$initrd" && find . | sort | cpio -o -H newc --quiet --reproducible -R 0:0 | gzip -n -9) > "$work/initrd.gz"
}

make_root() {
  local applet
  mkdir -p "$root"/{bin,sbin,usr/{bin,sbin,local/{bin,sbin}},etc,proc,sys,dev,run,tmp,root,mnt,media,opt,srv,home/cirros} \
    "$root"/var/{lib/guest,log,cache,spool}
  ln -s ../run "$root/var/run"
  ln -s ../tmp "$root/var/tmp"
  # shellcheck disable=SC2086
  add_programs "$root" $PROGRAMS
  # BusyBox twice. The static one starts three times faster under emulation, so all the guest's own scripts run on it; but
  # its shell prefers built-in tools to better ones of the same name (nc, mke2fs), so people get the shared one's shell.
  install -m 755 "$busybox" "$root/bin/busybox"
  add_programs "$root" bin/busybox=bin/ash
  install -D -m 755 "$pkgs/$PAM_MODULE" "$root/$PAM_MODULE"
  # shellcheck disable=SC2086
  add_modules "$root" $ROOT_MODULES
  cp "$pkgs/lib/modules/$kernel"/modules.{order,builtin,builtin.modinfo} "$root/lib/modules/$kernel/"
  "$busybox" depmod -b "$root" "$kernel"
  for file in dep alias symbols; do sort -o "$root/lib/modules/$kernel/modules.$file"{,}; done

  cp -r "$HERE/rootfs/." "$root/"
  for applet in $("$busybox" --list); do
    case $applet in
      # Programs of other packages, and applets no guest needs.
      busybox | dpkg | dpkg-deb | rpm | rpm2cpio | init | linuxrc) continue ;;
    esac
    [ -e "$root/sbin/$applet" ] || [ -e "$root/usr/bin/$applet" ] || [ -e "$root/usr/sbin/$applet" ] ||
      [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
  done
  # Names by which scripts call a program with its full path.
  ln -s ../bin/busybox "$root/sbin/init"
  for applet in ip ifconfig route udhcpc reboot poweroff halt modprobe getty hwclock; do ln -s ../bin/busybox "$root/sbin/$applet"; done
  for type in ext2 ext3 ext4; do
    ln -s mke2fs "$root/sbin/mkfs.$type"
    ln -s e2fsck "$root/sbin/fsck.$type"
  done
  ln -s ../sbin/blkid "$root/bin/blkid" # an SSH command line has no /sbin in its path
  ln -s dbclient "$root/usr/bin/ssh"
  ln -s openssh/sftp-server "$root/usr/lib/sftp-server"
  ln -s ../proc/mounts "$root/etc/mtab"
  mkdir -p "$root/etc/udhcpc"
  ln -s /sbin/cirros-dhcpc "$root/etc/udhcpc/default.script" # "sudo udhcpc -i eth1" then works too
  : > "$root/etc/resolv.conf"
  hash=$(echo "$PASSWORD" | "$busybox" mkpasswd -m sha512 -S "$SALT" -P 0)
  printf 'root:*:19000:0:99999:7:::\ncirros:%s:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\n' "$hash" > "$root/etc/shadow"
}

# The ext4 image is filled by debugfs and not by "mke2fs -d": that would copy the build's inode times and the order in
# which this machine's file system lists a directory, and would need root for the ownership.
make_root_image() {
  local size image=$work/root.img
  size=$(($(du -sm --apparent-size "$root" | cut -f1) + 10)) # MiB, with room for the journal and the metadata
  # resize= reserves descriptors for growing to 256 GiB while mounted.
  truncate -s "${size}M" "$image"
  mke2fs -q -F -t ext4 -L "$LABEL" -U "$FS_UUID" -b 4096 -I 256 -m 0 -N 4096 -J size=4 \
    -E "resize=67108864,hash_seed=$FS_UUID,root_owner=0:0,lazy_itable_init=0" "$image"
  root_image_commands > "$work/debugfs.in"
  debugfs -w -f "$work/debugfs.in" "$image" > "$work/debugfs.log" 2>&1
  # debugfs ends with 0 whatever happened: anything but an echo of a command, or "write"'s notice, is a failure.
  if grep -vE '^(debugfs|Allocated inode)' "$work/debugfs.log" >&2; then die "filling the root file system failed"; fi
  e2fsck -fn "$image" > "$work/fsck.log" 2>&1 || { cat "$work/fsck.log"; die "the root file system is not clean"; }
}

root_image_commands() {
  (cd "$root" && find . -mindepth 1 -printf '%P\t%y\t%m\t%l\n' | sort) | awk -F'\t' -v root="$root" '
    function set(field, value) { print "sif /" $1 " " field " " value }
    $2 == "d" { print "mkdir /" $1; mode = "040755" }
    $2 == "f" { print "write " root "/" $1 " /" $1; mode = $3 ~ /[1357]/ ? "0100755" : "0100644" }
    $2 == "l" { print "symlink /" $1 " " $4; next }
    $1 == "tmp" { mode = "041777" }
    $1 == "root" { mode = "040700" }
    $1 == "etc/shadow" { mode = "0100600" }
    $1 == "etc/doas.conf" { mode = "0100600" }
    # Set-user-id: how sudo becomes root; BusyBox itself gives it up except for ping, su and passwd.
    $1 == "usr/bin/doas" || $1 == "bin/busybox" { mode = "0104755" }
    { set("mode", mode) }
    $1 ~ /^home\/cirros/ { set("uid", 1000); set("gid", 1000) }'
}

little_endian() { # little_endian NUMBER: as four \x escapes
  printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255))
}

partition() { # partition FLAG TYPE START SECTORS: an MBR entry; the cylinder fields say "use the numbers"
  printf "\\x$1\\xfe\\xff\\xff\\x$2\\xfe\\xff\\xff$(little_endian "$3")$(little_endian "$4")"
}

make_disk_image() {
  local boot=$work/boot.img disk=$work/disk.img vmlinuz=$pkgs/boot/vmlinuz-$kernel boot_mb root_mb
  boot_mb=$((($(stat -c %s "$vmlinuz") + $(stat -c %s "$work/initrd.gz")) / 1048576 + 2))
  root_mb=$(($(stat -c %s "$work/root.img") / 1048576))

  truncate -s ${boot_mb}M "$boot"
  mformat -i "$boot" -v BOOT -N "$FAT_SERIAL" -T $((boot_mb * 2048)) -h 16 -s 63 -H 2048 ::
  cp "$vmlinuz" "$work/vmlinuz"
  cp "$work/initrd.gz" "$work/initrd.cpio"
  cp "$HERE/boot/syslinux.cfg" "$work/syslinux.cfg"
  touch -d "@$SOURCE_DATE_EPOCH" "$work"/{vmlinuz,initrd.cpio,syslinux.cfg}
  mcopy -m -i "$boot" "$work/vmlinuz" ::vmlinuz
  mcopy -m -i "$boot" "$work/initrd.cpio" ::initrd
  mcopy -m -i "$boot" "$work/syslinux.cfg" ::syslinux.cfg
  syslinux -i "$boot"

  truncate -s $((1 + boot_mb + root_mb))M "$disk"
  dd if="$work/tools/usr/lib/syslinux/mbr/mbr.bin" of="$disk" bs=440 count=1 conv=notrunc status=none
  # 0e is FAT16 with LBA, 83 is Linux; 446 is where the partition table begins, 55aa ends the sector.
  {
    partition 80 0e 2048 $((boot_mb * 2048))
    partition 00 83 $(((1 + boot_mb) * 2048)) $((root_mb * 2048))
  } | dd of="$disk" bs=1 seek=446 conv=notrunc status=none
  printf '\x55\xaa' | dd of="$disk" bs=1 seek=510 conv=notrunc status=none
  dd if="$boot" of="$disk" bs=1M seek=1 conv=notrunc,sparse status=none
  dd if="$work/root.img" of="$disk" bs=1M seek=$((1 + boot_mb)) conv=notrunc,sparse status=none
  qemu-img convert -c -O qcow2 "$disk" "$work/disk.qcow2"
}

# By rename, the manifest last: whoever looks sees whole files, and an interrupted build is not current.
publish() { # publish OUTDIR
  local out=$1/$NAME
  rm -f "$out.manifest"
  put() { cp --sparse=always "$1" "$2.new" && mv "$2.new" "$2"; }
  put "$work/disk.qcow2" "$out.qcow2"
  put "$work/vmlinuz" "$out-vmlinuz"
  put "$work/initrd.gz" "$out-initrd"
  put "$work/root.img" "$out-root.img"
  { echo "recipe $recipe"; sort "$work/manifest"; } > "$out.manifest.new"
  mv "$out.manifest.new" "$out.manifest"
  echo "built $out.qcow2, $(stat -c %s "$out.qcow2") bytes"
}

main "$@"
