import FlowCore
import FlowDefinition
import Testing

/// What `flow validate --outcomes` says is what runs come to.
struct OutcomesTests {
  /// A definition, and all values that its runs can have.
  struct Shape: Sendable, CustomTestStringConvertible {
    let name: String
    let yaml: String
    var parameters: [String: [[String]]] = [:]
    var outputs: [String: [String]] = [:]

    var testDescription: String { name }
  }

  static let shapes: [Shape] = [
    Shape(
      name: "one step",
      yaml: """
        name: w
        steps: [{id: a, run: x}]
        """),
    Shape(
      name: "chain",
      yaml: """
        name: w
        steps: [{id: a, run: x}, {id: b, run: x, needs: a}, {id: c, run: x, needs: b}]
        """),
    Shape(
      name: "diamond",
      yaml: """
        name: w
        steps:
          - {id: a, run: x}
          - {id: b, run: x, needs: a}
          - {id: c, run: x, needs: a}
          - {id: d, run: x, needs: [b, c]}
        """),
    Shape(
      name: "apart",
      yaml: """
        name: w
        steps: [{id: a, run: x}, {id: b, run: x}, {id: c, run: x, allowFailure: true}]
        """),
    Shape(
      name: "allowed failure in a chain",
      yaml: """
        name: w
        steps:
          - {id: a, run: x, allowFailure: true}
          - {id: b, run: x, needs: a, allowFailure: true}
          - {id: c, run: x, needs: [{step: b, when: succeeded}]}
          - {id: d, run: x, needs: c}
        """),
    Shape(
      name: "all edges",
      yaml: """
        name: w
        steps:
          - {id: a, run: x}
          - {id: b, run: x, needs: [{step: a, when: failed}]}
          - {id: c, run: x, needs: [{step: a, when: settled}]}
          - {id: d, run: x, needs: [{step: a, when: succeeded}]}
          - {id: e, run: x, needs: [{step: b, when: settled}, {step: d, when: failed}]}
        """),
    Shape(
      name: "skips that go down",
      yaml: """
        name: w
        params: {go: {type: bool, default: true}}
        steps:
          - {id: a, run: x, when: params.go}
          - {id: b, run: x, needs: a}
          - {id: c, run: x, needs: [{step: a, when: succeeded}]}
          - {id: d, run: x, needs: c}
          - {id: e, run: x, needs: [{step: d, when: settled}]}
        """, parameters: ["go": [["true"], ["false"]]]),
    Shape(
      name: "results of needs",
      yaml: """
        name: w
        steps:
          - {id: a, run: x}
          - {id: b, run: x, allowFailure: true}
          - id: c
            run: x
            needs: [{step: a, when: settled}, {step: b, when: settled}]
            when: steps.a.result == 'failed' or steps.b.result == 'failed'
          - {id: d, run: x, needs: [{step: c, when: settled}], when: steps.c.result != 'skipped'}
        """),
    Shape(
      name: "a choice of texts",
      yaml: """
        name: w
        params: {stage: {enum: [dev, test, prod], default: dev}}
        steps:
          - {id: a, run: x, when: params.stage == 'prod'}
          - {id: b, run: x, when: "params.stage in ['dev', 'test']"}
          - {id: c, run: x, needs: [a, b]}
        """, parameters: ["stage": [["dev"], ["test"], ["prod"]]]),
    Shape(
      name: "any text",
      yaml: """
        name: w
        params: {tag: {default: v1}}
        steps:
          - {id: a, run: x, when: params.tag == 'v1'}
          - {id: b, run: x, when: params.tag != 'v2', needs: a}
        """, parameters: ["tag": [["v1"], ["v2"], ["other"], ["another"]]]),
    Shape(
      name: "a number between bounds",
      yaml: """
        name: w
        params: {n: {type: int, default: 1, min: 0, max: 3}}
        steps:
          - {id: a, run: x, when: params.n > 1}
          - {id: b, run: x, when: params.n <= 2, needs: a}
        """, parameters: ["n": [["1"], ["0"], ["2"], ["3"]]]),
    Shape(
      name: "fractions",
      yaml: """
        name: w
        params: {n: {type: number, default: 0.5}}
        steps:
          - {id: a, run: x, when: params.n > 0.5}
        """,
      // What lies between is made of the literal: at it, beside it, and the whole numbers around.
      parameters: [
        "n": [["0.5"], ["0.4"], ["0.6"], ["-1"], ["0"], ["1"], ["2"], ["0.49"], ["0.51"]]
      ]),
    Shape(
      name: "outputs",
      yaml: """
        name: w
        steps:
          - {id: scan, run: x, outputs: {changed: bool, rows: int}}
          - {id: a, run: x, needs: scan, when: steps.scan.changed}
          - {id: b, run: x, needs: [scan, a], when: steps.scan.rows > 5}
        """,
      outputs: ["scan.changed": ["true", "false"], "scan.rows": ["4", "5", "6"]]),
    Shape(
      name: "outputs that may be absent",
      yaml: """
        name: w
        steps:
          - {id: a, run: x, allowFailure: true, outputs: {v: string}}
          - {id: b, run: x, needs: a, when: "(steps.a.v ?? 'none') == 'none'"}
        """, outputs: ["a.v": ["none", "other", "another"]]),
    Shape(
      name: "a list",
      yaml: """
        name: w
        params: {l: {type: list, default: []}}
        steps:
          - {id: a, run: x, when: size(params.l) > 0}
          - {id: b, run: x, when: "'m' in params.l"}
        """,
      parameters: ["l": [[], ["a"], ["a", "b"], ["m"], ["m", "a"]]]),
    Shape(
      name: "finally",
      yaml: """
        name: w
        steps: [{id: a, run: x}, {id: b, run: x, needs: a}]
        finally:
          - {id: f, run: x}
          - {id: g, run: x, needs: [{step: b, when: failed}]}
          - {id: h, run: x, needs: [f], when: steps.f.result == 'succeeded'}
        """),
    Shape(
      name: "finally that may fail",
      yaml: """
        name: w
        params: {keep: {type: bool, default: false}}
        steps: [{id: a, run: x, allowFailure: true}]
        finally:
          - {id: f, run: x, when: not params.keep}
          - {id: g, run: x, needs: f, allowFailure: true}
        """, parameters: ["keep": [["false"], ["true"]]]),
    Shape(
      name: "first failure stops the others",
      yaml: """
        name: w
        failFast: true
        steps: [{id: a, run: x}, {id: b, run: x}, {id: c, run: x, needs: a}]
        """),
    Shape(
      name: "first failure among edges",
      yaml: """
        name: w
        failFast: true
        steps:
          - {id: a, run: x}
          - {id: b, run: x, needs: [{step: a, when: failed}]}
          - {id: c, run: x, needs: a}
          - {id: d, run: x, needs: [{step: c, when: settled}]}
        """),
    Shape(
      name: "first failure beside what may fail, with finally",
      yaml: """
        name: w
        failFast: true
        params: {go: {type: bool, default: true}}
        steps:
          - {id: a, run: x}
          - {id: b, run: x, allowFailure: true}
          - {id: c, run: x, needs: [a, b], when: params.go}
        finally:
          - {id: f, run: x, needs: [{step: c, when: failed}]}
          - {id: g, run: x, needs: [{step: b, when: settled}], when: steps.b.result == 'cancelled'}
        """, parameters: ["go": [["true"], ["false"]]]),
    Shape(
      name: "rollbacks",
      yaml: """
        name: w
        params: {go: {type: bool, default: true}}
        steps:
          - {id: a, run: x, onFailure: {run: x}}
          - {id: b, run: x, needs: [{step: a, when: settled}], allowFailure: true, onFailure: {run: x}}
          - {id: c, run: x, needs: b, when: params.go, onFailure: {run: x}}
        finally: [{id: f, run: x, needs: [{step: a, when: failed}]}]
        """, parameters: ["go": [["true"], ["false"]]]),
    Shape(
      name: "a person decides",
      yaml: """
        name: w
        steps:
          - {id: a, run: x}
          - {id: ok, ask: {text: "Publish?", fields: {canary: bool}}, needs: a}
          - {id: b, run: x, needs: ok, when: not steps.ok.canary}
          - {id: c, run: x, needs: [{step: ok, when: failed}]}
        """, outputs: ["ok.canary": ["true", "false"]]),
    Shape(
      name: "notices",
      yaml: """
        name: w
        steps: [{id: a, run: x}, {id: b, run: x, needs: [{step: a, when: failed}]}]
        notify: [{on: [failed], run: x}, {on: [succeeded], run: x}]
        """),
    Shape(
      name: "rollbacks after the first failure",
      yaml: """
        name: w
        failFast: true
        steps:
          - {id: a, run: x, onFailure: {run: x}}
          - {id: b, run: x, allowFailure: true, onFailure: {run: x}}
          - {id: c, run: x, needs: [{step: a, when: settled}]}
          - {id: d, run: x, needs: [b]}
        """),
  ]

