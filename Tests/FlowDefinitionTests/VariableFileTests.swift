import FlowCore
import FlowDefinition
import Testing

/// Files of variables: what systemd.exec(5) says of `EnvironmentFile`, and errors where systemd ignores.
struct VariableFileTests {
  private static func parse(_ text: String) throws -> [String] {
    try VariableFileParser.parse(Array(text.utf8), file: "f.env").map { "\($0.name)=\($0.value)" }
  }

  @Test(arguments: [
    ("", []), ("\n\r\n \t\n", []), ("# A=1\n;B=2\n  # C=3\nD=4 # 5", ["D=4 # 5"]),
    ("A=1", ["A=1"]), ("A=1\r\nB=2\r\n", ["A=1", "B=2"]), ("A=", ["A="]),
    ("A=\nB=1", ["A=", "B=1"]), ("A==b=c", ["A==b=c"]), ("_a9=1", ["_a9=1"]),
    ("  A =  1 2  \t\nB=3", ["A=1 2", "B=3"]), ("A=1\nA=2", ["A=1", "A=2"]),
    ("\u{FEFF}A=1", ["A=1"]), ("A=\u{E9}\u{1F600}", ["A=\u{E9}\u{1F600}"]),
    ("A=$HOME `x` %h", ["A=$HOME `x` %h"]),
  ])
  func lines(text: String, variables: [String]) throws {
    #expect(try Self.parse(text) == variables)
  }

  @Test(arguments: [
    (#"A="a b  "  "#, #"A=a b  "#), (#"A='a b' 'c'"#, "A=a bc"), (#"A="a" b "c""#, #"A=ab "c""#),
    (#"A=x"y"'z'"#, #"A=x"y"'z'"#), ("A='a\n#b'", "A=a\n#b"), ("A=\"a\nb\"", "A=a\nb"),
    (#"A='a\b\'"#, #"A=a\b\"#), (#"A="a\b\$\`\"\\""#, #"A=a\b$`"\"#), (#"A="""#, "A="),
    (#"A='"'"#, #"A=""#),
  ])
  func quotes(text: String, variable: String) throws {
    #expect(try Self.parse(text) == [variable])
  }

  @Test(arguments: [
    ("A=a\\\n  b", "A=a  b"), ("A=a \\\nb", "A=a b"), ("A=a\\\r\nb", "A=ab"),
    ("A=\"a\\\nb\"", "A=ab"), ("A=\"a\\\r\nb\"", "A=ab"), ("A='a\\\nb'", "A=a\\\nb"),
    (#"A=\"b\""#, #"A="b""#), (#"A=a\ "#, "A=a "), (#"A=\\"#, #"A=\"#), ("A=a\\", "A=a"),
  ])
  func backslashes(text: String, variable: String) throws {
    #expect(try Self.parse(text) == [variable])
  }

  @Test func aCommentEndsWithItsLine() throws {
    #expect(try Self.parse("# a\\\nA=1") == ["A=1"])
  }

  private static let name =
    #"expected a name of letters, digits and "_" that does not begin with a digit, found "#

  @Test(arguments: [
    ("A=1\n secret\nB=2", ["2:2: expected NAME=value"]), ("A", ["1:1: expected NAME=value"]),
    ("=secret", ["1:1: \(name)nothing"]), ("  =secret", ["1:3: \(name)nothing"]),
    ("1A=x\nB-C=x\nexport D=x\n\u{E9}=x", (1...4).map { "\($0):1: \(name)other characters" }),
    ("A='secret\nB=1\n", ["1:3: the quote that begins here has no end"]),
    ("A=1\nB=x\"\"\nC=\"a\\\"", ["3:3: the quote that begins here has no end"]),
    ("A=1\nB=s\0ecret", ["2:4: NUL is not allowed: no program can be given one"]),
    ("# \0", ["1:3: NUL is not allowed: no program can be given one"]),
    ("x\n=\ny", ["1:1: expected NAME=value", "2:1: \(name)nothing", "3:1: expected NAME=value"]),
  ])
  func whatIsWrongIsSaidAtOnceAndWithoutSecrets(text: String, errors: [String]) {
    let found = #expect(throws: DefinitionErrors.self) { try Self.parse(text) }
    #expect("\(found!)".split(separator: "\n") == errors.map { Substring("f.env:\($0)") })
    #expect(!"\(found!)".contains("secret"))
  }

  @Test func valuesAreUTF8() {
    let found = #expect(throws: DefinitionErrors.self) {
      try VariableFileParser.parse([0x41, 0x3D, 0xFF, 0x0A, 0x42], file: "f")
    }
    #expect("\(found!)" == "f:1:3: the value is not UTF-8\nf:2:1: expected NAME=value")
  }

  @Test func aVariableFitsIntoAProgram() throws {
    func file(_ count: Int) -> String { "A=" + String(repeating: "x", count: count) }
    #expect(try Self.parse(file(131_069)).count == 1)
    let found = #expect(throws: DefinitionErrors.self) { try Self.parse(file(131_070)) }
    #expect("\(found!)".hasPrefix("f.env:1:1: the variable has 131072 bytes, and Linux executes"))
  }

  /// Also that it takes no more than linear time.
  @Test func nothingTraps() {
    let alphabet: [UInt8] = Array("AB1_= \t\n\r\"'\\#;$`".utf8) + [0, 0xC3, 0xA9, 0xFF]
    var state: UInt64 = 1
    for _ in 0..<20_000 {
      let bytes = (0..<12).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return alphabet[Int(state >> 33) % alphabet.count]
      }
      guard let variables = try? VariableFileParser.parse(bytes, file: "f") else { continue }
      for variable in variables {
        #expect(!variable.name.isEmpty && !variable.name.utf8.contains(UInt8(ascii: "=")))
        #expect(!variable.value.utf8.contains(0))
      }
    }
    let hostile = [UInt8](repeating: UInt8(ascii: "="), count: 1 << 20)
    #expect(throws: DefinitionErrors.self) { try VariableFileParser.parse(hostile, file: "f") }
  }
}
