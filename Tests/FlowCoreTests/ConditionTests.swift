import FlowCore
import Testing

/// Values, types and the encoding of conditions. How they are written is tested with their parser.
@Suite struct ConditionTests {
  // MARK: Numbers

  @Test func numbersAreInExactOrder() throws {
    let ascending = [
      "-1e400", "-12", "-1.5", "-1e-2", "0", "1e-400", "0.1", "0.10000000000000000001", "1", "1.5",
      "9", "10", "10.01", "1e2", "12345678901234567890", "12345678901234567891", "1e400",
    ]
    let numbers = try ascending.map { try #require(ConditionNumber(Array($0.utf8))) }
    for (left, one) in numbers.enumerated() {
      for (right, other) in numbers.enumerated() {
        #expect((one < other) == (left < right), "\(ascending[left]) < \(ascending[right])")
        #expect((one == other) == (left == right))
      }
    }
  }

  @Test(arguments: [
    ("1", "1.0"), ("10", "1e1"), ("0", "-0.000"), ("0e999999999999999999999", "0"),
    ("0.1", "1E-1"), ("007", "7"), ("-2.50", "-25e-1"),
  ])
  func oneNumberHasManySpellings(one: String, other: String) {
    #expect(ConditionNumber(Array(one.utf8)) == ConditionNumber(Array(other.utf8)))
  }

  @Test(arguments: ["", "-", ".5", "1.", "1e", "1e+", "0x1", "1 ", "one", "--1", "1e5e5"])
  func whatIsNoNumberIsNone(text: String) {
    #expect(ConditionNumber(Array(text.utf8)) == nil)
  }

  // MARK: Evaluation

  private static func holds(_ terms: Condition.Term...) -> Bool {
    Condition(terms).holds { _ in nil }
  }

  @Test func comparisonsOfEachType() {
    func compare(_ left: ConditionValue, _ right: ConditionValue) -> [String] {
      Condition.Comparison.allCases.filter {
        Self.holds(.literal(left), .literal(right), .compare($0))
      }.map(\.symbol)
    }
    #expect(compare(.number("2"), .number("10")) == ["!=", "<", "<="])
    #expect(compare(.number("2"), .number("2.0")) == ["==", "<=", ">="])
    #expect(compare(.date("2026-11-29"), .date("2026-12-01")) == ["!=", "<", "<="])
    #expect(
      compare(.duration(milliseconds: 5_000), .duration(milliseconds: 400)) == ["!=", ">", ">="])
    // What has no order has no answer.
    #expect(compare(.text("a"), .text("b")) == ["!="])
    #expect(compare(.text("é"), .text("e\u{301}")) == ["!="])
    #expect(compare(.result(.failed), .result(.failed)) == ["=="])
    #expect(compare(.list([.text("a")]), .list([.text("a")])) == ["=="])
    #expect(compare(.list([]), .list([.text("a")])) == ["!="])
    #expect(compare(.flag(true), .flag(false)) == ["!="])
  }

  /// Of three flags; `first and (second or not third)`.
  @Test(arguments: 0..<27)
  func whatIsRefusedIsFalseWhateverIsNotKnown(number: Int) {
    let flags = (0..<3).map { Condition.Term.parameter($0) }
    let condition = Condition([flags[0], flags[1], flags[2], .not, .or, .and])
    let known = [number % 3, number / 3 % 3, number / 9].map { $0 == 2 ? nil : $0 == 1 }
    let refused = condition.isRefused { term in
      guard let flag = flags.firstIndex(of: term).flatMap({ known[$0] }) else { return .unknown }
      return .value(.flag(flag))
    }
    let mayHold = (0..<8).contains { bits in
      let values = (0..<3).map { known[$0] ?? (bits >> $0 & 1 == 1) }
      return condition.holds { term in flags.firstIndex(of: term).map { .flag(values[$0]) } }
    }
    #expect(refused == !mayHold)
  }

  @Test func aValueBeforeQuestionMarksIsEnough() {
    let terms: [Condition.Term] = [
      .parameter(0), .parameter(1), .otherwise, .literal(.text("a")), .compare(.equal),
    ]
    func isRefused(_ first: Condition.Knowledge) -> Bool {
      Condition(terms).isRefused { $0 == .parameter(0) ? first : .unknown }
    }
    #expect(isRefused(.value(.text("b"))))
    #expect(!isRefused(.value(.text("a"))))
    #expect(!isRefused(.value(nil)))
    #expect(!isRefused(.unknown))
  }

