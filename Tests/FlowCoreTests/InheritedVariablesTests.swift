import FlowCore
import Testing

@Suite struct InheritedVariablesTests {
  private static func passes(_ name: String, _ passed: [String] = []) -> Bool {
    var definition = WorkflowDefinition.of("a")
    definition.inheritance = .clean
    definition.passedVariables = passed
    return definition.passes(name.utf8)
  }

  @Test(arguments: [
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR", "LC_ALL", "LC_CTYPE", "LC_",
  ])
  func aCleanEnvironmentHasWhatProgramsNeed(name: String) {
    #expect(Self.passes(name))
  }

  @Test(arguments: ["", "PATHS", "PAT", "path", "LANGUAGE", "LC", "XLC_ALL", "SSH_AUTH_SOCK", "A"])
  func andNothingElse(name: String) {
    #expect(!Self.passes(name))
    #expect(WorkflowDefinition.of("a").passes(name.utf8))
  }

  @Test func whatIsListedPassesByItsWholeName() {
    #expect(Self.passes("A", ["A", "\u{E9}"]))
    #expect(!Self.passes("AB", ["A"]))
    #expect(Self.passes("\u{E9}", ["A", "\u{E9}"]))
    // The same letter to people, another name to the kernel.
    #expect(!Self.passes("e\u{301}", ["A", "\u{E9}"]))
  }
}
