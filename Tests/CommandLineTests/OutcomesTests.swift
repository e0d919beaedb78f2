import FlowJSON
import TestSupport
import Testing

/// `flow validate --outcomes`.
struct OutcomesTests {
  private static let release = """
    name: release
    params:
      full: {type: bool, default: true}
    steps:
      - {id: precheck, run: "true", when: params.full}
      - {id: test, run: "true"}
      - {id: publish, run: "true", needs: [{step: precheck, when: succeeded}, test]}
    """

  @Test func itSaysWhatIsLeftOutAndWhen() async throws {
    let home = Home()
    let file = home.folder.write(Self.release, to: "release.yaml")
    let finished = try await home.flow("validate", "--outcomes", file)
    #expect(finished.ending == .exit(0))
    #expect(
      finished.output == """
        release: 7 combinations of ends; the run succeeds in 2, and fails in 5

        step      succeeded  failed  skipped
        precheck  3          2       2
        test      4          3       0
        publish   1          1       5

        precheck is skipped while the run succeeds, in 1 of 7: whenever params.full is false
        publish is skipped while the run succeeds, in 1 of 7: whenever precheck is skipped (for example: \
        params.full is false)

        """)
  }

  /// All values for which one condition is false.
  @Test func oneConditionIsOneLine() async throws {
    let home = Home()
    let file = home.folder.write(
      """
      name: w
      steps:
        - {id: build, run: x, outputs: {n: int}}
        - {id: publish, run: x, needs: build, when: steps.build.n > 3 and steps.build.n < 7}
      """, to: "w.yaml")
    let lines = try await home.flow("validate", "--outcomes", file).lines
    #expect(
      lines.suffix(1) == [
        "publish is skipped while the run succeeds, in 4 of 9: whenever it is false that steps.build.n > 3"
          + " and steps.build.n < 7"
      ], "\(lines)")
    let json = try await home.flow("validate", "--outcomes", "--json", file).output
    #expect(json.contains("is 7"))
  }

  /// Its steps of `finally` run when they are called for.
  @Test func aCallIsRequiredWithoutItsFinally() async throws {
    let home = Home()
    home.folder.write(
      """
      name: c
      steps: [{id: a, run: x}]
      finally: [{id: f, needs: {step: a, when: failed}, run: x}]
      """, to: "c.yaml")
    let file = home.folder.write("name: w\nsteps: [{id: c, call: c.yaml}]\n", to: "w.yaml")
    let required = try await home.flow("validate", "--require", "c", file)
    #expect(required.ending == .exit(0), "\(required.output)")
    #expect(try await home.flow("validate", "--require", "c/f", file).ending == .exit(1))
  }

  @Test func whatIsRequiredMustHaveSucceeded() async throws {
    let home = Home()
    let file = home.folder.write(Self.release, to: "release.yaml")
    let lacking = try await home.flow("validate", "--require", "test,publish", file)
    #expect(lacking.ending == .exit(1))
    #expect(lacking.lines.last == "publish is required, and a run can succeed without it")
    #expect(try await home.flow("validate", "--require", "test", file).ending == .exit(0))
    // Where the parameter is given there is no way around it.
    let given = try await home.flow("validate", "--require", "publish", "-p", "full=true", file)
    #expect(given.ending == .exit(0))
    #expect(given.lines.last == "No run succeeds without each step having succeeded.")
    let json = try JSON(
      try await home.flow("validate", "--require", "publish", "--json", file).output)
    #expect(json["combinations"]?.integer == 7)
    #expect(json["cut"] == .bool(false))
    #expect(json["required"]?.elements.map { $0["holds"] } == [.bool(false)])
    let ends = json["steps"]?.elements.last?["ends"]?.elements
    let lapse = ends?.first {
      $0["run"]?.string == "succeeded" && $0["end"]?.string == "skipped"
    }
    #expect(lapse?["whenever"]?.string == "precheck is skipped")
    #expect(lapse?["example"]?.elements.map(\.string) == ["params.full is false"])
  }

  @Test func mistakesAreNamed() async throws {
    let home = Home()
    let file = home.folder.write(Self.release, to: "release.yaml")
    let step = try await home.flow("validate", "--require", "publsh", file)
    #expect(step.ending == .exit(2) && step.errors.contains("publish"), "\(step.errors)")
    let value = try await home.flow("validate", "--outcomes", "-p", "full=maybe", file)
    #expect(value.ending == .exit(2) && value.errors.contains("full"), "\(value.errors)")
    let parameter = try await home.flow("validate", "--outcomes", "-p", "ful=true", file)
    #expect(parameter.ending == .exit(2) && parameter.errors.contains("full"))
  }

  @Test func whatCannotBeMeantIsSaid() async throws {
    let home = Home()
    let file = home.folder.write(
      """
      name: w
      params: {n: {type: int, default: 1, max: 5}}
      steps:
        - {id: a, run: "true", when: params.n > 5}
      """, to: "w.yaml")
    let finished = try await home.flow("validate", "--outcomes", file)
    #expect(finished.lines.contains("a never runs"), "\(finished.output)")
  }
}
