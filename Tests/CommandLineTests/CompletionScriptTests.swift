import Glibc
import TestSupport
import Testing

/// The scripts of `flow completions`, read by the shells that are installed.
struct CompletionScriptTests {
  private static func isInstalled(_ program: String) -> Bool {
    unsafe access("/usr/bin/\(program)", X_OK) == 0
  }

  /// A home with a run, and a workflow with parameters.
  private func home() async throws -> Home {
    let home = Home()
    home.folder.write(
      """
      name: w
      params:
        day: {type: date, default: today}
        full: {type: bool, default: false}
        mode: {enum: [fast, "with blank"], default: fast}
      steps:
      - {id: load, run: "true", description: loads it}
      - {id: look, run: "true"}
      - {id: each, run: "true", forEach: {over: [a, b]}}
      """, to: "w.yaml")
    #expect(
      try await home.flow("run", "w.yaml", "-q", "--run-id", "nightly-1", in: home.folder.path)
        .ending == .exit(0))
    return home
  }

  private static let lines: [(line: String, words: [String])] = [
    ("flow comp", ["completions"]),
    ("flow run --on-conflict=re", ["--on-conflict=resume", "--on-conflict=replace"]),
    ("flow status ni", ["nightly-1"]),
    ("flow why nightly-1 lo", ["load", "look"]),
    ("flow logs nightly-1 loa", ["load"]),
    ("flow why nightly-1 each/", ["each/a", "each/b"]),
    ("flow restart nightly-1 --only load,lo", ["load,load", "load,look"]),
    ("flow run w.yaml -p ", ["day=", "full=", "mode="]),
    ("flow run w.yaml -p full=f", ["full=false"]),
    ("flow run w.yaml --param=day=", ["--param=day=today", "--param=day=yesterday"]),
    ("flow run w.y", ["w.yaml"]),
    ("flow nothing ", []),
  ]

  /// - Parameter script: by a shell in which `flow` is the program, with the line as its argument.
  private func check(by shell: [String], _ script: String) async throws {
    let home = try await home()
    home.folder.write(script, to: "complete")
    for (line, words) in Self.lines {
      let finished = try await home.start(
        [line], by: shell + ["\(home.folder.path)/complete"], in: home.folder.path
      ).end()
      #expect(finished.errors == "")
      let found = finished.lines.map { String($0.prefix { $0 != "\t" }) }
      #expect(found.sorted() == words.sorted(), "\(line)")
    }
  }

  /// As readline calls the function: `=` is a word of its own, and only what comes after it is replaced.
  @Test func bashCompletes() async throws {
    try await check(
      by: ["/bin/bash", "--norc"],
      #"""
      program=$1 COMP_LINE=$2
      flow() { "$program" "$@"; }
      source <(flow completions bash)
      COMP_POINT=${#COMP_LINE}
      COMP_WORDS=()
      for word in $COMP_LINE; do
        while [[ $word == *=* ]]; do
          [[ ${word%%=*} ]] && COMP_WORDS+=("${word%%=*}")
          COMP_WORDS+=("=")
          word=${word#*=}
        done
        [[ $word ]] && COMP_WORDS+=("$word")
      done
      [[ $COMP_LINE == *" " ]] && COMP_WORDS+=("")
      COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
      before=${COMP_LINE##* }
      current=${COMP_WORDS[COMP_CWORD]}
      [[ $current == = ]] && current=
      _flow
      for word in "${COMPREPLY[@]}"; do echo "${before%"$current"}$word"; done
      """#)
  }

  @Test(.enabled(if: isInstalled("fish"), "fish is not installed"))
  func fishCompletes() async throws {
    try await check(
      by: ["/usr/bin/fish", "--no-config"],
      #"""
      set -g program $argv[1]
      function flow; $program $argv; end
      flow completions fish | source
      complete -C "$argv[2]"
      """#)
  }

  /// What the shell's own functions are handed. They work within its line editor only.
  @Test(.enabled(if: isInstalled("zsh"), "zsh is not installed"))
  func zshCompletes() async throws {
    try await check(
      by: ["/usr/bin/zsh", "-f"],
      #"""
      program=$1 line=$2
      flow() { "$program" "$@" }
      compdef() { :; }
      compadd() { print -rl -- ${(P)argv[-1]} }
      compset() { PREFIX=${PREFIX#*=} }
      _files() { print -rl -- ${PREFIX}*(N) }
      source <(flow completions zsh)
      words=("${(@z)line}")
      [[ $line == *" " ]] && words+=("")
      CURRENT=$#words
      PREFIX=$words[CURRENT]
      _flow
      """#)
  }
}