  private func outcomes(
    _ yaml: String, _ given: GivenParameters = GivenParameters(),
    mostCells: Int = Outcomes.mostCells
  ) throws -> Outcomes {
    let definition = try definition(yaml, as: .yaml)
    return Outcomes(
      definition, try DependencyGraph(definition.steps), given: given, today: "2026-11-29",
      yesterday: "2026-11-28", mostCells: mostCells)
  }

  private struct Key: Hashable {
    let step: Int
    let result: StepResult
    let runSucceeds: Bool
  }

  @Test(arguments: shapes)
  func agreesWithAllRuns(shape: Shape) throws {
    let definition = try definition(shape.yaml, as: .yaml)
    let outcomes = try outcomes(shape.yaml)
    let runs = try PlayedRuns(definition, parameters: shape.parameters, outputs: shape.outputs)
    var played: [Key: UInt64] = [:]
    for leaf in runs.leaves {
      for (step, result) in leaf.results.prefix(definition.firstNotify).enumerated() {
        let key = Key(step: step, result: result, runSucceeds: leaf.hasSucceeded)
        played[key, default: 0] += 1
      }
    }
    var found: [Key: UInt64] = [:]
    for finding in outcomes.findings {
      let key = Key(step: finding.step, result: finding.result, runSucceeds: finding.runSucceeds)
      found[key, default: 0] += finding.count
    }
    #expect(!outcomes.isCut)
    #expect(Set(found.keys) == Set(played.keys))
    // Where ends can come together in several ways there are more ways than combinations.
    if !definition.failFast {
      #expect(found == played)
      #expect(outcomes.combinations == UInt64(runs.leaves.count))
      #expect(outcomes.succeeded == UInt64(runs.leaves.count { $0.hasSucceeded }))
    }
    // "Whenever" means each time.
    for finding in outcomes.findings {
      guard case .need(let need, let end) = finding.cause else { continue }
      for leaf in runs.leaves where leaf.results[Int(need)] == end {
        #expect(leaf.results[finding.step] == finding.result)
      }
    }
  }