  @Test func listsAreLookedInto() {
    let list = Condition.Term.literal(.list([.number("1"), .number("2.5")]))
    #expect(Self.holds(.literal(.number("2.50")), list, .contained))
    #expect(!Self.holds(.literal(.number("2")), list, .contained))
    #expect(Self.holds(list, .size, .literal(.number("2")), .compare(.equal)))
  }

  // MARK: Types and encoding

  private static let parameters = [
    Parameter(name: "text"), Parameter(name: "hosts", type: .list),
    Parameter(name: "count", type: .int),
  ]

  @Test(
    arguments: [
      [], [.literal(.text("a"))], [.not], [.literal(.flag(true)), .literal(.flag(true))],
      [.parameter(0)], [.parameter(3), .literal(.text("a")), .compare(.equal)],
      [.parameter(0), .literal(.number("1")), .compare(.equal)],
      [.parameter(0), .literal(.text("a")), .compare(.less)],
      [.parameter(1), .parameter(1), .contained], [.parameter(2), .size],
      [.literal(.flag(true)), .parameter(0), .and],
      [.literal(.list([.text("a"), .flag(true)])), .literal(.list([])), .compare(.equal)],
      [.literal(.list([.list([])])), .literal(.list([])), .compare(.equal)],
      Array(repeating: Condition.Term.literal(.flag(true)), count: 1_001),
    ] as [[Condition.Term]])
  func termsThatDoNotFitAreNoCondition(terms: [Condition.Term]) {
    #expect(!Condition(terms).isSound(Self.parameters))
  }

  private static func workflow(_ terms: [Condition.Term]) -> WorkflowDefinition {
    var workflow = WorkflowDefinition.of("a", "b < a", "c")
    workflow.parameters = parameters
    workflow.give(StepExtras(condition: Condition(terms)), toStep: 1)
    return workflow
  }

  @Test func aConditionIsRecordedAsItIs() throws {
    let all: [Condition.Term] = [
      .parameter(0), .literal(.text("x\"\\é")), .otherwise, .literal(.list([.text("a")])),
      .contained,
      .result(step: 0), .literal(.result(.cancelled)), .compare(.unequal), .not, .and,
      .parameter(1),
      .size, .literal(.number("-1.50")), .compare(.atLeast), .or, .literal(.date("2026-11-29")),
      .literal(.date("2027-01-01")), .compare(.less), .and, .literal(.duration(milliseconds: 5)),
      .literal(.duration(milliseconds: 6)), .compare(.greater), .or, .literal(.flag(false)), .and,
    ]
    let workflow = Self.workflow(all)
    let bytes = DefinitionCodec.encode(workflow)
    #expect(try DefinitionCodec.decode(bytes) == workflow)
    #expect(
      workflow.conditionText(ofStep: 1)
        == #"((params.text ?? "x\"\\é" in ["a"] and not steps.a.result != "cancelled""#
        + #" or size(params.hosts) >= -1.50) and "2026-11-29" < "2027-01-01" or "5ms" > "6ms")"#
        + " and false")
  }

  @Test func whatAsksForOtherStepsThanNeedsIsRefused() {
    let other = Self.workflow([
      .result(step: 2), .literal(.result(.failed)), .compare(.equal),
    ])
    #expect(
      throws: CodingError.self, "a step that is not needed",
      performing: { try DefinitionCodec.decode(DefinitionCodec.encode(other)) })
    #expect(
      throws: CodingError.self, "no condition",
      performing: { try DefinitionCodec.decode(DefinitionCodec.encode(Self.workflow([.not]))) })
  }

  @Test func anUnknownTermIsNewer() throws {
    let workflow = Self.workflow([.literal(.flag(true)), .not])
    var bytes = DefinitionCodec.encode(workflow)
    // The field of the condition: tag, length, count, a flag that is true, `not`.
    let place = try #require(
      bytes.indices.first { bytes[$0...].starts(with: [22, 5, 2, 0, 0, 1, 3]) })
    bytes[place + 6] = 99
    do throws(CodingError) {
      _ = try DefinitionCodec.decode(bytes)
      Issue.record("a term without meaning was read")
    } catch {
      #expect(error.isNewer)
      #expect("\(error)" == "term of a condition has the value 99: written by a newer flow")
    }
  }
}
