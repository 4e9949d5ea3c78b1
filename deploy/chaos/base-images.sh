#!/usr/bin/env bash
# Provides debian:bookworm-slim, node:24-bookworm-slim and nats:2. Where no image registry can be
# reached, stand-ins of the same names are made of Debian packages and the Node that package.json
# brings. Images that exist stay.
#
# nats:2 is the newest NATS 2, and so is its stand-in: from Debian's testing, since a stable Debian's
# may be years old (bookworm's 2.9.10 loses quorums when its servers are restarted in turn).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
pull_timeout_s=${KVRING_CHAOS_PULL_TIMEOUT_S:-20}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf 'chaos: %s\n' "$*" >&2; }

# Whether an image is there, or could be fetched.
provided() {
  docker image inspect "$1" >/dev/null 2>&1 && return
  [ -e "$work/offline" ] && return 1
  timeout "$pull_timeout_s" docker pull --quiet "$1" >/dev/null 2>&1 && return
  # One failure is enough: the next would only wait as long again.
  touch "$work/offline"
  return 1
}

import_image() {
  local directory=$1 name=$2
  shift 2
  local changes=(--change 'LABEL kvring.chaos=true') change
  for change in "$@"; do changes+=(--change "$change"); done
  tar --create --directory "$directory" --numeric-owner . |
    docker import "${changes[@]}" - "$name" >/dev/null
}

# Unpacked, not installed: no script of a package runs, so no chroot is needed, and it takes seconds.
unpack_debian() {
  local target=$1 link package
  mkdir -p "$target" "$work/packages"
  (cd "$work/packages" && apt-get download -q \
    base-files base-passwd netbase ca-certificates dash busybox-static \
    libc6 libc-bin libgcc-s1 libstdc++6 gcc-12-base >/dev/null)
  # As Debian lays it out since bookworm.
  for link in bin sbin lib lib64; do
    mkdir -p "$target/usr/$link"
    ln -s "usr/$link" "$target/$link"
  done
  for package in "$work"/packages/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar --extract --directory "$target" --keep-directory-symlink
  done
  rm -rf "$target"/usr/share/{doc,man,locale,info,lintian,bug}
}

# What the packages' scripts would have done.
finish_debian() {
  local target=$1 applet
  for applet in $("$target/bin/busybox" --list); do
    [ -e "$target/bin/$applet" ] || ln -s busybox "$target/bin/$applet"
  done
  ln -sf dash "$target/bin/sh"
  cp "$target/usr/share/base-passwd/passwd.master" "$target/etc/passwd"
  cp "$target/usr/share/base-passwd/group.master" "$target/etc/group"
  printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$target/etc/nsswitch.conf"
  # The machine's own authorities: a proxy that signs TLS anew is in no other bundle.
  mkdir -p "$target/etc/ssl/certs"
  cp /etc/ssl/certs/ca-certificates.crt "$target/etc/ssl/certs/"
}

make_debian() {
  unpack_debian "$work/debian"
  finish_debian "$work/debian"
  import_image "$work/debian" debian:bookworm-slim \
    'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' 'CMD ["/bin/sh"]'
}

# An image of ours on top of the stand-in for Debian.
build_on_debian() {
  local context=$1 name=$2
  printf 'FROM debian:bookworm-slim\nLABEL kvring.chaos=true\n%s\n' "$3" >"$context/Dockerfile"
  printf 'Dockerfile\n' >"$context/.dockerignore"
  docker build --quiet --tag "$name" "$context" >/dev/null 2>"$work/build.log" || {
    cat "$work/build.log" >&2
    return 1
  }
}

make_node() {
  local local_dir=$work/node/usr/local npm arch
  arch=$(dpkg --print-architecture)
  mkdir -p "$local_dir/bin" "$local_dir/lib/node_modules"
  cp "$root/node_modules/node-linux-${arch/amd64/x64}/bin/node" "$local_dir/bin/node"
  npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
  cp -a "$npm" "$local_dir/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$local_dir/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$local_dir/bin/npx"
  build_on_debian "$work/node" node:24-bookworm-slim \
    'COPY . /
RUN echo "node:x:1000:1000::/tmp:/bin/sh" >> /etc/passwd && echo "node:x:1000:" >> /etc/group
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
CMD ["node"]'
}

# Of Debian's testing, with lists and settings of its own: the machine's apt sees nothing of it.
fetch_newest_nats() {
  local target=$1 apt=$work/apt mirror options version
  mirror=$(apt-get indextargets --format '$(ORIGIN) $(SITE)' 'Created-By: Packages' |
    sed -n 's/^Debian http/http/p' | head -n 1)
  [ -n "$mirror" ] || return 1
  mkdir -p "$apt"/{lists,cache}/partial
  printf 'deb [signed-by=%s] %s testing main\n' \
    /usr/share/keyrings/debian-archive-keyring.gpg "$mirror" >"$apt/sources.list"
  options=(-q -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=-
    -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o Acquire::Languages=none
    -o APT::Update::Error-Mode=any -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update >/dev/null &&
    (cd "$apt" && apt-get "${options[@]}" download nats-server >/dev/null) &&
    dpkg-deb --extract "$apt"/nats-server_*.deb "$apt/unpacked" &&
    cp "$apt/unpacked/usr/sbin/nats-server" "$target" &&
    # It was built for a newer Debian than the one it is to run on.
    version=$(docker run --rm --volume "$target:/nats-server:ro" debian:bookworm-slim \
      /nats-server --version) &&
    say "$version"
}

make_nats() {
  local server=$work/nats/usr/local/bin/nats-server
  mkdir -p "$(dirname "$server")"
  fetch_newest_nats "$server" || {
    say "Debian's newest nats-server cannot be had; taking the one that is installed"
    cp "$(command -v nats-server || echo /usr/sbin/nats-server)" "$server"
  }
  build_on_debian "$work/nats" nats:2 \
    'COPY . /
EXPOSE 4222 6222 8222
ENTRYPOINT ["nats-server"]
CMD ["--jetstream", "--http_port", "8222"]'
}

provide() {
  local name=$1 make=$2
  if provided "$name"; then return; fi
  say "making a stand-in for $name"
  "$make"
}

# First Debian, on which the stand-ins for the others stand. It is needed for nothing else.
provided node:24-bookworm-slim && provided nats:2 || provide debian:bookworm-slim make_debian
provide node:24-bookworm-slim make_node
provide nats:2 make_nats
