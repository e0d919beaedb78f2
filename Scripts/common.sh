# shellcheck shell=bash
# Functions that the scripts share by sourcing this file. They print to standard error. Exit code 6 is
# flow's for an environment that failed: here, flow cannot be built.

root=${BASH_SOURCE[0]%/*}/..
# FLOW_BUILD_DIR names another folder for builds, for clones that are not writable.
build=${FLOW_BUILD_DIR:-$root/.build}
binaries=$build/bin

# Without a terminal, a crashing Swift program would wait in its backtracer.
export SWIFT_BACKTRACE=enable=no

say() { printf '%s\n' "$*" >&2; }

stop() {
  say "$@"
  exit 6
}

# be_built PRODUCT...: builds executable products unless their binaries are newer than all sources.
be_built() {
  if [[ -z ${tests_too:-} ]] && are_fresh "$@"; then return; fi
  mkdir -p "$build" 2>/dev/null || true
  [[ -w $build ]] ||
    stop "cannot build $*: no right to write $build; set FLOW_BUILD_DIR to a folder for the build"
  # One build at a time. No child inherits the lock, so that none can hold it for longer.
  exec 9>"$build/scripts.lock"
  flock 9
  if [[ -n ${tests_too:-} ]] || ! are_fresh "$@"; then
    { install_missing; build_release "$@"; } 9>&-
  fi
  exec 9>&-
}

# The time of a folder shows that a file in it was removed or renamed. Starts no process, and so takes about
# a millisecond.
are_fresh() {
  local path product
  shopt -s globstar
  for path in "$root"/{Package.swift,Scripts/common.sh,Sources{,/**}}; do
    for product; do
      if [[ $path -nt $binaries/$product ]]; then return 1; fi
    done
  done
}

# Options for the scripts' builds: no debug information, which saves a tenth of the time. Failures of tests have
# a source location without it.
build_options=(-debug-info-format none)

# Builds static executables and renames each into place, dated by the start of the build: a source that
# changes during the build counts as newer, and running programs keep their file. With $tests_too, the tests
# are built in the same build.
build_release() {
  local log=$build/release.log begun=$binaries/begun selection=() product
  # SwiftPM builds one product or all. Building all is faster than one product after the other.
  if [[ -n ${tests_too:-} ]]; then
    selection=(--build-tests)
  elif (($# == 1)); then
    selection=(--product "$1")
  fi
  say "building $* (once) …"
  mkdir -p "$binaries"
  : >"$begun"
  if ! run_swift build -c release "${build_options[@]}" "${selection[@]}" </dev/null >"$log" 2>&1; then
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

# SwiftPM resolves `..` textually, which is wrong if Scripts is a symbolic link. A build folder that was
# copied or moved cannot be reused, since builds contain their own path.
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

# The archives of the Swift runtime and of SQLite refer to functions that a static executable cannot fully
# support. flow calls none of them.
without_known_warnings() {
  grep -vE "lib(swift[A-Za-z]*|sqlite3)\.a\(.*warning: Using '(dlopen|getgrgid_r|getgrnam_r|getpwnam_r|\
getpwuid|getpwuid_r|getaddrinfo)' in statically linked applications|libswift[A-Za-z]*\.a\(.*\
warning: the use of .(mktemp|tempnam|tmpnam). is dangerous" "$1"
}

# Checks for a Swift toolchain, and installs the headers and static libraries of zlib, libyaml, libcrypto and SQLite if
# they are missing.
install_missing() {
  require_swift
  local packages=()
  if ! has_library zlib.h libz.a; then packages+=(libz-dev); fi
  if ! has_library yaml.h libyaml.a; then packages+=(libyaml-dev); fi
  if ! has_library openssl/sha.h libcrypto.a; then packages+=(libssl-dev); fi
  if ! has_library sqlite3.h libsqlite3.a; then packages+=(libsqlite3-dev); fi
  if ((${#packages[@]} == 0)); then return; fi
  command -v apt-get >/dev/null ||
    stop "headers and static libraries are missing (Debian: ${packages[*]}); install those of zlib, libyaml, libcrypto, SQLite"
  local as_root=() install=(apt-get install --yes --no-install-recommends "${packages[@]}")
  if ((EUID != 0)); then
    as_root=(sudo -n)
    sudo -n apt-get --version >/dev/null 2>&1 ||
      stop "${packages[*]} must be installed; run: sudo ${install[*]}"
  fi
  say "installing ${packages[*]} …"
  # If the installation fails, the package lists may be missing or old: update them and retry.
  { "${as_root[@]}" "${install[@]}" ||
    { "${as_root[@]}" apt-get update && "${as_root[@]}" "${install[@]}"; }; } </dev/null >&2 ||
    stop "${packages[*]} could not be installed; run: sudo ${install[*]}"
}

# has_library HEADER ARCHIVE: whether both are where compiler and linker look.
has_library() {
  [[ -e /usr/include/$1 ]] &&
    { compgen -G "/usr/lib/*/$2" >/dev/null || compgen -G "/usr/lib*/$2" >/dev/null; }
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

# run_part NAME COMMAND...: runs a command and prints how long it took. A failure ends the script.
run_part() {
  local name=$1 started=$SECONDS
  # shellcheck disable=SC2064  # the variable is out of scope when the trap runs
  trap "say '${0##*/}: $name FAILED'" EXIT
  say "── $name"
  "${@:2}"
  say "── $name: $((SECONDS - started)) s"
  trap - EXIT
}
