import FlowCore
import FlowDefinition
import Testing

/// Lines that begin with `#!`.
struct ScriptTests {
  private func settings(_ members: String, _ text: String = "x") throws -> StepSettings {
    let step = #"{"id": "a", "run": "\#(text)"\#(members.isEmpty ? "" : ", \(members)")}"#
    return try definition(workflow(steps: step)).settings(ofStep: 0)
  }

  @Test func theyAreExecuted() throws {
    #expect(try settings("", ##"#!/bin/sh\necho"##).executesScripts)
    #expect(try settings(##""onLost": "probe", "probe": "#!/bin/sh\nexit 1""##).executesScripts)
    #expect(try !settings("").executesScripts)
    #expect(try !settings("", " #!/bin/sh").executesScripts)
    // A probe that is not asked.
    #expect(
      try !definition(
        ##"""
        {"name": "n", "defaults": {"onLost": "probe", "probe": "#!/bin/sh\nexit 1"},
         "steps": [{"id": "a", "run": "x", "onLost": "fail"}, {"id": "b", "run": "x"}]}
        """##
      ).settings(ofStep: 0).executesScripts)
  }

  @Test func otherStepsKeepTheirSettings() throws {
    let found = try definition(
      workflow(
        steps: ##"""
          {"id": "a", "run": "x"}, {"id": "b", "run": "#!/bin/sh\n"}, {"id": "c", "run": "#!/bin/sh\n"},
          {"id": "d", "run": "y"}
          """##))
    #expect(found.steps.map(\.settingsIndex) == [0, 1, 1, 0])
    #expect(found.settings.map(\.executesScripts) == [false, true])
  }

  /// Nothing is recorded for steps without.
  @Test func onlyTheirStepsRecordIt() throws {
    let plain = try definition(workflow(steps: ##"{"id": "a", "run": "#x"}"##))
    var other = plain
    other.settings[0].executesScripts = true
    let (without, with) = (DefinitionCodec.encode(plain), DefinitionCodec.encode(other))
    // A tag, a length and a boolean.
    #expect(with.count == without.count + 3)
    #expect(try DefinitionCodec.decode(with, policy: .current).settings[0].executesScripts)
    #expect(try !DefinitionCodec.decode(without, policy: .current).settings[0].executesScripts)
  }

  /// As a flow read it that gave lines to `sh -c`.
  @Test func olderVersionsKnewNone() throws {
    let text = workflow(steps: ##"{"id": "a", "run": "#!/bin/sh\n"}"##)
    let found = try DefinitionParser.parse(
      Array(text.utf8), file: "w.json", standard: .implied)
    #expect(!found.settings(ofStep: 0).executesScripts)
  }

  @Test func theyMayBeLong() throws {
    let long = "#!/bin/sh\\n" + String(repeating: "x", count: 1 << 20)
    #expect(try settings("", long).executesScripts)
  }

  @Test(arguments: [
    Wrong(
      ##""probe": ‸"#!", "onLost": "probe""##,
      ##"steps[0].probe: "#!" begins a script and names no interpreter, as "#!/usr/bin/python3" does"##
    ),
    Wrong(
      ##""probe": ‸"#! \t\n/bin/sh", "onLost": "probe""##,
      ##"steps[0].probe: "#!" begins a script and names no interpreter, as "#!/usr/bin/python3" does"##
    ),
    Wrong(
      ##""probe": ‸"#!/bin/sh\necho ${params.x}", "onLost": "probe""##,
      #"steps[0].probe: "${params.…" is not replaced in a line for the shell: put it into "env", and use"#
        + " the variable"),
  ])
  func anInterpreterIsNamed(wrong: Wrong) {
    wrong.checkBoth(in: workflow(withStep:))
  }
}