  private func lapses(_ yaml: String) throws -> [String] {
    let definition = try definition(yaml, as: .yaml)
    return try outcomes(yaml).lapses.map { lapse in
      let cause =
        switch lapse.cause {
        case .none: ""
        case .condition: " condition"
        case .stop: " stop"
        case .need(let need, let end): " \(definition.steps[Int(need)].id) \(end)"
        case .values(let values):
          " " + values.map { "\($0.name) \($0.words)" }.joined(separator: ", ")
        }
      return "\(definition.steps[lapse.step].id) \(lapse.result)\(cause)"
    }
  }

  @Test func theValuesThatMakeNoDifferenceAreLeftOut() throws {
    let yaml = """
      name: w
      params: {full: {type: bool, default: true}, stage: {default: dev}}
      steps:
        - {id: a, run: x, when: params.full and (params.stage == 'dev' or params.stage != 'prod')}
      """
    let found = try lapses(yaml)
    #expect(found == ["a skipped params.stage is \"prod\"", "a skipped params.full is false"])
  }

  @Test func aGivenValueIsNoChoice() throws {
    let yaml = """
      name: w
      params: {full: {type: bool, default: true}}
      steps: [{id: a, run: x, when: params.full}]
      """
    var given = GivenParameters()
    given.add("false", to: "full")
    let outcomes = try outcomes(yaml, given)
    #expect(outcomes.combinations == 1)
    #expect(outcomes.count(.skipped, ofStep: 0) == 1)
  }

  @Test func theExampleIsTheShortest() throws {
    let yaml = """
      name: w
      steps:
        - {id: a, run: x}
        - {id: b, run: x, needs: a}
        - {id: c, run: x, needs: b}
        - {id: d, run: x, needs: [{step: c, when: settled}]}
      """
    let skipped = try outcomes(yaml).findings.filter { $0.step == 2 && $0.result == .skipped }
    #expect(skipped.map(\.example) == [["b fails"], ["a fails"]])
  }

  /// Each step depends on the one before, in three ways.
  private func long(_ count: Int) -> String {
    let steps = (0..<count).map { index in
      index == 0
        ? "  - {id: s0, run: x, allowFailure: true}"
        : """
          - {id: s\(index), run: x, allowFailure: true, needs: [{step: s\(index - 1), when: settled}],
             when: steps.s\(index - 1).result == 'succeeded' or params.p\(index % 5)}
        """
    }
    let parameters = (0..<5).map { "  p\($0): {type: bool, default: false}" }
    return (["name: w", "params:"] + parameters + ["steps:"] + steps).joined(separator: "\n")
  }

  @Test func fortyConditionsAreLookedAtWhole() throws {
    let outcomes = try outcomes(long(41))
    #expect(!outcomes.isCut)
    #expect(outcomes.combinations == outcomes.succeeded && outcomes.failed == 0)
    #expect(outcomes.lapses.count > 40)
  }

  /// What one step asks of all others cannot be forgotten before.
  @Test func whatIsTooMuchIsCut() throws {
    let count = 40
    let steps = (0..<count).map { "  - {id: s\($0), run: x, allowFailure: true}" }
    let needs = (0..<count).map { "{step: s\($0), when: settled}" }.joined(separator: ", ")
    let condition = (0..<count).map { "steps.s\($0).result == 'failed'" }.joined(separator: " and ")
    let yaml =
      "name: w\nsteps:\n" + steps.joined(separator: "\n")
      + "\n  - {id: all, run: x, needs: [\(needs)], when: \(condition)}\n"
    let outcomes = try outcomes(yaml, mostCells: 100_000)
    #expect(outcomes.isCut)
    #expect(outcomes.findings.contains { $0.step == count && $0.result == .skipped })
  }
}
