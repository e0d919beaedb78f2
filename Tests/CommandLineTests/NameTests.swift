import Glibc
import TestSupport
import Testing

/// Paths are bytes, whatever they are. Names and values are text: those whose bytes are none are refused,
/// since what they stand for would be another thing.
struct NameTests {
  /// `\351` is é in ISO 8859-1, and not UTF-8.
  @Test func pathsAreBytes() async throws {
    let home = Home()
    home.folder.write(
      #"""
      {"name": "w", "defaults": {"shell": "bash"}, "steps": [
        {"id": "a", "outputs": ["x"],
         "run": "pwd > here; echo \"$PWD\" > said; echo > \"$FLOW_RUN_DIR/made\"; echo y > \"$FLOW_OUTPUTS/x\""},
        {"id": "b", "needs": ["a"], "cwd": ".",
         "run": "#!/bin/sh\ncat here; echo \"$FLOW_RUN_DIR\"; echo $(cat \"$FLOW_INPUTS/a/x\")"},
        {"id": "c", "needs": ["b"], "run": "kill -9 $PPID", "onLost": "fail"}
      ], "finally": [{"id": "f", "run": "cat \"$FLOW_FAILURE\" > failure"}]}
      """#, to: "w.json")
    let script = #"""
      cd "${FLOW_HOME%/*}" || exit 89
      folder=$(printf 'caf\351') && mkdir "$folder" && mv w.json "$folder/" || exit 90
      export FLOW_HOME=$PWD/$folder/runs
      "$0" validate "$folder/w.json" || exit 91
      cd "$folder" || exit 92
      "$0" run w.json --run-id r --quiet; test $? = 1 || exit 93
      test "$(cat said)" = "$PWD" && test "$(cat here)" = "$PWD" || exit 94
      test -e "$FLOW_HOME/runs/r/work/made" && test -s failure || exit 95
      "$0" logs r b | cmp - <(printf '%s\n' "$PWD" "$FLOW_HOME/runs/r/work" y) || exit 96
      "$0" report r --output "$PWD/$folder.html" >&2 && test -s "$folder.html" || exit 97
      "$0" verify r >&2 || exit 98
      "$0" run "$PWD/w.json" --detach --run-id d && "$0" wait d; test $? = 1 || exit 99
      "$0" events r --json
      """#
    let finished = try await home.flow(by: ["/bin/bash", "-c", script])
    #expect(finished.ending == .exit(0), "\(finished.output)\(finished.errors)")
    #expect(finished.output.contains(#"caf\\xE9"#), "\(finished.output)")
  }

  @Test(arguments: [
    (#"run w.json --run-id $(printf 'a\377b')"#, #"flow run: --run-id is not UTF-8: "a\xFFb""#),
    (#"status $(printf '\303')"#, #"flow status: RUN is not UTF-8: "\xC3""#),
  ])
  func namesAndValuesAreText(line: String, problem: String) async throws {
    let home = Home()
    let finished = try await home.flow(by: ["/bin/sh", "-c", "exec \"$0\" \(line)"])
    #expect(finished.ending == .exit(2))
    #expect(
      finished.errors.hasPrefix(
        "\(problem); only paths, values of parameters and ids of items may be of other bytes\n"),
      "\(finished.errors)")
    #expect(home.runs == [])
  }

  @Test func aPathIsShownEscaped() async throws {
    let home = Home()
    let finished = try await home.flow(
      by: ["/bin/sh", "-c", #"exec "$0" run "$(printf 'w\376.json')""#])
    #expect(finished.ending == .exit(2))
    #expect(
      finished.errors == "flow: cannot read w\\xFE.json: no such file or directory (ENOENT)\n")
  }
}
