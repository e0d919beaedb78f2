# shellcheck shell=bash
# What the scripts share; they source it. All of it speaks to standard error. Exit code 6 is flow's
# for an environment that failed: here, that there is no flow to run.

root=${BASH_SOURCE[0]%/*}/..
# A clone that cannot be written is built elsewhere: FLOW_BUILD_DIR names the folder.
build=${FLOW_BUILD_DIR:-$root/.build}
binaries=$build/bin

# A crashing Swift program would wait in its backtracer where there is no terminal.
export SWIFT_BACKTRACE=enable=no

say() { printf '%s\n' "$*" >&2; }

stop() {
  say "$@"
  exit 6
}

# Builds executable products, unless their binaries are newer than all that they are made from.
be_built() {
  if are_fresh "$@"; then return; fi
  mkdir -p "$build" 2>/dev/null || true
  [[ -w $build ]] ||
    stop "cannot build $*: no right to write $build; set FLOW_BUILD_DIR to a folder for the build"
  # One at a time. The lock stays with this shell: nothing that it starts can hold it on.
  exec 9>"$build/scripts.lock"
  flock 9
  if ! are_fresh "$@"; then
    { install_missing; build_release "$@"; } 9>&-
  fi
  exec 9>&-
}

# A file that was removed or renamed shows in the time of its folder. No process is started for
# this, so it costs about a millisecond.
are_fresh() {
  local path product
  shopt -s globstar
  for path in "$root"/{Package.swift,Scripts/common.sh,Sources{,/**}}; do
    for product; do
      if [[ $path -nt $binaries/$product ]]; then return 1; fi
    done
  done
}

# Builds static executables and puts each in place in one step, dated by the start of the build: a
# source that changes meanwhile counts as newer, and no program that runs sees its file change.
build_release() {
  local log=$build/release.log begun=$binaries/begun selection=() product
  # SwiftPM takes the name of one, or builds all: that is sooner than one after the other.
  if (($# == 1)); then selection=(--product "$1"); fi
  say "building $* (once) …"
  mkdir -p "$binaries"
  : >"$begun"
  if ! run_swift build -c release --static-swift-stdlib "${selection[@]}" </dev/null >"$log" 2>&1; then
    without_known_warnings "$log" >&2 || true
    stop "cannot build $*: see above"
  fi
  without_known_warnings "$log" | grep 'warning:' >&2 || true
  for product; do
    cp -- "$build/release/$product" "$binaries/$product.new"
    touch -r "$begun" -- "$binaries/$product.new"
    mv -f -- "$binaries/$product.new" "$binaries/$product"
  done
  rm -f -- "$begun"
}

# SwiftPM takes `..` textually, which is another folder where Scripts is a symbolic link. What it
# built holds its own path, and cannot be built upon after it was copied or moved.
run_swift() {
  local real_root real_build
  real_root=$(readlink -f -- "$root")
  real_build=$(readlink -f -- "$build")
  if [[ -e $build/place && $(<"$build/place") != "$real_build" ]]; then
    rm -rf -- "$build"/{build.db,*-linux-*}
  fi
  printf '%s' "$real_build" >"$build/place"
  swift "$1" --package-path "$real_root" --scratch-path "$real_build" "${@:2}"
}

# For debug builds of scripts: without what only debuggers need, which takes a tenth of
# the time. A failure says where it is all the same.
debug_options=(-debug-info-format none)

# The Swift runtime's own archives mention functions that a static executable cannot have in full.
# None of them is called by us.
without_known_warnings() {
  grep -vE "libswift[A-Za-z]*\.a\(.*warning: Using '(dlopen|getgrgid_r|getgrnam_r|getpwnam_r|\
getpwuid|getpwuid_r|getaddrinfo)' in statically linked applications|libswift[A-Za-z]*\.a\(.*\
warning: the use of .(mktemp|tempnam|tmpnam). is dangerous" "$1"
}

# Checks for a Swift toolchain and for zlib's headers, and installs the latter.
install_missing() {
  require_swift
  if [[ -e /usr/include/zlib.h ]] && has_static_zlib; then return; fi
  command -v apt-get >/dev/null ||
    stop "zlib's headers and its static library are missing; install them (Debian: libz-dev)"
  local as_root=() install=(apt-get install --yes --no-install-recommends libz-dev)
  if ((EUID != 0)); then
    as_root=(sudo -n)
    sudo -n apt-get --version >/dev/null 2>&1 ||
      stop "zlib's headers are missing; run: sudo ${install[*]}"
  fi
  say "installing libz-dev …"
  # Where the package lists are missing or old, they are fetched first.
  { "${as_root[@]}" "${install[@]}" ||
    { "${as_root[@]}" apt-get update && "${as_root[@]}" "${install[@]}"; }; } </dev/null >&2 ||
    stop "libz-dev could not be installed; run: sudo ${install[*]}"
}

has_static_zlib() {
  compgen -G '/usr/lib/*/libz.a' >/dev/null || compgen -G '/usr/lib*/libz.a' >/dev/null
}

require_swift() {
  local version=none
  if command -v swift >/dev/null; then version=$(swift --version 2>/dev/null) || version=broken; fi
  if [[ $version =~ Swift\ version\ ([0-9]+)\.([0-9]+) ]]; then
    if ((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2] >= 6003)); then return; fi
    version=${BASH_REMATCH[0]}
  fi
  say "Swift 6.3 or later is needed to build this; found: $version. To get it:"
  say "  curl -O https://download.swift.org/swiftly/linux/swiftly-$(uname -m).tar.gz"
  say "  tar zxf swiftly-$(uname -m).tar.gz && ./swiftly init && swiftly install 6.3"
  stop "or see https://www.swift.org/install/linux/"
}

# Runs `swift format` with the given arguments on all Swift sources.
format_sources() {
  local sources=(Package.swift Sources Tests)
  if [[ -d Fuzz ]]; then sources+=(Fuzz); fi
  swift format "$@" --recursive --parallel "${sources[@]}"
}

# Runs a command as a part with a name, and says how long it took. One that fails ends the script.
run_part() {
  local name=$1 started=$SECONDS
  # shellcheck disable=SC2064  # the name is gone by then
  trap "say '${0##*/}: $name FAILED'" EXIT
  say "── $name"
  "${@:2}"
  say "── $name: $((SECONDS - started)) s"
  trap - EXIT
}
