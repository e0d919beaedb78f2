import Glibc
import TestSupport
import Testing

/// What other programs say of the schema and of the manual pages.
struct ManualPageTests {
  private static func isInstalled(_ program: String) -> Bool {
    unsafe access("/usr/bin/\(program)", X_OK) == 0
  }

  @Test(.enabled(if: isInstalled("groff"), "groff is not installed"))
  func groffFormatsThemWithoutAWarning() async throws {
    let home = Home()
    for page in ["flow.1", "flow.5"] {
      let finished = try await home.start(
        ["man", page],
        by: ["/bin/bash", "-c", #""$@" | groff -man -ww -Tutf8 -P -cbou"#, "sh"]
      ).end()
      #expect(finished.ending == .exit(0) && finished.errors == "")
      #expect(finished.output.contains("DESCRIPTION"))
    }
  }

  /// The validator of others, on the files of others: the schema is one, and takes the examples.
  @Test(.enabled(if: isInstalled("python3"), "python3 is not installed"))
  func anotherValidatorTakesTheSchema() async throws {
    let home = Home()
    let script = home.folder.write(
      """
      import sys, json
      try:
        import jsonschema
      except ImportError:
        print("python3-jsonschema is not installed")
        sys.exit(0)
      schema = json.load(sys.stdin)
      jsonschema.Draft202012Validator.check_schema(schema)
      validator = jsonschema.Draft202012Validator(schema)
      good = {"name": "n", "steps": [{"id": "a", "run": "x", "retry": {"maxAttempts": 2}}]}
      assert validator.is_valid(good)
      for key, value in [("jobs", 0), ("nam", "x"), ("env", []), ("timeout", "0s"), ("steps", [])]:
        assert not validator.is_valid({**good, key: value}), key
      assert not validator.is_valid({"name": "n"})
      print("good")
      """, to: "check.py")
    for options in [[], ["--spelling", "json"]] {
      let finished = try await home.start(
        ["schema"] + options,
        by: ["/bin/bash", "-c", "\"$@\" | PATH=$PATH:/usr/bin python3 \(script)", "sh"]
      ).end()
      #expect(finished.ending == .exit(0) && finished.errors == "", "\(finished.errors)")
      #expect(
        ["good\n", "python3-jsonschema is not installed\n"].contains(finished.output))
    }
  }
}
